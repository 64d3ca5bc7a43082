package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// cloud tells which files have their content in the cloud only. Whoever reads
// one waits until all of it is fetched, however large it is: that is the user's
// to ask for, not ours.
type cloud func(fs.FileInfo) bool

// holds says whether the content of a file is in the cloud. What is empty has
// none.
func (c cloud) holds(info fs.FileInfo) bool { return info.Size() > 0 && c(info) }

// asTheSystemTells is what a Mac says of its files, unless somebody knows better.
func asTheSystemTells(c func(fs.FileInfo) bool) cloud {
	if c == nil {
		return dataless
	}
	return c
}

// errInCloud is the cause of a fault about content that is in the cloud.
var errInCloud = errors.New("its content is in the cloud")

// inCloud says that a file is not here yet. A job that waits for it says just
// this, so the sentence has what to do in it.
func inCloud(name string) error {
	return fault.New(fault.SourceMissing, quoted(name)+" is in the cloud only. Download it in the Finder.", errInCloud).
		WithHint("Control-click it in the Finder and choose Download Now.")
}

// Promised says whether a source was taken in while its content was in the
// cloud. Its fingerprint is of its place, its size and its time then.
func Promised(s job.Source) bool {
	return s.Kind == job.FromPath && s.Fingerprint == promise(s.Path, s.Size, s.ModTime)
}

// Promised says whether a source was taken in while its content was in the cloud.
// It implements pipeline.Sources.
func (*Intake) Promised(s job.Source) bool { return Promised(s) }

// promised is the source of a file at a real path whose content is in the
// cloud; its size is 0 when that is not known.
func promised(path, name string, size int64, modTime time.Time) job.Source {
	modTime = modTime.UTC()
	return job.Source{
		Kind: job.FromPath, Path: path, Name: norm.NFC.String(name), Size: size, ModTime: modTime, Fingerprint: promise(path, size, modTime),
	}
}

func promise(path string, size int64, modTime time.Time) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "cloud\n%d %d\n%s", size, modTime.UnixNano(), path))
	return hex.EncodeToString(sum[:])
}

// alike says whether a file may be that of a source, as far as its size and its
// time tell. Of a promise without a size nothing is known.
func alike(size int64, modTime time.Time, s job.Source) bool {
	return size == s.Size && modTime.Equal(s.ModTime) || s.Size == 0 && Promised(s)
}

// Until macOS 13 a file that is in iCloud only is not there: in its place there
// is a small one called ".NAME.icloud", the stub.

// stubOf is what the stub of a file would be called.
func stubOf(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".icloud")
}

// stoodFor is the path that a stub stands for, if it has the name of one.
func stoodFor(path string) (whole string, ok bool) {
	dir, name := filepath.Split(path)
	name, dotted := strings.CutPrefix(name, ".")
	name, ok = strings.CutSuffix(name, ".icloud")
	if !dotted || !ok || name == "" || name == "." || name == ".." {
		return path, false
	}
	return dir + name, true
}

// stub looks for the stub of a file that is not there, and says where the file
// would really be.
func stub(path string) (place string, info fs.FileInfo, ok bool) {
	if _, err := os.Lstat(path); !missing(err) {
		return "", nil, false
	}
	info, err := os.Lstat(stubOf(path))
	if err != nil || !info.Mode().IsRegular() {
		return "", nil, false
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", nil, false
	}
	return filepath.Join(dir, filepath.Base(path)), info, true
}

// stubbed says whether a file is not there, but its stub is.
func stubbed(path string) bool {
	_, _, ok := stub(path)
	return ok
}
