package notice_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/board"
	"sluice/internal/job"
	"sluice/internal/notice"
)

// line is a line as a store keeps one, in the order in which jobs came.
type line struct {
	mu     sync.Mutex
	jobs   []job.Job
	paused bool
	err    error
	asked  int
}

func (l *line) Standing(_ context.Context, next, last int) (board.Standing, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	out := board.Standing{Counts: l.counts(), Paused: l.paused}
	for _, j := range l.jobs {
		switch {
		case j.State == job.Running:
			out.Running = append(out.Running, j)
		case j.State.Final():
			out.Last = append(out.Last, j)
		default:
			if l.paused && j.Reason.Blocking() {
				j.Reason = job.Paused
			}
			out.Next = append(out.Next, j)
		}
	}
	slices.SortStableFunc(out.Last, func(a, b job.Job) int { return b.FinishedAt.Compare(a.FinishedAt) })
	out.Next, out.Last = out.Next[:min(next, len(out.Next))], out.Last[:min(last, len(out.Last))]
	return out, l.err
}

func (l *line) counts() map[job.State]int {
	out := map[job.State]int{}
	for _, j := range l.jobs {
		out[j.State]++
	}
	return out
}

func (*line) Reading() job.Reading { return job.Reading{} }
func (*line) Shut() string         { return "" }

// desktop shows notifications to nobody.
type desktop struct {
	mu    sync.Mutex
	notes []notice.Note
	at    []time.Time
	err   error
	hang  chan struct{} // not nil: showing takes until this is closed
}

func (d *desktop) send(_ context.Context, n notice.Note) error {
	d.mu.Lock()
	hang, err := d.hang, d.err
	d.mu.Unlock()
	if hang != nil {
		<-hang // as a desktop that does not answer
	}
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notes, d.at = append(d.notes, n), append(d.at, time.Now())
	return nil
}

func (d *desktop) set(change func(*desktop)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

// take gives what was shown since it was asked last, titles and bodies.
func (d *desktop) take() []string {
	out := []string{}
	for _, n := range d.takeNotes() {
		out = append(out, n.Title+" | "+n.Body)
	}
	return out
}

func (d *desktop) takeNotes() []notice.Note {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := d.notes
	d.notes = nil
	return out
}

// bench is a line, the board over it, and what tells of them.
type bench struct {
	*notice.Notices
	*desktop
	line  *line
	board *board.Board
	log   *bytes.Buffer // read it when nothing runs
	end   func()

	mu      sync.Mutex
	about   string
	looking bool
}

// newBench has what is told of ready, in a synctest bubble; nothing runs yet.
func newBench(about string) *bench {
	x := &bench{desktop: &desktop{}, line: &line{}, about: about, log: &bytes.Buffer{}}
	x.board = board.New("boot", x.line, x.line)
	return x
}

// open starts to tell; all of it ends with end.
func (x *bench) open(t *testing.T) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(x.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	x.Notices = notice.New(x.board, notice.Config{
		About:   func() string { x.mu.Lock(); defer x.mu.Unlock(); return x.about },
		Looking: func() bool { x.mu.Lock(); defer x.mu.Unlock(); return x.looking },
		Send:    x.send,
	}, log)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- x.Run(ctx) }()
	x.end = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	synctest.Wait()
}

// start is a bench that tells already.
func start(t *testing.T, about string) *bench {
	t.Helper()
	x := newBench(about)
	x.open(t)
	return x
}

func (x *bench) choose(about string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.about = about
}

func (x *bench) look(now bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.looking = now
}

// put changes a job, or makes it, and says so as the app does.
func (x *bench) put(id string, change func(*job.Job)) {
	x.line.mu.Lock()
	i := slices.IndexFunc(x.line.jobs, func(j job.Job) bool { return j.ID == id })
	if i < 0 {
		i = len(x.line.jobs)
		x.line.jobs = append(x.line.jobs, job.Job{ID: id, Title: id + ".mp4", State: job.Queued})
	}
	change(&x.line.jobs[i])
	j, counts := x.line.jobs[i], x.line.counts()
	x.line.mu.Unlock()
	x.board.Publish(board.Event{Kind: board.JobChanged, JobID: id, Job: j, Counts: counts})
	synctest.Wait()
}

func queued(j *job.Job) {
	j.State, j.Reason, j.FinishedAt = job.Queued, job.Turn, time.Time{}
}
func running(j *job.Job)  { j.State, j.Reason = job.Running, "" }
func done(j *job.Job)     { finish(j, job.Done) }
func canceled(j *job.Job) { finish(j, job.Canceled) }
func failed(j *job.Job) {
	finish(j, job.Failed)
	j.Error = &job.Failure{Code: "no_audio_track", Message: "The file has no sound."}
}

func finish(j *job.Job, s job.State) {
	j.State, j.FinishedAt = s, time.Now().Truncate(time.Millisecond)
}

func waits(r job.Reason) func(*job.Job) {
	return func(j *job.Job) { queued(j); j.Reason = r }
}

// add has jobs stand in line.
func (x *bench) add(ids ...string) {
	for _, id := range ids {
		x.put(id, queued)
	}
}

// run has a job run for a minute and end.
func (x *bench) run(id string, ends func(*job.Job)) {
	x.put(id, running)
	pass(time.Minute)
	x.put(id, ends)
}

// remove deletes a job.
func (x *bench) remove(id string) {
	x.line.mu.Lock()
	x.line.jobs = slices.DeleteFunc(x.line.jobs, func(j job.Job) bool { return j.ID == id })
	counts := x.line.counts()
	x.line.mu.Unlock()
	x.board.Publish(board.Event{Kind: board.JobGone, JobID: id, Counts: counts})
	synctest.Wait()
}

// silently changes the line without a word.
func (x *bench) silently(change func(*line)) {
	x.line.mu.Lock()
	defer x.line.mu.Unlock()
	change(x.line)
}

func (x *bench) pause(on bool) {
	x.silently(func(l *line) { l.paused = on })
	x.board.Publish(board.Event{Kind: board.LineChanged})
	synctest.Wait()
}

func (x *bench) publish(k board.Kind) {
	x.board.Publish(board.Event{Kind: k})
	synctest.Wait()
}

// names makes ids of so many jobs.
func names(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%d", prefix, i+1)
	}
	return out
}

// pass lets fake time pass.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
