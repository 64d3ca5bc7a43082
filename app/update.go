package app

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"

	"sluice/internal/job"
	"sluice/internal/update"
)

// updates is whether there is a newer Sluice, as one more of the notices that
// the store keeps.
type updates struct {
	*update.Lookout
	kept    keptNotices
	version string // this program's
	changed func() // there is another notice, or none any more

	mu     sync.Mutex
	newer  update.Newer
	follow func(version, url string)
}

// keptNotices are those of the store.
type keptNotices interface {
	notices
	Notices(ctx context.Context) ([]job.Notice, error)
}

// newUpdates makes the lookout of a data folder. Changed is called when there is
// another notice, or none any more.
func newUpdates(set inForce, data string, kept keptNotices, changed func(), log *slog.Logger) *updates {
	u := &updates{kept: kept, version: version, changed: changed}
	u.Lookout = u.lookout(set, data, log)
	return u
}

func (u *updates) lookout(set inForce, data string, log *slog.Logger) *update.Lookout {
	return update.New(update.Config{
		Version: u.version,
		File:    filepath.Join(data, "update.json"),
		Wish: func() update.Wish {
			s := set.Now().Updates
			return update.Wish{On: s.Check, Feed: s.Feed}
		},
		Changed: func(n update.Newer) { u.tell(n); u.changed() },
	}, log)
}

// Follow tells of the newer version from now on, and at once of one that there
// is; "" is none. The function is called by one goroutine at a time and returns
// soon.
func (u *updates) Follow(tell func(version, url string)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.follow = tell
	if u.newer.Version != "" {
		tell(u.newer.Version, u.newer.URL)
	}
}

func (u *updates) tell(n update.Newer) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.newer = n
	if u.follow != nil {
		u.follow(n.Version, n.URL)
	}
}

// newerPrefix is before the version in the id of a notice. The store's own ids
// are numbers.
const newerPrefix = "update-"

// Notices lists what the store keeps, and after it that there is a newer Sluice.
func (u *updates) Notices(ctx context.Context) ([]job.Notice, error) {
	all, err := u.kept.Notices(ctx)
	if err != nil {
		return nil, err
	}
	if n, ok := u.Newer(); ok {
		all = append(all, job.Notice{
			ID: newerPrefix + n.Version, At: n.Found, Code: job.UpdateAvailable,
			Text:    fmt.Sprintf("Sluice %s is available; this is %s.", n.Version, strings.TrimPrefix(u.version, "v")),
			Hint:    "See what is new, and get it, at " + n.URL,
			Version: n.Version, URL: n.URL,
		})
	}
	return all, nil
}

// Dismiss takes a notice away that was seen.
func (u *updates) Dismiss(ctx context.Context, id string) error {
	if v, ok := strings.CutPrefix(id, newerPrefix); ok {
		return u.Lookout.Dismiss(v)
	}
	return u.kept.Dismiss(ctx, id)
}
