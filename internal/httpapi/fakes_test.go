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

// fakeDesk accepts every order and knows the jobs q1, r1, u1, d1 and "broken".
type fakeDesk struct {
	mu     sync.Mutex
	orders []job.Order
	filter queue.Filter
	known  bool   // every order is for a job that is there
	upload string // what the jobs that are there read
	err    error
	lost   error // of Position
	paused bool
}

var at = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

func jobs() map[string]job.Job {
	base := func(id string, s job.State) job.Job {
		return job.Job{
			ID: id, State: s, Title: "제목: a/b", Source: job.Source{Kind: job.FromPath, Path: "/m/a.mp4", Name: "a.mp4", Size: 5},
			Options: job.Options{Language: "ko", Model: "tiny"}, CreatedAt: at,
		}
	}
	return map[string]job.Job{"u1": base("u1", job.Running), "q1": base("q1", job.Queued), "r1": base("r1", job.Running), "d1": base("d1", job.Done)}
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
		j := job.Job{ID: fmt.Sprint("job", len(d.orders)), State: job.Queued, Title: o.Title, Metadata: o.Metadata, CreatedAt: at}
		j.Source.Upload = d.upload
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
	case ok:
		return j, nil
	}
	return job.Job{}, fault.New(fault.JobUnknown, "There is no such job.", nil)
}

func (d *fakeDesk) List(_ context.Context, f queue.Filter) (queue.Page, error) {
	d.filter = f
	return queue.Page{Jobs: []job.Job{jobs()["q1"], jobs()["q1"]}, Next: "more"}, nil
}

func (d *fakeDesk) Position(context.Context, string) (int, error) { return 7, d.lost }

func (d *fakeDesk) Cancel(ctx context.Context, id string) (job.Job, error) {
	j, err := d.Get(ctx, id)
	if err == nil && j.State.Final() {
		err = fault.New(fault.JobFinal, "The job has ended.", nil)
	}
	return j, err
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
	}, nil
}

func (fakeLine) Reading() job.Reading { return job.Reading{At: at, Level: job.Warn} }
func (fakeLine) Ceiling() int64       { return 10 << 30 }

func (fakeLine) Holders(context.Context) ([]job.Holder, error) {
	return []job.Holder{{Kind: job.HolderEngine, Name: "tiny", Bytes: 1 << 30, Count: 1}}, nil
}

func (fakeLine) History(_ context.Context, since time.Time, points int) ([]job.Sample, error) {
	return []job.Sample{{At: since, Level: job.Warn, Depth: points}}, nil
}

// fakeShelf has a whole transcript of d1, a part of the others', and nothing
// yet of u1's.
type fakeShelf struct{}

func (fakeShelf) Transcript(_ context.Context, id string) (transcript.Transcript, error) {
	if id == "u1" {
		return transcript.Transcript{Segments: []transcript.Segment{}}, nil
	}
	return transcript.Transcript{
		Language: "ko", Complete: id == "d1",
		Segments: []transcript.Segment{{ID: 1, EndMS: 1000, Text: "안녕하세요"}},
	}, nil
}

// world is the routes over fakes.
type world struct {
	desk    *fakeDesk
	uploads *fakeUploads
	board   *board.Board
	log     *bytes.Buffer // only for tests that make one request at a time
	routes  http.Handler
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{desk: &fakeDesk{}, uploads: &fakeUploads{}, log: &bytes.Buffer{}, board: board.New("b1", fakeLine{}, fakeLine{})}
	w.routes = w.with(func(*httpapi.Deps) {})
	return w
}

// with gives routes over the same fakes with something changed.
func (w *world) with(change func(*httpapi.Deps)) http.Handler {
	d := httpapi.Deps{
		Desk: w.desk, Uploads: w.uploads, Library: library.New(fakeShelf{}, w.desk), Board: w.board, Machine: fakeLine{},
		Page: fstest.MapFS{
			"index.html":       {Data: []byte("<!doctype html>")},
			"assets/a-1.js":    {Data: []byte("1")},
			"assets/deep/b.js": {Data: []byte("2")},
		},
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Version: "dev", Boot: "b1", PID: 42,
	}
	change(&d)
	return httpapi.New(d)
}
