package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
	"github.com/oklog/ulid/v2"

	"sluice/internal/board"
	"sluice/internal/cli"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/sqlitestore"
)

// errEnough ends the core when the work of a foreground run is done.
var errEnough = errors.New("all orders have ended")

// transcribe runs orders in this process: the same line, gate and pipeline as
// the server, over a store that is thrown away.
func (p *program) transcribe(ctx context.Context, o cli.TranscribeOptions) error {
	s, err := p.load(nil)
	if err != nil {
		return err
	}
	scratch, done, err := newScratch(filepath.Join(s.Dirs.Data, "scratch"))
	if err != nil {
		return err
	}
	defer done()
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("SLUICE_DEBUG") == "1" {
		log = logger()
	}
	c, err := newCore(ctx, plan{settings: s, data: scratch, locks: s.Dirs.Data, learnt: databaseFile(s.Dirs.Data), log: log})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	c.relay.peaks = lasting{data: s.Dirs.Data, log: log}
	err = c.Run(ctx, func(ctx context.Context) error {
		for i, order := range o.Orders {
			if err := c.foreground(ctx, i, order, o.Watch); err != nil {
				return err
			}
		}
		return errEnough
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// lasting keeps what a foreground run learns of models in the database of the
// server, which this run and the next ones read. It opens it for a moment, and
// only when no server has it: one that runs keeps what it learns itself.
type lasting struct {
	data string
	log  *slog.Logger
}

// SetPeak implements peaks.
func (l lasting) SetPeak(ctx context.Context, digest string, size int, bytes int64) error {
	return l.keep(ctx, func(p peaks) error { return p.SetPeak(ctx, digest, size, bytes) })
}

// SetFloor implements peaks.
func (l lasting) SetFloor(ctx context.Context, digest string, size int, bytes int64) error {
	return l.keep(ctx, func(p peaks) error { return p.SetFloor(ctx, digest, size, bytes) })
}

func (l lasting) keep(ctx context.Context, set func(peaks) error) error {
	unlock, err := lockData(l.data)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(databaseFile(l.data) + ".open"); !errors.Is(err, os.ErrNotExist) {
		return errUnclean
	}
	store, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: databaseFile(l.data)}, l.log)
	if err != nil {
		return err
	}
	return errors.Join(set(store), store.Close())
}

// errUnclean says that a server has died with the database: the next one is to
// find the mark that tells so, and to look at what is in there.
var errUnclean = errors.New("a server has died with the database")

// newScratch makes a folder for one foreground run and holds it by a lock. Those
// that nobody holds any more, because their program was killed, are removed.
func newScratch(under string) (dir string, done func(), err error) {
	if err := os.MkdirAll(under, 0o700); err != nil {
		return "", nil, fmt.Errorf("make scratch folder: %w", err)
	}
	// Whoever makes a folder or looks for orphans is alone with it: a lock that
	// is made but not held yet would look like that of a dead program.
	gate := flock.New(under + ".lock")
	if err := gate.Lock(); err != nil {
		return "", nil, fmt.Errorf("lock scratch folder: %w", err)
	}
	defer func() { _ = gate.Unlock() }()
	old, err := os.ReadDir(under)
	if err != nil {
		return "", nil, fmt.Errorf("read scratch folder: %w", err)
	}
	dir = filepath.Join(under, ulid.Make().String())
	lock := flock.New(dir + ".lock")
	if err := lock.Lock(); err != nil {
		return "", nil, fmt.Errorf("lock scratch folder: %w", err)
	}
	for _, e := range old {
		if name, ok := strings.CutSuffix(e.Name(), ".lock"); ok {
			removeOrphan(filepath.Join(under, name))
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", nil, errors.Join(fmt.Errorf("make scratch folder: %w", err), lock.Unlock())
	}
	return dir, func() {
		_ = os.RemoveAll(dir)
		_ = os.Remove(dir + ".lock")
		_ = lock.Unlock()
	}, nil
}

func removeOrphan(dir string) {
	lock := flock.New(dir + ".lock")
	if ok, err := lock.TryLock(); err != nil || !ok {
		return
	}
	_ = os.RemoveAll(dir)
	_ = os.Remove(dir + ".lock")
	_ = lock.Unlock()
}

// foreground runs one order to its end and tells how it fares. Only ctx ends
// it early; what is wrong with the order goes to the watch.
func (c *core) foreground(ctx context.Context, i int, order job.Order, w cli.Watch) error {
	events := c.board.Follow("")
	order.Webhook = new("") // nobody would send what this run leaves
	accepted, err := c.desk.Submit(ctx, []job.Order{order})
	if err != nil {
		w.Ended(i, job.Job{}, cli.Texts{}, err)
		return nil
	}
	id := accepted[0].Job.ID
	for {
		j, err := c.queue.Get(ctx, id)
		if err != nil {
			return err
		}
		if j.State.Final() {
			return c.ended(ctx, i, j, w)
		}
		if j.Reason == job.NoModel {
			// A line can wait until somebody installs it; somebody in front of a
			// terminal is better told.
			w.Ended(i, j, cli.Texts{}, c.absent(ctx, j))
			_, err := c.queue.Cancel(ctx, id)
			return err
		}
		w.Job(i, j)
		if err := c.follow(ctx, events, i, id, w); err != nil {
			return err
		}
	}
}

// absent says which model a job waits for.
func (c *core) absent(ctx context.Context, j job.Job) error {
	if j.Stage == job.Translate || j.Stage == job.Summarize {
		return fault.New(fault.ModelMissing, fmt.Sprintf("Ollama does not have the model %s.", j.Options.LLMModel), nil).
			WithHint("Get it with 'sluice models pull %s'.", j.Options.LLMModel)
	}
	return c.models.missing(ctx, j.Options)
}

// follow passes events of one job on until the job itself has changed.
func (c *core) follow(ctx context.Context, events *board.Reader, i int, id string, w cli.Watch) error {
	for {
		e, err := events.Next(ctx)
		if err != nil {
			return err
		}
		switch {
		case e.Kind == board.Reset:
			return nil
		case e.JobID != id:
		case e.Kind == board.JobChanged:
			return nil
		case e.Kind == board.Progress:
			w.Progress(i, e.Progress)
		case e.Kind == board.Segment:
			w.Segment(i, e.Segment)
		}
	}
}

func (c *core) ended(ctx context.Context, i int, j job.Job, w cli.Watch) error {
	var texts cli.Texts
	if j.State == job.Done {
		r, err := results{c.store, c.library}.Result(ctx, j.ID)
		if err != nil {
			return err
		}
		if r.Transcript != nil {
			texts.Transcript = *r.Transcript
		}
		for _, language := range j.Options.TranslateTo {
			if t, ok := r.Translations[language]; ok {
				texts.Translations = append(texts.Translations, t)
			}
		}
		texts.Summary = r.Summary
	}
	w.Ended(i, j, texts, nil)
	return nil
}
