package intake

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/oklog/ulid/v2"

	"sluice/internal/disk"
	"sluice/internal/fault"
	"sluice/internal/job"
)

const (
	noteFile   = "upload.json"
	partPrefix = "part-"
	copyBytes  = 256 << 10
	spaceEvery = 64 << 20 // bytes between two looks at the free space
)

// note is kept beside the file of an upload. Its own time is when the upload
// was claimed last.
type note struct {
	Name string `json:"name"` // for people
	File string `json:"file"` // in the same folder
}

// Save stores an upload below an id of its own choice and gives its source.
// It blocks until the last byte is on the disk, holds a quarter of a megabyte
// whatever the size, and leaves nothing behind when it fails. length is what
// the client announced; -1 = not said. Faults: request_too_large, disk_full,
// upload_broken, file_empty.
func (in *Intake) Save(ctx context.Context, name string, body io.Reader, length int64) (string, job.Source, error) {
	if length > in.cfg.Limits().Upload {
		return "", job.Source{}, in.tooLarge()
	}
	if length == 0 {
		return "", job.Source{}, fault.New(fault.FileEmpty, quoted(name)+" is empty.", nil)
	}
	if err := os.MkdirAll(in.cfg.UploadDir, 0o700); err != nil {
		return "", job.Source{}, diskFault(err)
	}
	id := ulid.MustNew(ulid.Timestamp(in.cfg.Now()), rand.Reader).String()
	in.begin(id)
	defer in.forget(id)

	part := filepath.Join(in.cfg.UploadDir, partPrefix+id)
	src, err := in.receive(ctx, id, part, name, body, length)
	if err != nil {
		_ = os.RemoveAll(part) // Sweep takes what stays
		return "", job.Source{}, err
	}
	return id, src, nil
}

// Room says whether so many bytes more could be taken now: nil, or the fault
// that Save would end with. Nothing is kept free for them. Faults:
// request_too_large, disk_full.
func (in *Intake) Room(_ context.Context, bytes int64) error {
	if bytes > in.cfg.Limits().Upload {
		return in.tooLarge()
	}
	if err := os.MkdirAll(in.cfg.UploadDir, 0o700); err != nil {
		return diskFault(err)
	}
	const nobody = "" // is no upload's id
	in.begin(nobody)
	defer in.forget(nobody)
	if err := in.quota(nobody, 0, bytes); err != nil {
		return err
	}
	return in.room(bytes)
}

func (in *Intake) receive(ctx context.Context, id, part, name string, body io.Reader, length int64) (job.Source, error) {
	if err := os.Mkdir(part, 0o700); err != nil {
		return job.Source{}, diskFault(err)
	}
	n := note{Name: displayName(name), File: diskName(name)}
	if err := in.write(ctx, id, filepath.Join(part, n.File), body, length); err != nil {
		return job.Source{}, err
	}
	text, err := json.Marshal(n)
	if err != nil {
		return job.Source{}, fmt.Errorf("note of upload: %w", err)
	}
	if err := writeSynced(filepath.Join(part, noteFile), text); err != nil {
		return job.Source{}, diskFault(err)
	}
	disk.SyncDir(part)
	if err := in.finish(id, part); err != nil {
		return job.Source{}, diskFault(err)
	}
	disk.SyncDir(in.cfg.UploadDir)
	src, err := in.Upload(ctx, id)
	if err != nil {
		_ = in.Discard(context.WithoutCancel(ctx), id)
		return job.Source{}, broken(err)
	}
	return src, nil
}

// write copies the body to a file and makes it durable.
func (in *Intake) write(ctx context.Context, id, path string, body io.Reader, length int64) error {
	if err := in.quota(id, 0, max(length, 0)); err != nil {
		return err
	}
	if err := in.room(max(length, 0)); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return diskFault(err)
	}
	defer func() { _ = f.Close() }() // what counts is the Close below
	buf := make([]byte, copyBytes)
	var done, looked int64
	for {
		if err := context.Cause(ctx); err != nil {
			return broken(err)
		}
		n, readErr := body.Read(buf)
		done += int64(n)
		switch {
		case done > in.cfg.Limits().Upload:
			return in.tooLarge()
		case length >= 0 && done > length:
			return broken(fmt.Errorf("more than the %d bytes announced", length))
		}
		if err := in.quota(id, done, 0); err != nil {
			return err
		}
		if done-looked >= spaceEvery {
			looked = done
			if err := in.room(0); err != nil {
				return err
			}
		}
		if _, err := f.Write(buf[:n]); err != nil {
			return diskFault(err)
		}
		if errors.Is(readErr, io.EOF) {
			break
		}
		if readErr != nil {
			var limit *http.MaxBytesError
			if errors.As(readErr, &limit) {
				return in.tooLarge()
			}
			return broken(readErr)
		}
	}
	switch {
	case length >= 0 && done < length:
		return broken(fmt.Errorf("%d of %d bytes", done, length))
	case done == 0:
		return fault.New(fault.FileEmpty, "The upload is empty.", nil)
	}
	if err := f.Sync(); err != nil {
		return diskFault(err)
	}
	if err := f.Close(); err != nil {
		return diskFault(err)
	}
	return nil
}

