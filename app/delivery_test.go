package app_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/transcript"
)

// hookKey is what messages are signed with here.
const hookKey = "between you and me"

// telling is a home that may tell receivers on this machine.
func telling(t *testing.T) home {
	t.Helper()
	h := newHome(t)
	h.configure("webhook.allow = [\"127.0.0.1\"]\nwebhook.secret = \"" + hookKey + "\"\n")
	return h
}

// message is what a receiver reads.
type message struct {
	ID    string
	Event string
	Job   struct {
		ID, Title, State string
		Error            *struct{ Code string }
	}
	Metadata   map[string]string
	Transcript *transcript.Transcript
}

// receiver is somebody who wants to know. It checks each message, and that none
// comes again which it has taken, unless that was asked for.
type receiver struct {
	t       *testing.T
	srv     *httptest.Server
	arrived chan string // ids, as soon as a message has been read

	mu     sync.Mutex
	got    []message
	taken  map[string]int
	again  bool             // messages may come again
	answer http.HandlerFunc // to the next ones; nil = they are taken
}

func newReceiver(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{t: t, arrived: make(chan string, 100), taken: map[string]int{}, answer: answer}
	r.srv = httptest.NewUnstartedServer(r)
	t.Cleanup(func() { r.srv.CloseClientConnections(); r.srv.Close() })
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	mac := hmac.New(sha256.New, []byte(hookKey))
	_, _ = io.WriteString(mac, req.Header.Get("Sluice-Timestamp")+"."+string(body))
	if want := "v1=" + hex.EncodeToString(mac.Sum(nil)); req.Header.Get("Sluice-Signature") != want {
		r.t.Errorf("the signature is %q, want %q", req.Header.Get("Sluice-Signature"), want)
	}
	stamp, err := strconv.ParseInt(req.Header.Get("Sluice-Timestamp"), 10, 64)
	if since := time.Since(time.Unix(stamp, 0)); err != nil || since.Abs() > patience {
		r.t.Errorf("it was signed %v ago: %v", since, err)
	}
	var m message
	if err := json.Unmarshal(body, &m); err != nil || req.Header.Get("Sluice-Delivery") != m.ID || req.Header.Get("Sluice-Event") != m.Event {
		r.t.Errorf("%v in %s, sent as %v", err, body, req.Header)
	}
	r.mu.Lock()
	r.got = append(r.got, m)
	if r.taken[m.ID] > 0 && !r.again {
		r.t.Errorf("message %s comes again, and was taken", m.ID)
	}
	answer := r.answer
	r.mu.Unlock()
	r.arrived <- m.ID
	if answer != nil {
		answer(w, req)
		return
	}
	r.take(m.ID)
	w.WriteHeader(http.StatusAccepted)
}

func (r *receiver) take(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken[id]++
}

func (r *receiver) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// messages are those that came so far.
func (r *receiver) messages() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]message{}, r.got...)
}

// url is where it listens, with something in it that is nobody's business.
func (r *receiver) url() string {
	return "http://" + r.srv.Listener.Addr().String() + "/done?token=secret"
}

// next waits for a message, and gives its id.
func (r *receiver) next() string {
	r.t.Helper()
	select {
	case id := <-r.arrived:
		return id
	case <-time.After(patience):
		r.t.Fatal("no message comes")
		return ""
	}
}

// sent is a delivery as the API shows it.
type sent struct {
	ID         string
	Event      string
	To         string
	State      string
	Attempts   int
	LastStatus int    `json:"last_status"`
	LastError  string `json:"last_error"`
}

// delivery waits until the only message about a job is as it should be.
func (s *server) delivery(id string, ready func(d sent) bool) sent {
	s.t.Helper()
	var list struct{ Deliveries []sent }
	eventually(s.t, "the message about the job is on its way", func() bool {
		s.do(http.MethodGet, "/api/v1/deliveries?job="+id, nil, &list)
		return len(list.Deliveries) == 1 && ready(list.Deliveries[0])
	})
	return list.Deliveries[0]
}

func delivered(d sent) bool { return d.State == "delivered" }

