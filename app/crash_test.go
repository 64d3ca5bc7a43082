package app_test

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A death of the app counts against the job that ran, and the sixth without a
// checkpoint between them ends it. Every third round here waits until the first
// job of the line is done, so that none dies more than three times before it
// gets on: no job may fail.
func patient(round int) bool { return round%3 == 2 }

// hasty says whether a round kills the server while it starts.
func hasty(round int) bool { return round%6 == 3 }

func TestKilledAgainAndAgainNothingIsLostAndNothingIsDoneTwice(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	rounds := 5
	if os.Getenv("SLUICE_TEST_SOAK") != "" {
		rounds = 50
	}
	h := newHome(t)
	c := newCrowd(t)
	long := c.request(1, "seventy-five-seconds.flac", "long")
	for round := range rounds {
		s := h.begin()
		if hasty(round) {
			pause(rand.N(200 * time.Millisecond))
		} else {
			s.url = h.discover(s.cmd.Process.Pid)
			c.visit(s, long, patient(round))
		}
		s.kill()
		c.clients.Wait()
		eventually(t, "no process of it is left", func() bool { return len(h.processes()) == 0 })
	}
	s := h.serve()
	c.send(s, long)
	unanswered := 0
	for _, r := range c.requests {
		if r.jobs != nil {
			continue
		}
		unanswered++
		if r.key != "" { // else nobody would send it again
			c.send(s, r)
		}
	}
	seen := len(c.done)
	c.outwait(s)
	c.expectDone(s.list("done"))
	c.check(s)
	for _, file := range s.scratch() {
		if filepath.Base(file) != "audio.pcm" {
			t.Errorf("left over: %s", file)
		}
	}
	s.stop()
	checkDatabase(t, h.dir)
	t.Logf("%d kills, %d requests, %d without an answer at first, %d jobs acknowledged, %d of them seen done before the last kill, %d done in the end",
		rounds, len(c.requests), unanswered, len(c.acknowledged()), seen, len(c.done))
}

// crowd is clients of a server that is killed again and again, and what they
// know of it.
type crowd struct {
	t   *testing.T
	dir string // of their files

	clients  sync.WaitGroup
	mu       sync.Mutex
	requests []*request
	files    int
	done     map[string]bool // seen done; by id
}

// request is one request for a job, or for several together.
type request struct {
	key    string // Idempotency-Key; "" = none, and then it is sent only once
	body   []byte
	titles []string
	jobs   []string // ids, as acknowledged
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	return &crowd{t: t, dir: t.TempDir(), done: map[string]bool{}}
}

