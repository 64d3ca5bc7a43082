package app

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sluice/internal/board"
	"sluice/internal/fault"
	"sluice/internal/httpapi"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// screen is the window as the shell knows it, whatever draws it.
type screen interface {
	httpapi.Window

	// Emit gives the page an event. It does not wait for the page.
	Emit(name string, data any)
	// PickFiles asks for media files: none when the user thinks better of it,
	// or is asked something else already. It waits until ctx ends.
	PickFiles(ctx context.Context) ([]string, error)
	// PickTarget asks where a new file goes, and offers a name for it. "" means
	// nowhere.
	PickTarget(ctx context.Context, name string) (string, error)
	// Reveal shows a file among its neighbours.
	Reveal(ctx context.Context, path string) error
}

// dropper takes files and folders; the desk is one.
type dropper interface {
	DropAs(ctx context.Context, paths []string, like job.Order) ([]queue.Accepted, []job.Refused, error)
}

// The events of the window's page.
const (
	eventLive    = "live"    // httpapi.Event: what the stream sends in a browser
	eventDropped = "dropped" // httpapi.Dropped: what came of files that did not come by a request
	eventFailed  = "failed"  // failure: none of them could be taken
	eventShow    = "show"    // shown: the page goes to a job, or to the queue
)

// failure is a problem that answers no request.
type failure struct {
	Code   fault.Code `json:"code"`
	Detail string     `json:"detail"`
	Hint   string     `json:"hint,omitempty"`
}

// together is how long files are collected before they are taken: those that
// the Finder opens at once come one by one.
const together = 150 * time.Millisecond

// shell is what the window does beside showing the page: it carries the board's
// events to it, and takes files that are dropped, opened or picked. It draws
// nothing.
type shell struct {
	screen screen
	desk   dropper
	board  *board.Board
	log    *slog.Logger

	looking atomic.Bool // somebody has the page before them

	mu    sync.Mutex
	veils chan struct{} // while the page is hidden; closed when it can be seen
	stood bool          // the page has stood
	lead  *shown        // where it goes as soon as it does
	paths []string      // not taken yet
	like  job.Order     // what is wanted of them
	more  chan struct{} // there are paths
	asked chan struct{} // somebody wants to pick files
}

func newShell(s screen, d dropper, b *board.Board, log *slog.Logger) *shell {
	return &shell{screen: s, desk: d, board: b, log: log, more: make(chan struct{}, 1), asked: make(chan struct{}, 1)}
}

// Add takes files and folders soon. What is no absolute path is left out: a
// drag may carry an address, which comes as an empty path. It never blocks.
func (s *shell) Add(paths ...string) {
	paths = slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return !filepath.IsAbs(p) })
	if len(paths) == 0 {
		return
	}
	s.mu.Lock()
	s.paths = append(s.paths, paths...)
	s.mu.Unlock()
	knock(s.more)
}

// want says what is wanted of all files from now on.
func (s *shell) want(like job.Order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.like = like
}

// enqueue puts files and folders into the line as they are wanted.
func (s *shell) enqueue(ctx context.Context, paths []string) ([]queue.Accepted, []job.Refused, error) {
	s.mu.Lock()
	like := s.like
	s.mu.Unlock()
	return s.desk.DropAs(ctx, paths, like)
}

// Ask shows the window and lets the user pick files soon. It never blocks.
func (s *shell) Ask() { knock(s.asked) }

func knock(door chan struct{}) {
	select {
	case door <- struct{}{}:
	default: // somebody has knocked already
	}
}

// shown names what the page is to show.
type shown struct {
	Job string `json:"job"` // "" = the queue
}

// Lead brings the window to the front and its page to a job; "" is the queue. A
// page that does not stand yet goes there first.
func (s *shell) Lead(job string) {
	s.mu.Lock()
	stood := s.stood
	if !stood {
		s.lead = &shown{job}
	}
	s.mu.Unlock()
	s.screen.Show()
	if stood {
		s.screen.Emit(eventShow, shown{job})
	}
}

// stand hears that the page stands.
func (s *shell) stand() {
	s.mu.Lock()
	lead := s.lead
	s.stood, s.lead = true, nil
	s.mu.Unlock()
	if lead != nil {
		s.screen.Emit(eventShow, *lead)
	}
}

// veil hears whether the page is hidden.
func (s *shell) veil(hidden bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case hidden && s.veils == nil:
		s.veils = make(chan struct{})
	case !hidden && s.veils != nil:
		close(s.veils)
		s.veils = nil
	}
}

// unveiled waits until the page may be seen; the error is that of ctx.
func (s *shell) unveiled(ctx context.Context) error {
	for {
		s.mu.Lock()
		veils := s.veils
		s.mu.Unlock()
		if veils == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-veils:
		}
	}
}

// follow carries the board's events to the page until ctx ends. A hidden page
// would draw what nobody sees, and it does not clear up behind itself; it gets
// what it has missed when it can be seen again.
func (s *shell) follow(ctx context.Context) error {
	events := s.board.Follow("")
	for {
		e, err := events.Next(ctx)
		if err == nil {
			err = s.unveiled(ctx)
		}
		if err != nil {
			return nil // only ctx ends it
		}
		s.screen.Emit(eventLive, httpapi.EventOf(e))
	}
}

// take puts what Add was given into the line until ctx ends.
func (s *shell) take(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.more:
		}
		if !pause(ctx, together) {
			return nil
		}
		s.mu.Lock()
		paths := s.paths
		s.paths = nil
		s.mu.Unlock()
		if len(paths) > 0 {
			s.drop(ctx, paths)
		}
	}
}

func (s *shell) drop(ctx context.Context, paths []string) {
	accepted, refused, err := s.enqueue(ctx, paths)
	if len(accepted)+len(refused) > 0 {
		s.screen.Emit(eventDropped, httpapi.DroppedOf(accepted, refused))
	}
	if err != nil && ctx.Err() == nil {
		s.fail(err)
	}
}

// answer lets the user pick files whenever Ask was called, until ctx ends.
func (s *shell) answer(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.asked:
		}
		s.screen.Show() // a dialog hangs on its window
		paths, err := s.screen.PickFiles(ctx)
		if err != nil && ctx.Err() == nil {
			s.fail(err)
		}
		s.Add(paths...)
	}
}

func (s *shell) fail(err error) {
	s.log.Error("not done as asked", "err", err)
	f := fault.From(err)
	s.screen.Emit(eventFailed, failure{Code: f.Code, Detail: f.Say, Hint: f.Hint})
}

// pause waits; it says whether ctx lasted.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
