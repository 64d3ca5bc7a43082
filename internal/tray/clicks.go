package tray

import "log/slog"

// hands carry out what was clicked. Each pair of hands does one thing at a
// time; pausing and resuming share one, so that they never overtake each other,
// and so do all jobs, so that the last one clicked is shown last.
type hands struct {
	log     *slog.Logger
	actions Actions
	todo    [entries]chan func()
	done    chan struct{}
}

// patience is how many clicks on one entry may wait for the first.
const patience = 4

func newHands(a Actions, log *slog.Logger) hands {
	h := hands{log: log, actions: a, done: make(chan struct{})}
	for _, e := range clickable() {
		if e > entryJob && e < entryPause {
			h.todo[e] = h.todo[entryJob]
			continue
		}
		h.todo[e] = make(chan func(), patience)
	}
	return h
}

func (h hands) start() {
	go h.work(h.todo[entryJob])
	for e := entryPause; e < entries; e++ {
		go h.work(h.todo[e])
	}
}

// work ends with Stop. Nobody waits for it: the action under way may be the
// one that stops the app.
func (h hands) work(todo <-chan func()) {
	for {
		select {
		case <-h.done:
			return
		case act := <-todo:
			act()
		}
	}
}

func (h hands) stop() { close(h.done) }

// click hands an action over; it never waits. What the entry said when it was
// clicked decides.
func (h hands) click(e entry, shown Look) {
	act := h.action(e, shown)
	if act == nil {
		return
	}
	select {
	case h.todo[e] <- act:
	default:
		h.log.Debug("clicked too often", "entry", int(e))
	}
}

func (h hands) action(e entry, shown Look) func() {
	switch e {
	case entryPause:
		if shown.Icon.Paused {
			return h.actions.Resume
		}
		return h.actions.Pause
	case entryAdd:
		return h.actions.AddFiles
	case entryOpen:
		return h.actions.Open
	case entryUpdate:
		return h.actions.Update
	case entryQuit:
		return h.actions.Quit
	default:
		if id := shown.Menu[e].Job; id != "" && h.actions.Show != nil {
			return func() { h.actions.Show(id) }
		}
		return nil
	}
}
