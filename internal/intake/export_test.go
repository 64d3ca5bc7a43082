package intake

import (
	"context"
	"io/fs"
	"time"

	"sluice/internal/job"
)

// GatherWithin is Gather with bounds that a test can reach.
func GatherWithin(ctx context.Context, paths []string, files, looks, named int) ([]string, []job.Refused) {
	return gather(ctx, paths, dataless, bounds{files: files, looks: looks, named: named})
}

// GatherBelow is Gather where some files have their content in the cloud.
func GatherBelow(ctx context.Context, paths []string, inCloud func(fs.FileInfo) bool) ([]string, []job.Refused) {
	return gather(ctx, paths, inCloud, bounds{files: job.MaxDropped, looks: 20 * job.MaxDropped, named: 100})
}

// SourceFault says why a source cannot be reached.
func SourceFault(name, path string, err error) error { return sourceFault(name, path, err) }

// DeniedHint says what opens a file again on some system.
func DeniedHint(system string, err error) string { return deniedHint(system, err) }

// Rounds is a watcher without its clock and its ear.
type Rounds struct {
	ledger  *ledger
	folders []*folder
}

// Rounds opens the ledger. A folder may have so many files; 0 = as many as ever.
func (w *Watcher) Rounds(most int) (*Rounds, error) {
	if most > 0 {
		w.most = most
	}
	l, err := w.ledger()
	if err != nil {
		return nil, err
	}
	r := &Rounds{ledger: l}
	for _, path := range w.cfg.Folders {
		r.folders = append(r.folders, w.folder(path, l))
	}
	return r, nil
}

// Look looks at every folder as at some time and says when to look again.
func (r *Rounds) Look(ctx context.Context, now time.Time) time.Duration {
	again := 24 * time.Hour
	for _, f := range r.folders {
		again = min(again, f.look(ctx, now))
	}
	return again
}

// LookAt is Look at one of the folders.
func (r *Rounds) LookAt(ctx context.Context, i int, now time.Time) { r.folders[i].look(ctx, now) }

// Jam has the ledger take no more lines until it is freed.
func (r *Rounds) Jam() (free func()) {
	was := r.ledger.f
	r.ledger.f = nil
	return func() { r.ledger.f = was }
}

// Close closes the ledger.
func (r *Rounds) Close() error { return r.ledger.close() }

// Listened says of folders with so many entries which are listened to when so
// many may be in all. It asks twice, as every look does.
func Listened(dirs []string, entries, most int) []bool {
	e := newEvents(most)
	defer e.close()
	heard := make([]bool, len(dirs))
	for range 2 {
		e.refresh()
		for i, dir := range dirs {
			heard[i] = e.listen(dir, entries) || heard[i]
		}
	}
	return heard
}

// MediaType names a kind of audio or video by its first bytes.
func MediaType(head []byte, ext string) string { return mediaType(head, ext) }
