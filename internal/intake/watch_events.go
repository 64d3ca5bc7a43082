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
	known   map[string]int    // folders that are listened to, and how many entries they had
	total   int               // of all of them, and they themselves
	most    int               // for total
	done    sync.WaitGroup
}

// Bounds of what is listened to: on a Mac every file takes a file descriptor.
const (
	manyEntries = 500   // of one folder
	manyWatched = 4_000 // of all folders of one Watcher
)

func newEvents(most int) *events {
	e := &events{heard: make(chan struct{}, 1), known: map[string]int{}, most: most}
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
	if e.watcher == nil {
		return
	}
	still := map[string]int{}
	e.total = 0
	for _, dir := range e.watcher.WatchList() {
		still[dir] = e.known[dir]
		e.total += 1 + still[dir]
	}
	e.known = still
}

// listen adds a folder and says whether it was not listened to before. Where
// that cannot be done the folder is only looked at.
func (e *events) listen(dir string, entries int) (fresh bool) {
	if e.watcher == nil {
		return false
	}
	if was, known := e.known[dir]; known {
		e.total += entries - was
		e.known[dir] = entries
		return false
	}
	if entries > manyEntries || e.total+1+entries > e.most || e.watcher.Add(dir) != nil {
		return false
	}
	e.total += 1 + entries
	e.known[dir] = entries
	return true
}

func (e *events) close() {
	if e.watcher != nil {
		_ = e.watcher.Close()
	}
	e.done.Wait()
}
