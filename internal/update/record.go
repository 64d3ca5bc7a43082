package update

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sluice/internal/disk"
	"sluice/internal/fault"
)

// record is what is remembered from one start to the next.
type record struct {
	Feed      string    `json:"feed"`             // that was asked
	Next      time.Time `json:"next"`             // not asked again before
	Failed    int       `json:"failed,omitempty"` // how often in a row no answer came
	Release   Release   `json:"release"`          // the newest; without a version when there is none
	Found     time.Time `json:"found"`            // when it was first heard of
	Dismissed []string  `json:"dismissed,omitempty"`
}

const (
	mostRecord    = 64 << 10
	mostDismissed = 20
)

// read reads the file. What is not there, or makes no sense, is as if nobody had
// ever asked: the page was judged when it was heard of, and is again.
func read(file string) (record, error) {
	f, err := os.Open(file)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
		return record{}, err
	}
	defer func() { _ = f.Close() }()
	body, err := io.ReadAll(io.LimitReader(f, mostRecord))
	if err != nil {
		return record{}, err
	}
	var r record
	if err := json.Unmarshal(body, &r); err != nil {
		return record{}, err
	}
	if r.Release.Version == "" {
		r.Release = Release{}
		return r, nil
	}
	if err := r.Release.check(r.Feed); err != nil {
		return record{Dismissed: r.Dismissed}, err
	}
	return r, nil
}

// write writes the file whole or not at all.
func write(file string, r record) error {
	body, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write update file: %w", err)
	}
	temp, err := os.CreateTemp(filepath.Dir(file), ".update-*") // only this user may read it
	if err != nil {
		return unwritten(err)
	}
	defer func() { _ = os.Remove(temp.Name()) }() // gone already when all went well
	_, err = temp.Write(append(body, '\n'))
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		return unwritten(err)
	}
	disk.SyncDir(filepath.Dir(file))
	return nil
}

func unwritten(err error) error {
	if disk.Full(err) {
		return fault.New(fault.DiskFull, "The disk is full: that the notice was read cannot be remembered.", err)
	}
	return fmt.Errorf("write update file: %w", err)
}

// learn puts an answer down.
func (r *record) learn(answer Release) {
	if answer.Version != r.Release.Version {
		r.Found = now().UTC()
	}
	r.Release = answer
}

// dismiss puts down that a release was seen. Those that are no news to a version
// any more are forgotten.
func (r *record) dismiss(release, version string) {
	r.Dismissed = slices.DeleteFunc(r.Dismissed, func(old string) bool { return old == release || !newer(old, version) })
	r.Dismissed = append(r.Dismissed, release)
	if n := len(r.Dismissed) - mostDismissed; n > 0 {
		r.Dismissed = r.Dismissed[n:]
	}
}
