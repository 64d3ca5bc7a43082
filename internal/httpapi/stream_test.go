package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/board"
	"sluice/internal/httpapi"
	"sluice/internal/job"
)

func TestEventsGoOnWhereAReaderWas(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		last string
		want []string // id and kind of the blocks that come at once
	}{
		"a new reader is told where it starts":    {"", []string{"b1-2 "}},
		"a reader who missed one gets it":         {"b1-1", []string{"b1-2 progress"}},
		"a reader who missed two gets them":       {"b1-0", []string{"b1-1 gone", "b1-2 progress"}},
		"another boot is a reset":                 {"b0-1", []string{"b1-2 reset"}},
		"an id from the future is a reset":        {"b1-9", []string{"b1-2 reset"}},
		"an id that is none is a reset":           {"what", []string{"b1-2 reset"}},
		"a reader who missed nothing gets no one": {"b1-2", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.board.Publish(board.Event{Kind: board.JobGone, JobID: "x"})
			w.board.Publish(board.Event{Kind: board.Progress, JobID: "y", Progress: job.Progress{Stage: job.Extract, Fraction: 0.5}})
			res := connect(t, w, tt.last)
			for _, want := range tt.want {
				if b := res.block(t); b.id+" "+b.kind != want {
					t.Errorf("got %+v, want %s", b, want)
				}
			}
			w.board.Publish(board.Event{Kind: board.JobGone, JobID: "z"})
			if b := res.block(t); b.id != "b1-3" || b.kind != "gone" || b.data != `{"id":"b1-3","kind":"gone","job_id":"z"}` {
				t.Errorf("then %+v", b)
			}
		})
	}
}

// What the app says of many jobs at once is an event like any other: it comes
// to everybody, and one who has seen it goes on after it.
func TestAResetOfTheAppReachesEveryReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.board.Publish(board.Event{Kind: board.JobGone, JobID: "x"})
	readers := []events{connect(t, w, "b1-1"), connect(t, w, "b1-1"), connect(t, w, "b1-0")}
	if b := readers[2].block(t); b.id != "b1-1" || b.kind != "gone" {
		t.Errorf("first came %+v", b)
	}
	w.board.Publish(board.Event{Kind: board.Reset})
	for i, r := range readers {
		if b := r.block(t); b.id != "b1-2" || b.kind != "reset" || b.data != `{"id":"b1-2","kind":"reset"}` {
			t.Errorf("reader %d got %+v", i, b)
		}
	}
	w.board.Publish(board.Event{Kind: board.LineChanged})
	readers = append(readers, connect(t, w, "b1-2"), connect(t, w, "b1-1"))
	if b := readers[4].block(t); b.id != "b1-2" || b.kind != "reset" {
		t.Errorf("one who was away got %+v", b)
	}
	for i, r := range readers {
		if b := r.block(t); b.id != "b1-3" || b.kind != "line" {
			t.Errorf("then reader %d got %+v", i, b)
		}
	}
}

func TestAJobThatIsGoneTellsWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	res := connect(t, w, "b1-0")
	w.board.Publish(board.Event{Kind: board.JobGone, JobID: "d1", Counts: map[job.State]int{job.Done: 4}})
	want := `{"id":"b1-1","kind":"gone","job_id":"d1","counts":{"queued":0,"running":0,"done":4,"failed":0,"canceled":0}}`
	if diff := cmp.Diff(want, res.block(t).data); diff != "" {
		t.Error(diff)
	}
}

// A client that does not read keeps its own stream waiting, and nobody else.
func TestASlowClientHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, stop := context.WithCancel(t.Context())
		follow := func(res http.ResponseWriter) <-chan struct{} {
			done := make(chan struct{})
			r := httptest.NewRequestWithContext(ctx, "GET", "/api/v1/events", http.NoBody)
			r.Header.Set("Last-Event-ID", "b1-0")
			go func() {
				defer close(done)
				w.routes.ServeHTTP(res, r)
			}()
			return done
		}
		slow := &stuckWriter{ResponseRecorder: httptest.NewRecorder(), free: make(chan struct{})}
		quick := httptest.NewRecorder()
		slowDone, quickDone := follow(slow), follow(quick)
		synctest.Wait()   // the slow one is stuck in its first block
		const many = 1500 // more than the board keeps
		for range many {
			w.board.Publish(board.Event{Kind: board.LineChanged})
			synctest.Wait()
		}
		close(slow.free)
		synctest.Wait()
		stop()
		<-slowDone
		<-quickDone
		if n := strings.Count(quick.Body.String(), "\nevent: line\n"); n != many {
			t.Errorf("the quick one got %d events of %d", n, many)
		}
		if got := slow.Body.String(); strings.Count(got, "event: ") != 1 || !strings.Contains(got, "id: b1-1500\nevent: reset\n") {
			t.Errorf("the slow one got %q", got)
		}
	})
}

// stuckWriter takes nothing until it is free.
type stuckWriter struct {
	*httptest.ResponseRecorder

	free chan struct{}
}

func (w *stuckWriter) Write(p []byte) (int, error) {
	<-w.free
	return w.ResponseRecorder.Write(p)
}