// request prepares a request for so many jobs that are like no other.
func (c *crowd) request(jobs int, name, key string) *request {
	sound, err := os.ReadFile(clip(c.t, name))
	if err != nil {
		c.t.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := &request{key: key}
	var orders []map[string]any
	for range jobs {
		c.files++
		file := filepath.Join(c.dir, strconv.Itoa(c.files)+filepath.Ext(name))
		if filepath.Ext(name) == ".wav" { // another last sample is another content
			binary.LittleEndian.PutUint16(sound[len(sound)-2:], uint16(c.files))
		}
		if err := os.WriteFile(file, sound, 0o600); err != nil {
			c.t.Error(err)
		}
		r.titles = append(r.titles, fmt.Sprintf("%s no. %d", name, c.files))
		orders = append(orders, map[string]any{"source": file, "title": r.titles[len(r.titles)-1]})
	}
	var body any = orders[0]
	if jobs > 1 {
		body = map[string]any{"jobs": orders}
	}
	if r.body, err = json.Marshal(body); err != nil {
		c.t.Error(err)
	}
	c.requests = append(c.requests, r)
	return r
}

// send sends a request and notes what was acknowledged. It says whether there
// was an answer.
func (c *crowd) send(s *server, r *request) bool {
	var got struct {
		ID   string
		Jobs []view
	}
	headers := map[string]string{}
	if r.key != "" {
		headers["Idempotency-Key"] = r.key
	}
	status, text, err := s.try(http.MethodPost, "/api/v1/jobs", bytes.NewReader(r.body), headers, &got)
	if err != nil {
		return false // killed
	}
	if status != http.StatusAccepted && status != http.StatusOK {
		c.t.Errorf("submit: %d %s", status, text)
		return true
	}
	jobs := []string{got.ID}
	if len(got.Jobs) > 0 {
		jobs = nil
		for _, j := range got.Jobs {
			jobs = append(jobs, j.ID)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.jobs != nil && !slices.Equal(r.jobs, jobs) {
		c.t.Errorf("request %q made %v, and then %v", r.key, r.jobs, jobs)
	}
	r.jobs = jobs
	return true
}

// visit lets clients submit until a random moment, which in a patient round
// comes after another job is done.
func (c *crowd) visit(s *server, again *request, untilDone bool) {
	c.t.Helper()
	c.expectDone(s.list("done"))
	for range 2 {
		c.clients.Go(func() { c.submit(s) })
	}
	c.clients.Go(func() { c.send(s, again) })
	if untilDone {
		before := s.counts().Done
		eventually(c.t, "another job is done", func() bool { return s.counts().Done > before })
	}
	pause(rand.N(2 * time.Second))
	for _, j := range s.board().Last {
		if j.State == "done" {
			c.done[j.ID] = true
		}
	}
	c.clients.Go(func() { c.submit(s) }) // so that the kill finds somebody submitting
	pause(rand.N(20 * time.Millisecond))
}

// submit sends a few requests of every kind until the server is gone.
func (c *crowd) submit(s *server) {
	kinds := []struct {
		jobs  int
		keyed bool
	}{{1, false}, {1, true}, {2, true}, {2, false}}
	rand.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	clips := []string{"seen-004.wav", "seen-006.wav"}
	for _, kind := range kinds[:2] {
		key := ""
		if kind.keyed {
			key = strconv.FormatUint(rand.Uint64(), 36)
		}
		if !c.send(s, c.request(kind.jobs, clips[rand.N(len(clips))], key)) {
			return
		}
		pause(rand.N(100 * time.Millisecond))
	}
}

func (c *crowd) acknowledged() (ids []string) {
	for _, r := range c.requests {
		ids = append(ids, r.jobs...)
	}
	return ids
}

// expectDone looks whether all that was seen done still is, and notes what is
// done by now.
func (c *crowd) expectDone(now []view) {
	c.t.Helper()
	done := map[string]bool{}
	for _, j := range now {
		done[j.ID] = true
	}
	for id := range c.done {
		if !done[id] {
			c.t.Errorf("job %s was done and is not any more", id)
		}
	}
	c.done = done
}

// outwait waits until the line is empty, for as long as it gets shorter.
func (c *crowd) outwait(s *server) {
	c.t.Helper()
	for depth := s.board().Depth; depth > 0; {
		eventually(c.t, "the line gets shorter", func() bool {
			now := s.board().Depth
			shorter := now < depth
			depth = now
			return shorter
		})
	}
}

// check holds what the server knows against what the clients know.
func (c *crowd) check(s *server) {
	c.t.Helper()
	jobs, titles, states := map[string]view{}, map[string]int{}, map[string]int{}
	for _, j := range s.list("") {
		if _, twice := jobs[j.ID]; twice {
			c.t.Errorf("job %s is listed twice", j.ID)
		}
		jobs[j.ID] = j
		titles[j.Title]++
		states[j.State]++
	}
	for _, id := range c.acknowledged() {
		if _, ok := jobs[id]; !ok {
			c.t.Errorf("job %s was acknowledged and is lost", id)
		}
	}
	for _, r := range c.requests {
		found := 0
		for _, title := range r.titles {
			if titles[title] > 1 {
				c.t.Errorf("%d jobs for %q, key %q", titles[title], title, r.key)
			}
			found += titles[title]
		}
		if found != 0 && found != len(r.titles) || found == 0 && r.key != "" {
			c.t.Errorf("%d of the %d jobs of one request are there, key %q", found, len(r.titles), r.key)
		}
	}
	if b := s.counts(); b.Done != states["done"] || b.Done != len(jobs) || b != (counts{Done: b.Done}) {
		c.t.Errorf("the board counts %+v; listed are %v", b, states)
	}
	for _, j := range jobs {
		c.checkOnce(s, j)
	}
}

// checkOnce looks whether a job was done, whole, and once.
func (c *crowd) checkOnce(s *server, j view) {
	c.t.Helper()
	events := s.history(j.ID)
	end := event{Verb: "settle", From: "running", To: "done"}
	if j.State != "done" || happened(events, end) != 1 || happened(events[len(events)-1:], end) != 1 {
		c.t.Errorf("%q is %s after %+v, error %+v", j.Title, j.State, events, j.Error)
	}
	for _, stage := range []string{"extract", "transcribe"} {
		if runs := j.runs(stage); happenedTo(runs, "ok") != 1 || happenedTo(runs, "running") != 0 {
			c.t.Errorf("%q: runs of %s: %v", j.Title, stage, runs)
		}
	}
	if t := s.transcript(j.ID); !t.Complete || len(words(text(t))) == 0 {
		c.t.Errorf("%q: the transcript is %+v", j.Title, t)
	}
}

// counts is the number of jobs in each state, as the board tells it.
type counts struct{ Queued, Running, Done, Failed, Canceled int }

func (s *server) counts() counts {
	s.t.Helper()
	var b struct{ Counts counts }
	if status, text := s.call(http.MethodGet, "/api/v1/board", nil, nil, &b); status != http.StatusOK {
		s.t.Fatalf("board: %d %s", status, text)
	}
	return b.Counts
}

func happenedTo(runs []string, end string) (n int) {
	for _, r := range runs {
		if r == end {
			n++
		}
	}
	return n
}

// pause lets time pass in which the server does what it does.
func pause(d time.Duration) { <-time.After(d) }

// scratch lists the files in the workdirs.
func (h home) scratch() []string {
	files, _ := filepath.Glob(filepath.Join(h.dir, "work", "*", "*"))
	return files
}

// checkDatabase reads the file of a server that has ended as SQLite itself
// sees it.
func checkDatabase(t *testing.T, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "sluice.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for query, want := range map[string]string{
		"PRAGMA integrity_check":                        "ok",
		"SELECT count(*) FROM pragma_foreign_key_check": "0",
		"SELECT count(*) FROM counters c WHERE n <> (SELECT count(*) FROM jobs WHERE state = c.state)":                                              "0",
		"SELECT count(*) FROM jobs WHERE state NOT IN (SELECT to_state FROM events WHERE events.job = jobs.seq ORDER BY events.rowid DESC LIMIT 1)": "0",
	} {
		var got string
		if err := db.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %q, %v", query, got, err)
		}
	}
}

// processes lists the live processes that have this home, whoever their parent
// is: what a killed server has left behind belongs to nobody.
func (h home) processes() (pids []int) {
	h.t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil || len(files) == 0 {
		h.t.Skip("there is no /proc here: only on Linux, not only on macOS")
	}
	for _, file := range files {
		env, _ := os.ReadFile(file) // empty for a zombie and for others' processes
		if !bytes.Contains(env, []byte("SLUICE_HOME="+h.dir+"\x00")) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// silence writes twenty minutes of sound in which nothing is said: long to extract,
// quick to transcribe, and it takes no room on the disk.
func silence(t *testing.T) string {
	t.Helper()
	const seconds, rate, frame = 1200, 48_000, 4 // stereo, 16 bits
	const size = seconds * rate * frame
	var head bytes.Buffer
	for _, part := range []any{
		[]byte("RIFF"), uint32(36 + size), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(2),
		uint32(rate), uint32(rate * frame), uint16(frame), uint16(16), []byte("data"), uint32(size),
	} {
		if err := binary.Write(&head, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "silence.wav")
	if err := os.WriteFile(file, head.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, int64(head.Len())+size); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAnExtractionThatWasCutOffRunsAgain(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	tests := map[string]struct {
		end func(s *server)
		cut cut
	}{
		"killed":     {(*server).kill, killed},
		"terminated": {(*server).stop, terminated},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t)
			s := h.serve()
			j := s.submit(map[string]any{"source": silence(t)}, nil)
			eventually(t, "it is in the middle of extracting", func() bool {
				v := s.job(j.ID)
				if v.State == "done" || v.Stage == "transcribe" {
					t.Fatalf("it is past that: %+v", v)
				}
				return v.Stage == "extract" && v.Progress.Fraction > 0
			})
			tt.end(s)
			eventually(t, "no process of it is left", func() bool { return len(h.processes()) == 0 })
			s = h.serve()
			if again := s.job(j.ID); again.Attempts+again.Crashes != 0 || again.Error != nil {
				t.Errorf("after that it has %d attempts, %d crashes and %+v", again.Attempts, again.Crashes, again.Error)
			}
			tt.cut.check(s, s.await(j.ID, "done"), "extract")
		})
	}
}

// cut is what an end of the server leaves behind in its job.
type cut struct {
	code string // of the run that was cut off
	by   event  // what took the job out of the running state
}

var (
	killed     = cut{"worker_crashed", event{Verb: "recover", From: "running", To: "queued"}}
	terminated = cut{"interrupted", event{Verb: "settle", From: "running", To: "queued", Reason: "turn"}}
)

// check looks whether a job was cut off once, in this stage, and did nothing
// twice but that.
func (c cut) check(s *server, done view, in string) {
	s.t.Helper()
	for _, stage := range []string{"extract", "transcribe"} {
		want := []string{"ok"}
		if stage == in {
			want = []string{c.code, "ok"}
		}
		if runs := done.runs(stage); !slices.Equal(runs, want) {
			s.t.Errorf("runs of %s: %v, want %v", stage, runs, want)
		}
	}
	events := s.history(done.ID)
	if happened(events, c.by) != 1 || happened(events, event{From: "running", To: "queued"}) != 1 {
		s.t.Errorf("history %+v", events)
	}
	if done.Attempts+done.Crashes != 0 || done.Error != nil {
		s.t.Errorf("job %+v, error %+v", done, done.Error)
	}
}

func TestAnEngineThatDiesTwiceInOnePlaceEndsItsJobAndTheLineMovesOn(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	s := newHome(t).serve()
	j := s.submit(map[string]any{"source": clip(t, "three-minutes.mp4")}, nil)
	behind := s.submit(map[string]any{"source": clip(t, "seen-001.wav")}, nil)
	var failed view
	eventually(t, "the job is given up", func() bool {
		engines := children(t, s.cmd.Process.Pid, "engine")
		if failed = s.job(j.ID); failed.State != "running" && failed.State != "queued" {
			return true
		}
		for _, pid := range engines { // as soon as they are born: no span gets finished between
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		return false
	})
	runs := failed.runs("transcribe")
	if failed.State != "failed" || failed.Error == nil || failed.Error.Code != "engine_stopped" || !strings.Contains(failed.Error.Message, "stopped twice") || !strings.Contains(failed.Error.Hint, "next try") || failed.Crashes != 2 || failed.Attempts != 0 {
		t.Errorf("job %+v, error %+v", failed, failed.Error)
	}
	if n := len(runs); n < 2 || runs[n-2] != "engine_stopped" || !slices.Equal(failed.runs("extract"), []string{"ok"}) {
		t.Errorf("stages %+v", failed.Stages)
	}
	if done := s.await(behind.ID, "done"); done.Crashes != 0 {
		t.Errorf("the job behind it was blamed: %+v", done)
	}
	s.post("/api/v1/jobs/" + j.ID + "/retry") // nobody kills now
	if done := s.await(j.ID, "done"); len(done.runs("extract")) != 1 || done.Error != nil || done.Crashes != 0 {
		t.Errorf("retried, it is %+v", done)
	}
}
