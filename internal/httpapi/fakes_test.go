package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"sluice/internal/board"
	"sluice/internal/fault"
	"sluice/internal/httpapi"
	"sluice/internal/job"
	"sluice/internal/library"
	"sluice/internal/queue"
	"sluice/internal/transcript"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeDesk accepts every order and knows the jobs q1, r1, u1, d1, t1 to t4
// and "broken".
type fakeDesk struct {
	mu     sync.Mutex
	orders []job.Order
	filter queue.Filter
	known  bool   // every order is for a job that is there
	upload string // what the jobs that are there read
	err    error
	lost   error // of Position
	paused bool

	length  int64    // in ms, of the media of every job that is submitted
	steered []string // what was done to jobs, in words
	cleared int      // how many jobs Clear says that it has cleared
	placed  int      // how often Position was asked
}

var at = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

func jobs() map[string]job.Job {
	base := func(id string, s job.State) job.Job {
		return job.Job{
			ID: id, State: s, Title: "제목: a/b", Source: job.Source{Kind: job.FromPath, Path: "/m/a.mp4", Name: "a.mp4", Size: 5},
			Options: job.Options{Language: "ko", Model: "tiny"}, CreatedAt: at,
		}
	}
	all := map[string]job.Job{}
	for id, s := range map[string]job.State{"u1": job.Running, "q1": job.Queued, "r1": job.Running, "d1": job.Done, "t1": job.Done, "t2": job.Running, "t3": job.Done, "t4": job.Canceled} {
		all[id] = base(id, s)
	}
	for _, id := range []string{"t1", "t2", "t3", "t4"} { // these are translated and summed up
		j := all[id]
		j.Options.TranslateTo, j.Options.Summarize = []string{"en"}, true
		all[id] = j
	}
	return all
}

func (d *fakeDesk) Submit(_ context.Context, orders []job.Order) ([]queue.Accepted, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return nil, d.err
	}
	var out []queue.Accepted
	for _, o := range orders {
		d.orders = append(d.orders, o)
		j := job.Job{ID: fmt.Sprint("job", len(d.orders)), State: job.Queued, Title: o.Title, Metadata: o.Metadata, Priority: o.Priority, CreatedAt: at}
		j.DurationMS = d.length
		j.Source.Kind, j.Source.Upload = job.FromPath, d.upload
		out = append(out, queue.Accepted{Job: j, Existing: d.known})
	}
	return out, nil
}

func (d *fakeDesk) Get(_ context.Context, id string) (job.Job, error) {
	switch j, ok := jobs()[id]; {
	case id == "broken":
		return job.Job{}, errors.New("secret /var/db")
	case id == "panic":
		panic("secret")
	case id == "job1" && d.length > 0: // only so that what it has become can be told from what it was
		return job.Job{ID: id, State: job.Queued, Source: job.Source{Kind: job.FromPath}, DurationMS: d.length, ETASeconds: 95}, nil
	case ok:
		return j, nil
	}
	return job.Job{}, fault.New(fault.JobUnknown, "There is no such job.", nil)
}

func (d *fakeDesk) List(_ context.Context, f queue.Filter) (queue.Page, error) {
	d.filter = f
	p := queue.Page{Jobs: []job.Job{jobs()["q1"], jobs()["q1"]}, Next: "more", Total: 12}
	if f.Cursor == "" && f.Query == "" {
		p.First = max(1, f.From)
	}
	return p, f.Check()
}

func (d *fakeDesk) Position(context.Context, string) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.placed++
	return 7, d.lost
}

func (d *fakeDesk) Cancel(ctx context.Context, id string) (job.Job, error) {
	j, err := d.Get(ctx, id)
	if err == nil && j.State.Final() {
		err = fault.New(fault.JobFinal, "The job has ended.", nil)
	}
	return j, err
}

