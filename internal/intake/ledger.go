package intake

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sluice/internal/disk"
)

// ledger remembers which files of watched folders have been dealt with, across
// restarts. It is a file of lines that only grows, so that a crash costs at most
// the last one; it is written anew when it is opened. All methods are safe for
// concurrent use.
type ledger struct {
	mu      sync.Mutex
	f       *os.File
	files   map[string]record
	folders map[string]bool
	alike   map[string][]string // paths, by what such files are known again by
	owed    []record            // known, but not written yet
}

// record is what is known of one file.
type record struct {
	Path    string    `json:"path,omitempty"`
	Size    int64     `json:"size,omitempty"` // or unsaid
	ModTime time.Time `json:"mod_time"`
	Sum     string    `json:"sum,omitempty"` // of samples of its content; "" = not taken
	State   fate      `json:"state,omitempty"`
	Code    string    `json:"code,omitempty"` // of a refusal

	Folder string `json:"folder,omitempty"` // instead of all that: a folder that was looked at
}

// unsaid is the size of a file that only its stub was there of.
const unsaid = -1

// fate is what became of a file.
type fate string

const (
	left    fate = "left"    // it was there before the folder was watched
	taking  fate = "taking"  // a job is being made of it; whether that was done is not known
	taken   fate = "taken"   // it is a job
	refused fate = "refused" // it can be none
)

// unchanged says whether a file looks as it did.
func (r record) unchanged(info os.FileInfo) bool {
	return r.Size == info.Size() && r.ModTime.Equal(info.ModTime())
}

// signs are what a file is known again by under another name: its content, and
// while nobody has read that, its size and time.
func (r record) signs() []string {
	looks := fmt.Sprint(r.Size, " ", r.ModTime.UnixNano())
	if r.Sum == "" {
		return []string{looks}
	}
	return []string{r.Sum, looks}
}

// openLedger reads a ledger and keeps of its folders those that are watched: one
// that is watched again later is as new as at first. Of more files than most
// those that were met first are forgotten.
func openLedger(path string, watched []string, most int) (*ledger, error) {
	l := &ledger{files: map[string]record{}, folders: map[string]bool{}, alike: map[string][]string{}}
	body, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read ledger of watched folders: %w", err)
	}
	order := l.read(body, most)
	still := map[string]bool{}
	for _, folder := range watched {
		if l.folders[folder] {
			still[folder] = true
		}
	}
	l.folders = still
	if err := l.rewrite(path, order); err != nil {
		return nil, fmt.Errorf("write ledger of watched folders: %w", err)
	}
	return l, nil
}

// read takes the lines of a ledger and gives the paths, those that were met last
// at the end. A line that is none was broken off.
func (l *ledger) read(body []byte, most int) (order []string) {
	last := map[string]int{}
	var paths []string
	for line := range bytes.Lines(body) {
		var r record
		switch {
		case json.Unmarshal(line, &r) != nil:
		case r.Folder != "":
			l.folders[r.Folder] = true
		case r.Path != "":
			l.files[r.Path] = r
			last[r.Path] = len(paths)
			paths = append(paths, r.Path)
		}
	}
	for i, p := range paths {
		if last[p] == i {
			order = append(order, p)
		}
	}
	for len(order) > most {
		delete(l.files, order[0])
		order = order[1:]
	}
	for _, p := range order {
		l.meet(l.files[p])
	}
	return order
}

// meet notes what a file is known again by.
func (l *ledger) meet(r record) {
	sign := r.signs()[0]
	if !slices.Contains(l.alike[sign], r.Path) {
		l.alike[sign] = append(l.alike[sign], r.Path)
	}
}

// rewrite writes all of the ledger anew and leaves it open for more.
func (l *ledger) rewrite(path string, order []string) error {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for folder := range l.folders {
		err = errors.Join(err, line(w, record{Folder: folder}))
	}
	for _, p := range order {
		err = errors.Join(err, line(w, l.files[p]))
	}
	err = errors.Join(err, w.Flush())
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	disk.SyncDir(filepath.Dir(path))
	l.f = f
	return nil
}

func line(w io.Writer, r record) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = w.Write(append(body, '\n'))
	return err
}

func (l *ledger) close() error { return errors.Join(l.flush(), l.f.Close()) }

// of gives what is known of a file.
func (l *ledger) of(path string) (record, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.files[path]
	return r, ok
}

// like gives the other files that may be this one under another name.
func (l *ledger) like(r record) (others []record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, sign := range r.signs() {
		for _, path := range l.alike[sign] {
			if was := l.files[path]; path != r.Path && was.signs()[0] == sign {
				others = append(others, was)
			}
		}
	}
	return others
}

// knows says whether a folder was looked at before.
func (l *ledger) knows(folder string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.folders[folder]
}

// put makes records durable, all together, and knows them from then on.
func (l *ledger) put(records ...record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.write(append(slices.Clone(l.owed), records...)); err != nil {
		return err
	}
	l.owed = nil
	l.know(records)
	return nil
}

// note knows a record at once: what has happened has. When it cannot be written
// now, whatever is written next brings it along.
func (l *ledger) note(r record) error {
	l.mu.Lock()
	l.know([]record{r})
	l.owed = append(l.owed, r)
	l.mu.Unlock()
	return l.flush()
}

// flush writes what is known and not written yet.
func (l *ledger) flush() error {
	l.mu.Lock()
	owed := len(l.owed)
	l.mu.Unlock()
	if owed == 0 {
		return nil
	}
	return l.put()
}

// write makes records durable; the caller holds mu.
func (l *ledger) write(records []record) error {
	var lines bytes.Buffer
	for _, r := range records {
		if err := line(&lines, r); err != nil {
			return fmt.Errorf("write ledger of watched folders: %w", err)
		}
	}
	// What a write that failed has left must not run into the next line.
	if _, err := l.f.Write(append([]byte("\n"), lines.Bytes()...)); err != nil {
		return fmt.Errorf("write ledger of watched folders: %w", err)
	}
	if err := l.f.Sync(); err != nil {
		return fmt.Errorf("write ledger of watched folders: %w", err)
	}
	return nil
}

// know takes records in; the caller holds mu.
func (l *ledger) know(records []record) {
	for _, r := range records {
		if r.Folder != "" {
			l.folders[r.Folder] = true
			continue
		}
		l.files[r.Path] = r
		l.meet(r)
	}
}
