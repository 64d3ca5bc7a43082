package intake_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluice/internal/fault"
	"sluice/internal/intake"
	"sluice/internal/job"
)

func put(t *testing.T, path string, body []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	switch {
	case code == "" && err != nil:
		t.Fatalf("unexpected error: %v", err)
	case code != "" && !fault.Is(err, code):
		t.Fatalf("got %v, want code %s", err, code)
	}
}

// folder is a test's folder by its real path.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFromPath(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	body := []byte("a talk")
	video := put(t, filepath.Join(dir, "talk.mp4"), body)
	decomposed := put(t, filepath.Join(dir, "\u1112\u1161\u11ab.mp4"), body) // as older Macs spell it
	put(t, filepath.Join(dir, "empty.mp4"), nil)
	put(t, filepath.Join(dir, "home", "in home.mp4"), body)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.mp4"), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"link.mp4": video, "dangling.mp4": filepath.Join(dir, "gone"), "loop.mp4": filepath.Join(dir, "loop.mp4"),
		"fifo-link.mp4": filepath.Join(dir, "pipe.mp4"), "proc-link.mp4": "/proc/self/environ", "zero-link.mp4": "/dev/zero",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "s.mp4")) //nolint:noctx // a socket file is all it is for
	if err == nil {
		t.Cleanup(func() { _ = listener.Close() })
	}

	tests := map[string]struct {
		path     string
		wantPath string
		wantName string
		code     fault.Code
	}{
		"a file":                              {video, video, "talk.mp4", ""},
		"a path that is not tidy":             {dir + "//home/../talk.mp4", video, "talk.mp4", ""},
		"a file in the user's home":           {"~/in home.mp4", filepath.Join(dir, "home", "in home.mp4"), "in home.mp4", ""},
		"a link is followed, its name stays":  {filepath.Join(dir, "link.mp4"), video, "link.mp4", ""},
		"a decomposed name is shown composed": {decomposed, decomposed, "한.mp4", ""},
		"no path":                             {"", "", "", fault.RequestInvalid},
		"a relative path":                     {"talk.mp4", "", "", fault.RequestInvalid},
		"a way up from nowhere":               {"../talk.mp4", "", "", fault.RequestInvalid},
		"another user's home":                 {"~root/talk.mp4", "", "", fault.RequestInvalid},
		"a null byte":                         {"/tmp/a\x00b", "", "", fault.RequestInvalid},
		"an endless path":                     {"/" + strings.Repeat("a/", 4000), "", "", fault.RequestInvalid},
		"an endless name":                     {"/" + strings.Repeat("a", 400), "", "", fault.RequestInvalid},
		"a URL is no path":                    {"https://example.com/a.mp4", "", "", fault.RequestInvalid},
		"nothing is there":                    {filepath.Join(dir, "gone.mp4"), "", "", fault.SourceMissing},
		"a folder on the way is a file":       {filepath.Join(video, "talk.mp4"), "", "", fault.SourceMissing},
		"a link to nothing":                   {filepath.Join(dir, "dangling.mp4"), "", "", fault.SourceMissing},
		"a disk that is not connected":        {"/Volumes/No Such Disk/talk.mp4", "", "", fault.SourceMissing},
		"an empty file":                       {filepath.Join(dir, "empty.mp4"), "", "", fault.FileEmpty},
		"a folder":                            {dir, "", "", fault.NotAFile},
		"the root folder":                     {"/", "", "", fault.NotAFile},
		"a pipe that nobody writes to":        {filepath.Join(dir, "pipe.mp4"), "", "", fault.NotAFile},
		"a link to a pipe":                    {filepath.Join(dir, "fifo-link.mp4"), "", "", fault.NotAFile},
		"a device":                            {"/dev/zero", "", "", fault.NotAFile},
		"a link to a device":                  {filepath.Join(dir, "zero-link.mp4"), "", "", fault.NotAFile},
	}
	if listener != nil {
		tests["a socket"] = struct {
			path, wantPath, wantName string
			code                     fault.Code
		}{filepath.Join(dir, "s.mp4"), "", "", fault.NotAFile}
	}
	if _, err := os.Stat("/proc/self/environ"); err == nil {
		tests["a window into the kernel"] = struct {
			path, wantPath, wantName string
			code                     fault.Code
		}{"/proc/self/environ", "", "", fault.NotAFile}
		tests["a link to one"] = struct {
			path, wantPath, wantName string
			code                     fault.Code
		}{filepath.Join(dir, "proc-link.mp4"), "", "", fault.NotAFile}
	}
	in := intake.New(intake.Config{Home: filepath.Join(dir, "home")})
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src, err := in.FromPath(t.Context(), tc.path)
			wantCode(t, err, tc.code)
			if tc.code != "" {
				return
			}
			if src.Kind != job.FromPath || src.Path != tc.wantPath || src.Name != tc.wantName || src.Size != int64(len(body)) {
				t.Errorf("%+v", src)
			}
			if b, err := hex.DecodeString(src.Fingerprint); err != nil || len(b) != 32 {
				t.Errorf("fingerprint %q", src.Fingerprint)
			}
			if path, err := in.Open(t.Context(), src); err != nil || path != tc.wantPath {
				t.Errorf("opened %q, %v", path, err)
			}
		})
	}
}