// did writes down what was done to a job that is there.
func (d *fakeDesk) did(ctx context.Context, id string, what ...any) (job.Job, error) {
	j, err := d.Get(ctx, id)
	if err != nil {
		return job.Job{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return job.Job{}, d.err
	}
	d.steered = append(d.steered, strings.TrimSpace(fmt.Sprintln(append([]any{id}, what...)...)))
	return j, nil
}

func (d *fakeDesk) Retry(ctx context.Context, id string, a job.Again) (job.Job, error) {
	what := []any{"retry", "from:" + string(a.From), "model:" + a.Model}
	if a.Hold {
		what = append(what, "held")
	}
	if !a.NotBefore.IsZero() {
		what = append(what, "not before "+a.NotBefore.UTC().Format(time.RFC3339))
	}
	return d.did(ctx, id, what...)
}

func (d *fakeDesk) Hold(ctx context.Context, id string, until time.Time) (job.Job, error) {
	what := []any{"hold"}
	if !until.IsZero() {
		what = append(what, "until "+until.UTC().Format(time.RFC3339))
	}
	return d.did(ctx, id, what...)
}

func (d *fakeDesk) Release(ctx context.Context, id string) (job.Job, error) {
	return d.did(ctx, id, "release")
}

// Move takes only q1 as a job to stand before.
func (d *fakeDesk) Move(ctx context.Context, id string, to job.Place) (job.Job, error) {
	switch before, err := d.Get(ctx, to.Before); {
	case to.Before == "":
	case err != nil:
		return job.Job{}, err
	case before.State != job.Queued:
		return job.Job{}, fault.New(fault.RequestInvalid, "That job is not in the line.", nil)
	}
	return d.did(ctx, id, "move", "to:"+string(to.To), "before:"+to.Before)
}

func (d *fakeDesk) SetPriority(ctx context.Context, id string, priority int) (job.Job, error) {
	return d.did(ctx, id, "priority", priority)
}

func (d *fakeDesk) Delete(ctx context.Context, id string) error {
	_, err := d.did(ctx, id, "delete")
	return err
}

func (d *fakeDesk) Clear(_ context.Context, state job.State) (int, error) {
	if d.err == nil {
		d.steered = append(d.steered, "clear "+string(state))
	}
	return d.cleared, d.err
}

func (d *fakeDesk) History(ctx context.Context, id string) ([]job.Event, error) {
	if _, err := d.Get(ctx, id); err != nil || id == "q1" {
		return nil, err
	}
	return []job.Event{
		{At: at.In(time.FixedZone("", 9*3600)), Verb: job.VerbSubmit, To: job.Queued, Reason: job.Turn, Token: 1, Owner: "secret"},
		{At: at, Verb: job.VerbSettle, From: job.Running, To: job.Failed, Stage: job.Extract, Code: "no_audio_track"},
	}, nil
}

func (d *fakeDesk) Dismiss(_ context.Context, id string) error {
	if d.err == nil {
		d.steered = append(d.steered, id+" dismissed")
	}
	return d.err
}

// Drop refuses what ends in .txt.
func (d *fakeDesk) Drop(ctx context.Context, paths []string) (out []queue.Accepted, refused []job.Refused, err error) {
	for _, p := range paths {
		if strings.HasSuffix(p, ".txt") {
			refused = append(refused, job.Refused{Path: p, Name: "n.txt", Code: "not_media", Message: "This is no audio or video."})
			continue
		}
		got, err := d.Submit(ctx, []job.Order{{Source: p, Title: p}})
		if err != nil {
			return nil, nil, err
		}
		out = append(out, got...)
	}
	return out, refused, nil
}

func (d *fakeDesk) Pause(context.Context) error  { d.paused = true; return d.err }
func (d *fakeDesk) Resume(context.Context) error { d.paused = false; return d.err }

// fakeUploads counts what comes in, through a hook if there is one.
type fakeUploads struct {
	mu    sync.Mutex
	names []string
	gone  []string // ids that were discarded
	hook  func(io.Reader) error
}

func (u *fakeUploads) Discard(ctx context.Context, id string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.gone = append(u.gone, id)
	return nil
}

func (u *fakeUploads) Room(_ context.Context, bytes int64) error {
	if bytes > roomOfFakes {
		return fault.New(fault.RequestTooLarge, "There is no room.", nil)
	}
	return nil
}

const roomOfFakes = 1 << 30 // bytes

func (u *fakeUploads) Save(_ context.Context, name string, body io.Reader, _ int64) (string, job.Source, error) {
	if u.hook != nil {
		if err := u.hook(body); err != nil {
			return "", job.Source{}, err
		}
	}
	n, err := io.Copy(io.Discard, body)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.names = append(u.names, name)
	return fmt.Sprint("UP", len(u.names)), job.Source{Kind: job.FromUpload, Name: name, Size: n}, err
}

// fakeLine is what the board reads.
type fakeLine struct{}

func (fakeLine) Standing(context.Context, int, int) (board.Standing, error) {
	j := jobs()
	first := j["q1"]
	first.Reason, first.ReasonText, first.Need, first.DurationMS = job.Memory, "needs 2 GB, 1 GB free", job.Need{Bytes: 2e9}, 61_000
	return board.Standing{
		Counts: map[job.State]int{job.Queued: 2, job.Running: 1}, Paused: true, ETASeconds: 90,
		Next: []job.Job{first, j["q1"]},
		Notices: []job.Notice{
			{ID: "n1", At: at, Code: job.StartedEmpty, Text: "It was damaged.", Hint: "Submit again."},
			{ID: "n2", At: at, Code: job.UpdateAvailable, Text: "1.3.0 is there.", Hint: "See it.", Version: "1.3.0", URL: "https://github.com/x"},
		},
	}, nil
}

func (fakeLine) Reading() job.Reading { return job.Reading{At: at, Level: job.Warn} }

func (fakeLine) Shut() string   { return "" }
func (fakeLine) Ceiling() int64 { return 10 << 30 }

func (fakeLine) Holders(context.Context) ([]job.Holder, error) {
	return []job.Holder{{Kind: job.HolderEngine, Name: "tiny", Bytes: 1 << 30, Count: 1}}, nil
}

func (fakeLine) History(_ context.Context, since time.Time, points int) ([]job.Sample, error) {
	return []job.Sample{{At: since, Level: job.Warn, Depth: points}}, nil
}

func (fakeLine) Runs(_ context.Context, since time.Time, most int) ([]job.PastRun, error) {
	return []job.PastRun{
		{JobID: "d1", Title: "a", Stage: job.Extract, StartedAt: since.UTC(), FinishedAt: at, Outcome: job.RunCrashed},
		{JobID: "r1", Title: fmt.Sprint("most ", most), Stage: job.Transcribe, StartedAt: at, Outcome: job.RunRunning},
	}, nil
}

func (fakeLine) Waits(context.Context, time.Time, int) ([]job.PastWait, error) {
	return []job.PastWait{{JobID: "q1", Title: "b", Reason: job.Memory, From: at}}, nil
}

func (fakeLine) Throughput(_ context.Context, hours int) (job.Throughput, error) {
	return job.Throughput{Hours: []job.Hour{{At: at, Done: hours, MediaMS: 61_000}}}, nil
}

func (fakeLine) Worker(context.Context) (job.Worker, error) {
	return job.Worker{
		State: job.WorkerWorking, Since: at.In(time.FixedZone("", 9*3600)), JobID: "r1", Stage: job.Transcribe,
		Engine: &job.EngineNow{PID: 7, Model: "tiny", Bytes: 1 << 30, Warm: true},
	}, nil
}

func (fakeLine) Process(context.Context) job.Process {
	return job.Process{StartedAt: at, Resident: 1 << 20, CPUSeconds: 1.5}
}

// fakeShelf has a whole transcript of d1 and t1, a part of the others', and
// nothing yet of u1's; and a translation and a summary of t1, the former
// also of t2 as far as it is.
type fakeShelf struct{}

func (fakeShelf) Transcript(_ context.Context, id string) (transcript.Transcript, error) {
	if id == "u1" {
		return transcript.Transcript{Segments: []transcript.Segment{}}, nil
	}
	return transcript.Transcript{
		Language: "ko", Complete: id == "d1" || id == "t1",
		Segments: []transcript.Segment{{ID: 1, EndMS: 1000, Text: "안녕하세요"}},
	}, nil
}

func (fakeShelf) Translation(_ context.Context, id, language string) (transcript.Transcript, error) {
	return transcript.Transcript{
		Language: language, Complete: id == "t1",
		Segments: []transcript.Segment{{ID: 1, EndMS: 1000, Text: "Good day"}},
	}, nil
}

// Edit takes what says what it should, of the one segment there is.
func (fakeShelf) Edit(_ context.Context, _, _ string, edits []library.Edit) error {
	for _, e := range edits {
		switch {
		case e.Segment != 1:
			return fault.New(fault.RequestInvalid, "There is no segment 2.", nil)
		case e.Was != nil && *e.Was != "안녕하세요":
			return fault.New(fault.EditConflict, "It says something else.", nil)
		}
	}
	return nil
}

func (fakeShelf) Summary(_ context.Context, id string) (*transcript.Summary, error) {
	if id != "t1" {
		return nil, nil
	}
	return &transcript.Summary{
		Language: "en", Title: "A greeting", Text: "Somebody says hello.", KeyPoints: []string{"Hello was said."},
		Chapters: []transcript.Chapter{{StartMS: 61_000, Title: "The end"}}, CoveragePercent: 97,
	}, nil
}

// Search finds one word and no other, and one page of it.
func (fakeShelf) Search(_ context.Context, q library.Query) (library.Found, error) {
	switch {
	case q.Cursor == "bad":
		return library.Found{}, fault.New(fault.RequestInvalid, "This cursor belongs to another search.", nil)
	case q.Text != "ferry":
		return library.Found{}, nil
	}
	return library.Found{Next: fmt.Sprint(q.Limit, q.Cursor), Hits: []library.Hit{
		{JobID: "d1", Title: "A ferry", Text: "A ferry"},
		{JobID: "d1", Title: "A ferry", Segment: 3, StartMS: 1500, EndMS: 2500, Text: "The last ferry."},
	}}, nil
}

// world is the routes over fakes.
type world struct {
	t       *testing.T
	desk    *fakeDesk
	uploads *fakeUploads
	board   *board.Board
	log     *bytes.Buffer // only for tests that make one request at a time
	routes  http.Handler
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, desk: &fakeDesk{}, uploads: &fakeUploads{}, log: &bytes.Buffer{}, board: board.New("b1", fakeLine{}, fakeLine{})}
	w.routes = w.with(func(*httpapi.Deps) {})
	return w
}

// with gives routes over the same fakes with something changed.
func (w *world) with(change func(*httpapi.Deps)) http.Handler {
	d := httpapi.Deps{
		Desk: w.desk, Uploads: w.uploads, Library: library.New(fakeShelf{}, w.desk), Board: w.board, Machine: fakeLine{}, Doctor: fakeDoctor{}, Models: &fakeModels{},
		LanguageModels: &fakeLanguageModels{}, Deliveries: &fakeDeliveries{}, Media: fakeMedia{}, Attempts: fakeAttempts{}, Tickets: httpapi.NewTickets(), Settings: &fakeSettings{},
		Page: fstest.MapFS{
			"index.html":       {Data: []byte("<!doctype html>")},
			"assets/a-1.js":    {Data: []byte("1")},
			"assets/deep/b.js": {Data: []byte("2")},
		},
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Version: "dev", Boot: "b1", PID: 42,
	}
	change(&d)
	return follow(w.t, httpapi.New(d))
}
