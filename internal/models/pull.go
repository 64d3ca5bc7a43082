package models

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"sluice/internal/download"
	"sluice/internal/fault"
)

// Pull downloads a catalog model and proves it. It blocks until the model is
// installed; report, which may be nil, gets the bytes done and the total, in
// order and from this goroutine. What has arrived stays when ctx ends or the
// connection is lost, and the next Pull goes on from there. A model that is
// installed is not downloaded again; one that is damaged is replaced. A second
// Pull of the same model, in any process, waits for the first and reports its
// progress. Faults: model_unknown, download_failed, model_damaged, disk_full.
func (s *Store) Pull(ctx context.Context, name string, report func(done, total int64)) error {
	e, ok := s.entry(name)
	if !ok {
		return unknown(name)
	}
	if report == nil {
		report = func(int64, int64) {}
	}
	if err := os.MkdirAll(s.cfg.Dir, 0o700); err != nil {
		return folderFault(err)
	}
	unlock, err := s.lock(ctx, e, report)
	if err != nil {
		return err
	}
	defer unlock()

	if installed, err := s.settled(ctx, e); err != nil || installed {
		if installed {
			report(e.Bytes, e.Bytes)
		}
		return err
	}
	if err := s.bring(ctx, e, report); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("pull model %s: %w", e.Name, context.Cause(ctx))
		}
		return err
	}
	return nil
}

// settled says whether the model is there and sound. A damaged file is removed.
func (s *Store) settled(ctx context.Context, e Entry) (bool, error) {
	f, ok := s.find(e.Name)
	if !ok {
		return false, nil
	}
	_, err := s.open(ctx, f)
	switch {
	case err == nil:
		return true, nil
	case !fault.Is(err, fault.ModelDamaged):
		return false, err
	}
	if err := os.Remove(f.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, folderFault(err)
	}
	return false, nil
}

// Remove deletes an installed model, or what is left of a download, from the
// store's own folder. Faults: model_unknown, model_missing, model_in_use while
// it is being downloaded.
func (s *Store) Remove(ctx context.Context, name string) error {
	e, inCatalog := s.entry(name)
	f, ok := s.find(name)
	switch {
	case inCatalog && (ok || s.partBytes(e) > 0):
		l := flock.New(s.lockPath(e))
		held, err := l.TryLock()
		if err != nil {
			return folderFault(err)
		}
		if !held {
			return fault.New(fault.ModelInUse, fmt.Sprintf("The speech model %s is being downloaded right now.", e.Name), nil).
				WithHint("Cancel the download first.")
		}
		defer func() { _ = l.Unlock() }()
		download.Discard(s.partPath(e))
		if !ok {
			return nil
		}
	case inCatalog:
		return fault.New(fault.ModelMissing, fmt.Sprintf("The speech model %s is not installed.", e.Name), nil).
			WithHint("See 'sluice models list' for what is.")
	case !ok:
		return unknown(name)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.Remove(f.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return folderFault(err)
	}
	return nil
}

func (s *Store) partPath(e Entry) string { return filepath.Join(s.cfg.Dir, e.File()+".part") }

// address is where the file of a model is downloaded from.
func (s *Store) address(e Entry) string {
	if e.URL != "" {
		return e.URL
	}
	return s.cfg.BaseURL + "/" + e.File()
}

func (s *Store) lockPath(e Entry) string { return filepath.Join(s.cfg.Dir, "."+e.File()+".lock") }

func (s *Store) partBytes(e Entry) int64 {
	info, err := os.Stat(s.partPath(e))
	if err != nil {
		return 0
	}
	return info.Size()
}

// lock waits until no other download of the model runs, here or in another
// process. The system drops the lock of a process that dies; the empty file
// stays, because removing it would let two holders in.
func (s *Store) lock(ctx context.Context, e Entry, report func(done, total int64)) (func(), error) {
	l := flock.New(s.lockPath(e), flock.SetPermissions(0o600))
	tick := time.NewTicker(s.cfg.Poll)
	defer tick.Stop()
	for {
		held, err := l.TryLock()
		if err != nil {
			return nil, folderFault(err)
		}
		if held {
			return func() { _ = l.Unlock() }, nil
		}
		report(s.partBytes(e), e.Bytes)
		select {
		case <-ctx.Done():
			_ = l.Close()
			return nil, fmt.Errorf("wait for the other download of model %s: %w", e.Name, context.Cause(ctx))
		case <-tick.C:
		}
	}
}
