package intake

import (
	"sync"

	"github.com/fsnotify/fsnotify"
)

// events tells that something has happened in some folders. What it does not
// tell of - network disks, more folders than the system listens to - is found
// by looking now and then.
type events struct {
	heard   chan struct{}
	watcher *fsnotify.Watcher // nil = the system tells nothing
	known   map[string]bool   // folders that are listened to
	done    sync.WaitGroup
}

// manyEntries is how large a folder may be that is listened to: on a Mac every
// file in it takes a file descriptor.
const manyEntries = 500

func newEvents() *events {
	e := &events{heard: make(chan struct{}, 1)}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return e
	}
	e.watcher = w
	e.done.Go(func() {
		for {
			select {
			case _, ok := <-w.Events:
				if !ok {
					return
				}
			case _, ok := <-w.Errors: // an overflow, for one: look at everything
				if !ok {
					return
				}
			}
			select {
			case e.heard <- struct{}{}:
			default: // a look is already due
			}
		}
	})
	return e
}

// refresh finds out which folders are still listened to: one that was removed
// is not, though another may have its name by now.
func (e *events) refresh() {
	e.known = map[string]bool{}
	if e.watcher != nil {
		for _, dir := range e.watcher.WatchList() {
			e.known[dir] = true
		}
	}
}

// listen adds a folder and says whether it was not listened to before. Where
// that cannot be done the folder is only looked at.
func (e *events) listen(dir string, entries int) (fresh bool) {
	if e.watcher == nil || e.known[dir] || entries > manyEntries {
		return false
	}
	return e.watcher.Add(dir) == nil
}

func (e *events) close() {
	if e.watcher != nil {
		_ = e.watcher.Close()
	}
	e.done.Wait()
}
