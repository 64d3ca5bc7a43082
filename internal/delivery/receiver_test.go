package delivery_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/internal/delivery"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/netguard"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
)

const key = "a key that both sides know"

// receiver is a real HTTP server that checks what it gets.
type receiver struct {
	*httptest.Server
	t      *testing.T
	mu     sync.Mutex
	ids    []string
	bodies [][]byte
	came   chan struct{}
	answer http.HandlerFunc // nil = 204
}

func receive(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{t: t, came: make(chan struct{}, 100), answer: answer}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP looks at a message as somebody does who knows only what the docs say.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = fmt.Fprintf(mac, "%s.%s", req.Header.Get("Sluice-Timestamp"), body)
	if want := "v1=" + hex.EncodeToString(mac.Sum(nil)); req.Header.Get("Sluice-Signature") != want {
		r.t.Errorf("the signature is %q, want %q", req.Header.Get("Sluice-Signature"), want)
	}
	r.mu.Lock()
	r.ids, r.bodies = append(r.ids, req.Header.Get("Sluice-Delivery")), append(r.bodies, body)
	r.mu.Unlock()
	defer func() { r.came <- struct{}{} }()
	if r.answer != nil {
		r.answer(w, req)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// got is the ids that came so far.
func (r *receiver) got() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.ids...)
}

func signed(context.Context) ([]byte, error) { return []byte(key), nil }

func guard(t *testing.T, allow ...string) *netguard.Guard {
	t.Helper()
	g, err := netguard.New(netguard.Config{Allow: allow, Connect: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// until looks again and again; a real receiver has a clock of its own.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(5 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

func TestAMessageHasAllThatTheJobGave(t *testing.T) {
	t.Parallel()
	r := receive(t, nil)
	b := newBox(r.URL + "/hook?key=secret")
	running(t, delivery.Deps{Outbox: b, Guard: guard(t, "127.0.0.1"), Key: signed}, delivery.Config{})
	<-r.came
	until(t, "delivered", func() bool { return b.get("a").State == job.DeliveryDelivered })
	var m delivery.Message
	if err := json.Unmarshal(r.bodies[0], &m); err != nil {
		t.Fatal(err)
	}
	if m.ID != "a" || m.Event != "job.done" || m.Job.ID != "job-a" || m.Job.State != job.Done || m.Metadata["video_id"] != "v42" ||
		m.Transcript.Segments[0].Text != "hello" || m.Translations["ko"].Segments[0].Text != "안녕하세요" || m.Summary.Title != "Greeting" || m.Job.Error != nil {
		t.Errorf("got %s", r.bodies[0])
	}
	if text := string(r.bodies[0]); strings.Contains(text, "/home/ann") || strings.Contains(text, `\u003c`) {
		t.Errorf("got %s", text)
	}
}

func TestAMessageOfAFailureSaysWhyAndTellsNoPath(t *testing.T) {
	t.Parallel()
	r := receive(t, nil)
	b := newBox(r.URL)
	failed := b.get("a")
	failed.Event = job.EventFailed
	b.all["a"] = failed
	running(t, delivery.Deps{Outbox: b, Guard: guard(t, "127.0.0.1"), Key: signed}, delivery.Config{})
	<-r.came
	var m delivery.Message
	if err := json.Unmarshal(r.bodies[0], &m); err != nil {
		t.Fatal(err)
	}
	if m.Event != "job.failed" || m.Job.State != job.Failed || m.Job.Error.Code != "engine_crashed" || m.Job.Error.Detail != "" {
		t.Errorf("got %s", r.bodies[0])
	}
}

// It dies while it reads, is away, and comes back at its old address.
func TestAReceiverThatDiesAndComesBackGetsItsMessage(t *testing.T) {
	t.Parallel()
	dying, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := dying.Addr().String()
	go func() {
		conn, err := dying.Accept()
		if err != nil {
			return
		}
		_, _ = io.CopyN(io.Discard, conn, 100_000) // a part of the message
		_ = dying.Close()
		_ = conn.Close()
	}()
	b := newBox("http://" + address)
	s, _ := running(t, delivery.Deps{Outbox: b, Results: results{bytes: 8 << 20}, Guard: guard(t, "127.0.0.1"), Key: signed}, delivery.Config{})
	for attempts := 1; attempts <= 2; attempts++ {
		until(t, "a failed attempt", func() bool { return b.get("a").TriedAt.After(b.get("a").Since) && b.get("a").Attempts == 1 })
		if d := b.get("a"); d.State != job.DeliveryPending || !strings.Contains(d.LastError, "cannot be reached") {
			t.Errorf("attempt %d: it is %+v", attempts, d)
		}
		if attempts == 2 {
			break
		}
		b.redeliver("a")
		s.Wake()
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{t: t, came: make(chan struct{}, 100)}
	r.Server = httptest.NewUnstartedServer(r)
	_ = r.Listener.Close()
	r.Listener = listener
	r.Start()
	t.Cleanup(r.Close)
	b.redeliver("a")
	s.Wake()
	until(t, "delivered", func() bool { return b.get("a").State == job.DeliveryDelivered })
	if got := r.got(); len(got) != 1 || got[0] != "a" {
		t.Errorf("got %q", got)
	}
}

func TestAReceiverThatFailsGetsTheMessageAgain(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer http.HandlerFunc // the first time
		says   string
	}{
		"it answers 500": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "500"},
		"it is too slow": {func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() }, "in time"},
		"it breaks off without an answer": {func(http.ResponseWriter, *http.Request) {
			panic(http.ErrAbortHandler)
		}, "broke the connection off"},
		"it breaks off within its headers": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Le")
			_ = conn.Close()
		}, "broke the connection off"},
		"it speaks no HTTP": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			_, _ = io.WriteString(conn, "220 mail.example.com ESMTP\r\n")
			_ = conn.Close()
		}, "cannot be reached"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var once sync.Once
			r := receive(t, func(w http.ResponseWriter, req *http.Request) {
				first := false
				once.Do(func() { first = true })
				if first {
					test.answer(w, req)
				}
			})
			b := newBox(r.URL)
			s, _ := running(t, delivery.Deps{Outbox: b, Guard: guard(t, "127.0.0.1"), Key: signed}, delivery.Config{Timeout: time.Second})
			until(t, "one attempt", func() bool { return b.get("a").Attempts == 1 })
			if d := b.get("a"); d.State != job.DeliveryPending || !strings.Contains(d.LastError, test.says) {
				t.Errorf("it is %+v", d)
			}
			b.redeliver("a")
			s.Wake()
			until(t, "delivered", func() bool { return b.get("a").State == job.DeliveryDelivered })
			if got := r.got(); len(got) != 2 || got[0] != "a" || got[1] != "a" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// A receipt is a receipt, whatever comes behind its status.
func TestTheBodyOfAnAnswerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"it never ends": func(w http.ResponseWriter, req *http.Request) {
			for req.Context().Err() == nil {
				_, _ = w.Write(make([]byte, 32<<10))
			}
		},
		"it is cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half"))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := receive(t, answer)
			b := newBox(r.URL)
			running(t, delivery.Deps{Outbox: b, Guard: guard(t, "127.0.0.1"), Key: signed}, delivery.Config{Timeout: 20 * time.Second})
			until(t, "delivered", func() bool { return b.get("a").State == job.DeliveryDelivered })
		})
	}
}

func TestARedirectLeadsNowhere(t *testing.T) {
	t.Parallel()
	inside := receive(t, nil)
	for _, status := range []int{301, 302, 303, 307, 308} {
		r := receive(t, func(w http.ResponseWriter, req *http.Request) { http.Redirect(w, req, inside.URL+"/admin", status) })
		b := newBox(r.URL)
		_, stop := running(t, delivery.Deps{Outbox: b, Guard: guard(t, r.Listener.Addr().String()), Key: signed}, delivery.Config{})
		until(t, "one attempt", func() bool { return b.get("a").Attempts == 1 })
		if d := b.get("a"); d.LastStatus != status || !strings.Contains(d.LastError, "redirects are not followed") {
			t.Errorf("it is %+v", d)
		}
		stop()
	}
	if got := inside.got(); len(got) > 0 {
		t.Errorf("the private address got %q", got)
	}
}

func TestAPrivateAddressGetsNothing(t *testing.T) {
	t.Parallel()
	inside := receive(t, nil)
	_, port, _ := net.SplitHostPort(inside.Listener.Addr().String())
	for name, test := range map[string]struct {
		url   string
		state job.DeliveryState
	}{
		"by its number": {inside.URL, job.DeliveryParked},
		"by a name, which may lead elsewhere yet": {"http://localhost:" + port, job.DeliveryPending},
		"by another scheme":                       {"ftp://receiver.example.com", job.DeliveryParked},
		"by no address at all":                    {"http://[", job.DeliveryParked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBox(test.url)
			running(t, delivery.Deps{Outbox: b, Guard: guard(t), Key: signed}, delivery.Config{})
			until(t, "one attempt", func() bool { return b.get("a").Attempts == 1 })
			if d := b.get("a"); d.State != test.state || d.LastError == "" {
				t.Errorf("it is %+v", d)
			}
		})
	}
	if got := inside.got(); len(got) > 0 {
		t.Errorf("it got %q", got)
	}
}