// tried says that an attempt has come to nothing.
func tried(d sent) bool { return d.State == "pending" && d.Attempts > 0 }

func TestAResultIsDelivered(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	r.srv.Start()
	s := telling(t).serve()
	j := s.submit(map[string]any{"source": clip(t, "seen-000.wav"), "title": "Talk", "webhook": r.url(), "metadata": map[string]string{"video_id": "v42"}}, nil)
	s.await(j.ID, "done")
	d := s.delivery(j.ID, delivered)
	if d.Event != "job.done" || d.To != "http://"+r.srv.Listener.Addr().String()+"/…" || d.Attempts != 1 || d.LastStatus != http.StatusAccepted {
		t.Errorf("the delivery is %+v", d)
	}
	m := r.messages()[0]
	if m.ID != d.ID || m.Event != "job.done" || m.Job.ID != j.ID || m.Job.State != "done" || m.Job.Title != "Talk" || m.Metadata["video_id"] != "v42" {
		t.Errorf("the message is %+v", m)
	}
	if diff := cmp.Diff(new(s.transcript(j.ID)), m.Transcript); diff != "" {
		t.Errorf("the transcript in it (-want +got):\n%s", diff)
	}
	var shown struct{ Deliveries []sent }
	s.do(http.MethodGet, "/api/v1/jobs/"+j.ID, nil, &shown)
	if diff := cmp.Diff([]sent{d}, shown.Deliveries); diff != "" {
		t.Errorf("the job shows (-want +got):\n%s", diff)
	}

	r.set(func() { r.again = true })
	s.do(http.MethodPost, "/api/v1/deliveries/"+d.ID+"/redeliver", nil, nil)
	eventually(t, "it is sent again", func() bool { return len(r.messages()) == 2 })
	if diff := cmp.Diff(m, r.messages()[1]); diff != "" {
		t.Errorf("sent again, it differs:\n%s", diff)
	}
	s.delivery(j.ID, delivered)
	s.want(http.StatusNotFound, "delivery_unknown", http.MethodPost, "/api/v1/deliveries/nobody/redeliver", nil)
}

func TestTheEndOfAnyJobIsTold(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	r.srv.Start()
	s := telling(t).serve()
	s.post("/api/v1/queue/pause")
	canceled := s.submit(map[string]any{"source": clip(t, "seen-000.wav"), "webhook": r.url()}, nil)
	s.post("/api/v1/jobs/" + canceled.ID + "/cancel")
	broken := filepath.Join(t.TempDir(), "broken.mp4")
	check(t, os.WriteFile(broken, []byte("no video"), 0o600))
	failed := s.submit(map[string]any{"source": broken, "webhook": r.url()}, nil)
	s.post("/api/v1/queue/resume")
	s.delivery(canceled.ID, delivered)
	s.delivery(failed.ID, delivered)
	told := map[string]string{}
	for _, m := range r.messages() {
		told[m.Job.ID] = m.Event
		if m.Transcript != nil || (m.Job.Error != nil) != (m.Event == "job.failed") {
			t.Errorf("the message is %+v", m)
		}
	}
	if diff := cmp.Diff(map[string]string{canceled.ID: "job.canceled", failed.ID: "job.failed"}, told); diff != "" {
		t.Errorf("told was (-want +got):\n%s", diff)
	}
}