// Upload finds an upload again, also after a restart, and claims it: for Sweep
// it is as young as this call, so that there is time to make a job of it.
// Faults: upload_unknown.
func (in *Intake) Upload(ctx context.Context, id string) (job.Source, error) {
	missing := fault.New(fault.UploadUnknown, "There is no such upload any more.", nil)
	if !validID(id) {
		return job.Source{}, missing
	}
	n, err := in.claim(id)
	if err != nil {
		missing.Err = err
		return job.Source{}, missing
	}
	path, err := filepath.EvalSymlinks(filepath.Join(in.cfg.UploadDir, id, n.File))
	if err == nil {
		var src job.Source
		if src, err = in.cloud.inspect(ctx, path); err == nil {
			src.Kind, src.Upload, src.Name = job.FromUpload, id, n.Name
			return src, nil
		}
	}
	if ctx.Err() != nil {
		return job.Source{}, err
	}
	missing.Err = err
	return job.Source{}, missing
}

func (in *Intake) claim(id string) (note, error) {
	in.claims.Lock()
	defer in.claims.Unlock()
	n, err := in.note(id)
	if err != nil {
		return n, err
	}
	now := in.cfg.Now()
	return n, os.Chtimes(in.notePath(id), now, now)
}

func (in *Intake) notePath(id string) string { return filepath.Join(in.cfg.UploadDir, id, noteFile) }

func (in *Intake) note(id string) (note, error) {
	var n note
	text, err := os.ReadFile(in.notePath(id))
	if err != nil {
		return n, err
	}
	if err := json.Unmarshal(text, &n); err != nil {
		return n, err
	}
	if n.File != diskName(n.File) {
		return n, fmt.Errorf("file %q", n.File)
	}
	return n, nil
}

// validID says whether id is one that Save may have made: nothing else ever
// becomes a part of a path.
func validID(id string) bool {
	u, err := ulid.ParseStrict(id)
	return err == nil && u.String() == id
}

// begin notes that an upload is arriving.
func (in *Intake) begin(id string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.active[id] = 0
	in.counted = false // people may have tidied the folder up
}

// finish makes an upload that has arrived one that is kept. It is counted as
// either at every moment.
func (in *Intake) finish(id, part string) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := os.Rename(part, filepath.Join(in.cfg.UploadDir, id)); err != nil {
		return err
	}
	in.kept += in.active[id]
	delete(in.active, id)
	return nil
}

// quota notes how much of an upload has arrived, and refuses when all uploads,
// kept and arriving, and more bytes would take more than they may.
func (in *Intake) quota(id string, done, more int64) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.counted {
		kept, err := in.count()
		if err != nil {
			return diskFault(err)
		}
		in.kept, in.counted = kept, true
	}
	in.active[id] = done
	all := in.kept + more
	for _, n := range in.active {
		all += n
	}
	if all > in.cfg.Limits().Upload {
		return fault.New(fault.DiskFull, "The uploads that are kept take all the room they may.", nil).
			WithHint("They go away a day after their last job; give a path instead where you can.")
	}
	return nil
}

func (in *Intake) arriving(id string) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	_, ok := in.active[id]
	return ok
}

func (in *Intake) forget(id string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	delete(in.active, id)
}

// count adds up the bytes of the finished uploads.
func (in *Intake) count() (int64, error) {
	entries, err := os.ReadDir(in.cfg.UploadDir)
	if err != nil {
		return 0, err
	}
	var all int64
	for _, e := range entries {
		if !validID(e.Name()) {
			continue
		}
		n, err := in.note(e.Name())
		if err != nil {
			continue
		}
		if info, err := os.Stat(filepath.Join(in.cfg.UploadDir, e.Name(), n.File)); err == nil {
			all += info.Size()
		}
	}
	return all, nil
}

// room refuses when the disk would have less than the floor after more bytes.
func (in *Intake) room(more int64) error {
	free, err := in.cfg.FreeBytes(in.cfg.UploadDir)
	if err != nil {
		return nil // a disk that does not say: the write will
	}
	if missing := more + in.cfg.MinFree - free; missing > 0 {
		return fault.New(fault.DiskFull, "There is not enough room on the disk for the upload.", nil).
			WithHint("Free %s and send the file again, or give its path instead.", job.FormatBytes(missing))
	}
	return nil
}

func (in *Intake) tooLarge() error {
	return fault.New(fault.RequestTooLarge, fmt.Sprintf("An upload may have up to %s.", job.FormatBytes(in.cfg.Limits().Upload)), nil).
		WithHint("Give the path of the file instead.")
}

func broken(err error) error {
	return fault.New(fault.UploadBroken, "The upload ended before all of the file had arrived.", err)
}

func diskFault(err error) error {
	if disk.Full(err) {
		return fault.New(fault.DiskFull, "The disk is full.", err)
	}
	return fault.New(fault.Internal, "The upload could not be stored.", err)
}

func writeSynced(path string, body []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