func TestTheWindowGetsTheJSONOfTheStream(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	res := connect(t, w, "b1-0")
	e := board.Event{Kind: board.JobChanged, Job: jobs()["r1"], Counts: map[job.State]int{job.Running: 1}}
	w.board.Publish(e)
	e.ID = "b1-1"
	want, err := json.Marshal(httpapi.EventOf(e))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), res.block(t).data); diff != "" {
		t.Error(diff)
	}
}

func TestAStreamEndsWithShutdown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	srv := httpapi.NewServer(w.routes)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	res := get(t, "http://"+l.Addr().String()+"/api/v1/events", "b1-0")
	if err := srv.Shutdown(t.Context()); err != nil { // waits for the stream
		t.Error(err)
	}
	if _, err := io.ReadAll(res.r); err != nil {
		t.Errorf("the stream was torn: %v", err)
	}
	if err := <-served; err != http.ErrServerClosed { //nolint:errorlint // Serve returns this very value
		t.Error(err)
	}
}

func TestASilentStreamShowsThatItLives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, stop := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, "GET", "/api/v1/events", http.NoBody)
		r.Header.Set("Last-Event-ID", "b1-0")
		res := httptest.NewRecorder()
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.routes.ServeHTTP(res, r)
		}()
		time.Sleep(time.Minute + time.Second) // fake time
		stop()
		<-done
		if n := strings.Count(res.Body.String(), ": still here\n\n"); n != 4 || !res.Flushed {
			t.Errorf("%d signs of life in a minute, flushed %v", n, res.Flushed)
		}
	})
}

// The client sends the third megabyte only when the first was read by Save,
// and so on: a server that held more than two would wait for ever.
func TestAnUploadIsNotHeldInMemory(t *testing.T) {
	t.Parallel()
	const size, piece = 64 << 20, 1 << 20
	for name, form := range map[string]bool{"as a body": false, "in a form": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, stop := context.WithTimeout(t.Context(), time.Minute) // only so that a defect does not hang
			defer stop()
			w := newWorld(t)
			read := make(chan struct{}, size/piece)
			w.uploads.hook = func(body io.Reader) error {
				for range size / piece {
					if _, err := io.CopyN(io.Discard, body, piece); err != nil {
						return err
					}
					read <- struct{}{}
				}
				return nil
			}
			srv := httptest.NewServer(w.routes)
			t.Cleanup(srv.Close)
			method, target, contentType, head, tail := "PUT", "/api/v1/uploads/a.mp4", "video/mp4", "", ""
			if form {
				method, target, contentType = "POST", "/api/v1/jobs", "multipart/form-data; boundary=B"
				head = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"\r\n\r\n"
				tail = "\r\n--B--\r\n"
			}
			file := &zeros{ctx: ctx.Done(), left: size, credit: 2 * piece, piece: piece, read: read}
			req, err := http.NewRequestWithContext(ctx, method, srv.URL+target, io.MultiReader(strings.NewReader(head), file, strings.NewReader(tail)))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", contentType)
			res, err := srv.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode >= 300 {
				t.Fatalf("status %d: %s %v", res.StatusCode, body, err)
			}
			if file.left != 0 {
				t.Errorf("%d bytes were not sent", file.left)
			}
		})
	}
}

func TestAnUploadThatBreaksIsNoUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := make(chan error, 1)
	w.uploads.hook = func(body io.Reader) error {
		_, err := io.Copy(io.Discard, body)
		broken <- err
		return err
	}
	srv := httptest.NewServer(w.routes)
	t.Cleanup(srv.Close)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "PUT /api/v1/uploads/a.mp4 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
	if tcp, ok := conn.(*net.TCPConn); ok { // nothing more comes, but the answer can
		if err := tcp.CloseWrite(); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-broken; err == nil {
		t.Error("the reader saw no error")
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !bytes.Contains(answer, []byte(" 400 ")) || !bytes.Contains(answer, []byte("upload_broken")) {
		t.Errorf("%v: %s", err, answer)
	}
}

// zeros is a large file that is made as it is read, as far as there is credit;
// every piece that the other side has read gives more.
type zeros struct {
	ctx                 <-chan struct{}
	left, credit, piece int64
	read                <-chan struct{}
}

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	if z.credit == 0 {
		select {
		case <-z.read:
			z.credit = z.piece
		case <-z.ctx:
			return 0, io.ErrUnexpectedEOF
		}
	}
	n := min(int64(len(p)), z.left, z.credit)
	clear(p[:n])
	z.left, z.credit = z.left-n, z.credit-n
	return int(n), nil
}

type block struct{ id, kind, data string }

type events struct{ r *bufio.Reader }

func connect(t *testing.T, w *world, last string) events {
	t.Helper()
	srv := httptest.NewServer(w.routes)
	t.Cleanup(srv.Close)
	return get(t, srv.URL+"/api/v1/events", last)
}

func get(t *testing.T, url, last string) events {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(stop) // before the server closes, which waits for us
	req, err := http.NewRequestWithContext(ctx, "GET", url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if ct := res.Header.Get("Content-Type"); ct != "text/event-stream" {
		t.Fatalf("content type %q", ct)
	}
	return events{bufio.NewReader(res.Body)}
}

// block reads to the next block that says something.
func (e events) block(t *testing.T) block {
	t.Helper()
	var b block
	for {
		line, err := e.r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "id":
			b.id = value
		case "event":
			b.kind = value
		case "data":
			b.data = value
		case "":
			if b != (block{}) {
				return b
			}
		}
	}
}