// Every attempt but the first comes after eight seconds or more.
func TestAReceiverGetsItsMessageInTheEnd(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	tests := map[string]struct {
		first    http.HandlerFunc // nil = nobody listens at first
		attempts int
		says     string // of the first attempt
	}{
		"it is in trouble": {status(http.StatusInternalServerError), 2, "500"},
		"it is dead":       {nil, 2, "cannot be reached"},
		"it breaks off":    {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 2, "broke the connection off"},
		"it sends somebody else": {func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, "/elsewhere", http.StatusTemporaryRedirect)
		}, 2, "redirects are not followed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t, tt.first)
			if tt.first != nil {
				r.srv.Start()
			} else {
				check(t, r.srv.Listener.Close())
			}
			s := telling(t).serve()
			j := s.submit(map[string]any{"source": clip(t, "seen-000.wav"), "webhook": r.url()}, nil)
			s.await(j.ID, "done")
			d := s.delivery(j.ID, tried)
			if !strings.Contains(d.LastError, tt.says) || strings.Contains(d.LastError, "secret") {
				t.Errorf("after the first attempt it is %+v", d)
			}
			seen := len(r.messages())
			if seen > 1 || (seen == 0) != (tt.first == nil) {
				t.Errorf("in one attempt %d messages came", seen)
			}
			if tt.first == nil {
				l, err := net.Listen("tcp", r.srv.Listener.Addr().String()) //nolint:noctx // it is there at once
				check(t, err)
				r.srv.Listener = l
				r.srv.Start()
			}
			r.set(func() { r.answer = nil })
			if d := s.delivery(j.ID, delivered); d.Attempts != tt.attempts {
				t.Errorf("in the end it is %+v", d)
			}
			if now := r.messages(); len(now) != seen+1 || now[seen].ID != d.ID {
				t.Errorf("%d messages came, then %d; the delivery is %+v", seen, len(now), d)
			}
		})
	}
}

func TestASlowReceiverHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	slow := newReceiver(t, nil)
	t.Cleanup(release)
	slow.answer = func(w http.ResponseWriter, req *http.Request) {
		<-hold
		slow.take(req.Header.Get("Sluice-Delivery"))
		w.WriteHeader(http.StatusNoContent)
	}
	quick := newReceiver(t, nil)
	slow.srv.Start()
	quick.srv.Start()
	s := telling(t).serve()
	first := s.submit(map[string]any{"source": clip(t, "seen-000.wav"), "webhook": slow.url()}, nil)
	second := s.submit(map[string]any{"source": clip(t, "seen-001.wav"), "webhook": quick.url()}, nil)
	slow.next()
	s.await(first.ID, "done") // whatever its receiver does
	s.await(second.ID, "done")
	s.delivery(second.ID, delivered)
	if d := s.delivery(first.ID, func(sent) bool { return true }); d.State != "pending" {
		t.Errorf("the slow one's is %+v", d)
	}
	release()
	if d := s.delivery(first.ID, delivered); d.Attempts != 1 {
		t.Errorf("the slow one's is %+v", d)
	}
}