func TestNothingGoesOutUnsignedForWantOfAKey(t *testing.T) {
	t.Parallel()
	r := receive(t, nil)
	b := newBox(r.URL)
	locked := func(context.Context) ([]byte, error) { return nil, errors.New("the keychain is locked") }
	running(t, delivery.Deps{Outbox: b, Guard: guard(t, "127.0.0.1"), Key: locked}, delivery.Config{})
	until(t, "one attempt", func() bool { return b.get("a").Attempts == 1 })
	if d := b.get("a"); d.State != job.DeliveryPending || !strings.Contains(d.LastError, "key") || len(r.got()) > 0 {
		t.Errorf("it is %+v", d)
	}
}

func TestWhatCannotBeReadIsTriedAgainAndWhatIsGoneIsNot(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err   error
		state job.DeliveryState
	}{
		"the store is busy": {errors.New("busy"), job.DeliveryPending},
		"the job is gone":   {fault.New(fault.JobUnknown, "There is no such job.", nil), job.DeliveryParked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBox("https://receiver.example.com")
			running(t, delivery.Deps{Outbox: b, Guard: guard(t), Results: results{err: test.err}}, delivery.Config{})
			until(t, "one attempt", func() bool { return b.get("a").Attempts == 1 })
			if d := b.get("a"); d.State != test.state {
				t.Errorf("it is %+v", d)
			}
		})
	}
}

// The app dies between the end of a job and its delivery, then in the middle of
// the delivery, and then lives.
func TestADeathLosesNoDelivery(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	var once sync.Once
	r := receive(t, func(w http.ResponseWriter, req *http.Request) {
		first := false
		once.Do(func() { first = true })
		if first { // it has the message, but its answer never arrives
			close(hold)
			<-req.Context().Done()
		}
	})
	path := filepath.Join(t.TempDir(), "sluice.db")
	s := store(t, path)
	accepted, err := s.Submit(t.Context(), []job.Draft{{
		Title: "talk", Source: job.Source{Kind: job.FromPath, Path: "/media/talk", Name: "talk"}, Options: job.Options{Language: "auto", Model: "tiny"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	webhook(t, path, r.URL)
	_, lease, err := s.Take(t.Context(), accepted[0].Job.ID, "me")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Settle(t.Context(), lease, queue.Outcome{State: job.Done}); err != nil {
		t.Fatal(err)
	}

	dead := killed(t, path) // before anything was sent
	s = store(t, dead)
	_, stop := running(t, delivery.Deps{Outbox: s, Guard: guard(t, "127.0.0.1"), Key: signed}, delivery.Config{})
	<-hold
	dead = killed(t, dead) // while it was sent
	stop()

	s = store(t, dead)
	running(t, delivery.Deps{Outbox: s, Guard: guard(t, "127.0.0.1"), Key: signed}, delivery.Config{})
	delivered := func() []job.Delivery {
		found, err := s.Deliveries(t.Context(), job.DeliveryFilter{State: job.DeliveryDelivered})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	until(t, "delivered", func() bool { return len(delivered()) == 1 })
	got := r.got()
	if len(got) != 2 || got[0] != got[1] || got[0] != delivered()[0].ID || string(r.bodies[0]) != string(r.bodies[1]) {
		t.Errorf("got %q: %s", got, r.bodies)
	}
	j, err := s.Get(t.Context(), accepted[0].Job.ID)
	if err != nil || j.State != job.Done || j.Attempts != 0 {
		t.Errorf("the job is %+v, %v", j, err)
	}
}

func store(t *testing.T, path string) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// killed is the files as a process leaves them that is killed now.
func killed(t *testing.T, path string) string {
	t.Helper()
	left := filepath.Join(t.TempDir(), "sluice.db")
	for _, side := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + side)
		if err == nil {
			err = os.WriteFile(left+side, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return left
}

func webhook(t *testing.T, path, url string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), `PRAGMA busy_timeout = 5000; UPDATE jobs SET options = json_set(options, '$.webhook', '`+url+`')`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
