package sqlitestore

import (
	"context"
	"time"
)

const (
	backupEvery  = time.Hour
	indexEvery   = time.Minute
	alarmsAtMost = time.Minute // a look at the whole file that found nothing is not repeated sooner
)

// WatchOver looks after the file until ctx ends: it verifies what was not verified
// yet, makes what is there searchable, makes a backup every hour in which
// something was written and after each restore, and restores the file at once when SQLite says that it
// is damaged. changed is called whenever a notice has appeared, or the line is
// another one than before. What goes wrong is logged and tried again later.
func (s *Store) WatchOver(ctx context.Context, changed func()) error {
	k := &keeper{Store: s, changed: changed, backedUp: -1}
	restored := k.tell()
	if !s.verified.Load() {
		restored = k.heed(ctx, quickly) || restored
	}
	k.index(ctx)
	if all := s.backups(); restored || len(all) == 0 || s.cfg.Now().Sub(all[0].at) > backupEvery || all[0].at.After(s.cfg.Now()) {
		k.backUp(ctx)
	}
	hour, minute := time.NewTicker(backupEvery), time.NewTicker(indexEvery)
	defer hour.Stop()
	defer minute.Stop()
	alarm := (<-chan struct{})(s.alarm)
	var calm <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-alarm:
			if k.heed(ctx, thoroughly) {
				k.backUp(ctx) // what was saved once must not have to be saved again
				continue
			}
			alarm, calm = nil, time.After(alarmsAtMost)
		case <-calm:
			alarm, calm = s.alarm, nil
		case <-hour.C:
			if s.writes.Load() != k.backedUp {
				k.backUp(ctx)
			}
		case <-minute.C:
			k.index(ctx)
		}
	}
}

// keeper is what WatchOver remembers.
type keeper struct {
	*Store
	changed  func()
	backedUp int64 // writes when the newest backup was made; -1 = before our time
}

// heed looks at the file and has it restored. It says whether it was.
func (k *keeper) heed(ctx context.Context, how string) (restored bool) {
	if err := k.verify(ctx, how); err != nil && ctx.Err() == nil {
		k.log.Error("database not verified", "err", err)
		k.raise() // for another try
	}
	restored = k.tell()
	k.index(ctx)
	return restored
}

// tell says that the line was replaced, if nobody was told yet.
func (k *keeper) tell() bool {
	if !k.replaced.Swap(false) {
		return false
	}
	k.changed()
	return true
}

func (k *keeper) index(ctx context.Context) {
	if err := k.Index(ctx); err != nil && ctx.Err() == nil {
		k.log.Warn("not all can be searched yet", "err", err)
	}
}

func (k *keeper) backUp(ctx context.Context) {
	writes := k.writes.Load()
	if err := k.Backup(ctx); err != nil {
		if ctx.Err() == nil {
			k.log.Warn("no backup was made", "err", err)
		}
		return
	}
	k.backedUp = writes
}