// One message is under way when the program is killed, and another, whose job
// has ended too, still waits behind it.
func TestWhateverDiesEachMessageIsTakenOnce(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	r := newReceiver(t, func(http.ResponseWriter, *http.Request) { <-hold; panic(http.ErrAbortHandler) })
	t.Cleanup(release)
	r.srv.Start()
	h := telling(t)
	s := h.serve()
	first := s.submit(map[string]any{"source": clip(t, "seen-000.wav"), "webhook": r.url()}, nil)
	underWay := r.next()
	second := s.submit(map[string]any{"source": clip(t, "seen-001.wav"), "webhook": r.url()}, nil)
	s.await(second.ID, "done")
	waits := s.delivery(second.ID, func(d sent) bool { return d.State == "pending" })
	s.kill()
	release()
	if got := r.messages(); len(got) != 1 || waits.Attempts > 0 {
		t.Fatalf("before the end %d messages came; the second is %+v", len(got), waits)
	}
	r.set(func() { r.answer = nil })
	s = h.serve()
	for _, id := range []string{first.ID, second.ID} {
		if d := s.delivery(id, delivered); d.Attempts != 1 {
			t.Errorf("it is %+v", d)
		}
	}
	var ids []string
	for _, m := range r.messages() {
		ids = append(ids, m.ID)
	}
	if diff := cmp.Diff([]string{underWay, underWay, waits.ID}, ids); diff != "" {
		t.Errorf("messages came (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{underWay: 1, waits.ID: 1}, r.taken); diff != "" {
		t.Errorf("taken were (-want +got):\n%s", diff)
	}
}

func TestAWebhookOfOurOwnNetworkIsRefused(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	for _, address := range []string{
		"http://127.0.0.1:3000/done", "http://[::1]/done", "http://192.168.1.4/done", "http://10.0.0.1/done",
		"http://169.254.169.254/latest/meta-data", "http://[::ffff:127.0.0.1]/done", "http://100.64.0.1/", "ftp://example.com/done",
	} {
		s.want(http.StatusUnprocessableEntity, "webhook_refused", http.MethodPost, "/api/v1/jobs", map[string]any{"source": clip(t, "seen-000.wav"), "webhook": address})
	}
	if jobs := s.list(""); len(jobs) > 0 {
		t.Errorf("it made jobs: %+v", jobs)
	}
	allowed := telling(t).serve()
	allowed.post("/api/v1/queue/pause")
	allowed.submit(map[string]any{"source": clip(t, "seen-000.wav"), "webhook": "http://127.0.0.1:3000/done"}, nil)
	allowed.want(http.StatusUnprocessableEntity, "webhook_refused", http.MethodPost, "/api/v1/jobs", map[string]any{"source": clip(t, "seen-000.wav"), "webhook": "http://192.168.1.4/done"})
}

// Where a name leads is known when it is called.
func TestANameThatLeadsToThisMachineIsNotCalled(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	r.srv.Start()
	s := newHome(t).serve()
	address := strings.Replace(r.url(), "127.0.0.1", "localhost", 1)
	j := s.submit(map[string]any{"source": clip(t, "seen-000.wav"), "webhook": address}, nil)
	s.await(j.ID, "done")
	if d := s.delivery(j.ID, tried); !strings.Contains(d.LastError, "localhost") || strings.Contains(d.LastError, "secret") || d.LastStatus != 0 {
		t.Errorf("the delivery is %+v", d)
	}
	if got := r.messages(); len(got) > 0 {
		t.Errorf("it was told: %+v", got)
	}
}

func TestResultsAreWrittenIntoAFolder(t *testing.T) {
	t.Parallel()
	h, dir := newHome(t), filepath.Join(t.TempDir(), "texts")
	check(t, os.Mkdir(dir, 0o700))
	mine := filepath.Join(dir, "Talk.en.txt")
	check(t, os.WriteFile(mine, []byte("mine"), 0o600))
	h.configure("export.dir = \"" + dir + "\"\nexport.formats = [\"srt\", \"txt\"]\n")
	s := h.serve()
	order := map[string]any{"source": clip(t, "seen-000.wav"), "title": "Talk"}
	j := s.submit(order, nil)
	s.await(j.ID, "done")
	want := []string{"Talk.en (2).txt", "Talk.en.srt", "Talk.en.txt"}
	if diff := cmp.Diff(want, listing(t, dir)); diff != "" {
		t.Errorf("in the folder are (-want +got):\n%s", diff)
	}
	read := func(name string) string {
		body, err := os.ReadFile(filepath.Join(dir, name))
		check(t, err)
		return string(body)
	}
	if got := read("Talk.en.txt"); got != "mine" {
		t.Errorf("a file of somebody's now holds %q", got)
	}
	_, srt := s.call(http.MethodGet, "/api/v1/jobs/"+j.ID+"/transcript?format=srt", nil, nil, nil)
	if got := read("Talk.en.srt"); got != srt || srt == "" {
		t.Errorf("the file holds %q, the server gives %q", got, srt)
	}

	// The same job writes over its own files only, and not where somebody has been.
	check(t, os.WriteFile(filepath.Join(dir, "Talk.en.srt"), []byte("corrected"), 0o600))
	s.do(http.MethodPost, "/api/v1/jobs/"+j.ID+"/retry", map[string]string{"from_stage": "transcribe"}, nil)
	s.await(j.ID, "done")
	want = []string{"Talk.en (2).srt", "Talk.en (2).txt", "Talk.en.srt", "Talk.en.txt"}
	if diff := cmp.Diff(want, listing(t, dir)); diff != "" {
		t.Errorf("done again, in the folder are (-want +got):\n%s", diff)
	}
	if got := read("Talk.en.srt"); got != "corrected" {
		t.Errorf("a file that somebody corrected now holds %q", got)
	}
}