func TestALoopOfLinksIsNoFile(t *testing.T) {
	t.Parallel()
	loop := filepath.Join(folder(t), "loop.mp4")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	_, err := intake.New(intake.Config{}).FromPath(t.Context(), loop)
	if !fault.Is(err, fault.NotAFile) && !fault.Is(err, fault.SourceMissing) {
		t.Errorf("got %v", err)
	}
}

func TestTheFingerprintTellsFilesApart(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	in := intake.New(intake.Config{})
	at := time.Date(2026, 9, 1, 12, 0, 0, 123_456_789, time.UTC)
	base := bytes.Repeat([]byte("0123456789abcdef"), 20_000) // 320 KB
	changed := func(i int) []byte {
		b := bytes.Clone(base)
		b[i] ^= 1
		return b
	}
	take := func(name string, body []byte, mtime time.Time) string {
		path := put(t, filepath.Join(dir, name), body)
		if err := os.Chtimes(path, mtime, mtime); err != nil {
			t.Fatal(err)
		}
		src, err := in.FromPath(t.Context(), path)
		wantCode(t, err, "")
		return src.Fingerprint
	}
	want := take("base", base, at)
	tests := map[string]struct {
		got  string
		same bool
	}{
		"the same file under another name":       {take("copy", base, at), true},
		"another first byte":                     {take("first", changed(0), at), false},
		"another last byte":                      {take("last", changed(len(base)-1), at), false},
		"a byte in the middle goes unseen":       {take("middle", changed(len(base)/2), at), true},
		"one byte more":                          {take("longer", append(bytes.Clone(base), 0), at), false},
		"another time, to the nanosecond":        {take("time", base, at.Add(1)), false},
		"a file shorter than an end of a source": {take("short", base[:10], at), false},
	}
	for name, tc := range tests {
		if (tc.got == want) != tc.same {
			t.Errorf("%s: same is %v", name, tc.got == want)
		}
	}
}

func TestItIsFoundOutWhatHasHappenedToASource(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(t *testing.T, path string)
		code   fault.Code
	}{
		"nothing": {func(*testing.T, string) {}, ""},
		"it is gone": {func(t *testing.T, path string) {
			t.Helper()
			must(t, os.Remove(path))
		}, fault.SourceMissing},
		"its folder is gone": {func(t *testing.T, path string) {
			t.Helper()
			must(t, os.RemoveAll(filepath.Dir(path)))
		}, fault.SourceMissing},
		"another file took its place": {func(t *testing.T, path string) {
			t.Helper()
			put(t, path, []byte("another talk"))
		}, fault.SourceChanged},
		"it was emptied": {func(t *testing.T, path string) {
			t.Helper()
			put(t, path, nil)
		}, fault.SourceChanged},
		"it was touched": {func(t *testing.T, path string) {
			t.Helper()
			must(t, os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)))
		}, fault.SourceChanged},
		"a folder took its place": {func(t *testing.T, path string) {
			t.Helper()
			must(t, os.Remove(path))
			must(t, os.Mkdir(path, 0o700))
		}, fault.NotAFile},
		"a pipe took its place": {func(t *testing.T, path string) {
			t.Helper()
			must(t, os.Remove(path))
			must(t, syscall.Mkfifo(path, 0o600))
		}, fault.NotAFile},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := intake.New(intake.Config{})
			path := put(t, filepath.Join(folder(t), "media", "talk.mp4"), []byte("a talk"))
			src, err := in.FromPath(t.Context(), path)
			wantCode(t, err, "")
			tc.change(t, path)
			_, err = in.Open(t.Context(), src)
			wantCode(t, err, tc.code)
			wantCode(t, in.Look(t.Context(), src), tc.code)
		})
	}
}

func TestALookReadsNothing(t *testing.T) {
	t.Parallel()
	in := intake.New(intake.Config{})
	path := put(t, filepath.Join(folder(t), "talk.mp4"), []byte("a talk"))
	src, err := in.FromPath(t.Context(), path)
	wantCode(t, err, "")
	put(t, path, []byte("a walk"))
	must(t, os.Chtimes(path, src.ModTime, src.ModTime))
	wantCode(t, in.Look(t.Context(), src), "")
	_, err = in.Open(t.Context(), src)
	wantCode(t, err, fault.SourceChanged)
	src.Path = "/proc/self/status" // nor is the kernel asked for anything
	if _, err := os.Stat(src.Path); err == nil {
		wantCode(t, in.Look(t.Context(), src), fault.NotAFile)
	}
}

func TestALinkThatIsTurnedDoesNotTurnTheJob(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := put(t, filepath.Join(dir, "first.mp4"), []byte("first"))
	second := put(t, filepath.Join(dir, "second.mp4"), []byte("second"))
	link := filepath.Join(dir, "today.mp4")
	must(t, os.Symlink(first, link))
	in := intake.New(intake.Config{})
	src, err := in.FromPath(t.Context(), link)
	wantCode(t, err, "")
	must(t, os.Remove(link))
	must(t, os.Symlink(second, link))
	if path, err := in.Open(t.Context(), src); err != nil || path != first {
		t.Errorf("opened %s, %v", path, err)
	}
}

func TestACanceledContextEndsIt(t *testing.T) {
	t.Parallel()
	path := put(t, filepath.Join(folder(t), "talk.mp4"), []byte("a"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in := intake.New(intake.Config{})
	if _, err := in.FromPath(ctx, path); err == nil {
		t.Error("no error")
	}
	if err := in.Look(ctx, job.Source{Path: path}); !errors.Is(err, context.Canceled) {
		t.Errorf("a look: %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
