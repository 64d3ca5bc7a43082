package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// attack is one request that nobody of good will sends, and what it gets. In
// its texts @dir@ is the folder of hostile files, @host@ the server's address,
// @port@ its port, @web@ a web server of ill will, @job@ a queued job, @far@ one of an address,
// @done@ one that is done.
type attack struct {
	method, path string   // GET, /api/v1/board
	head         []string // further header lines as they go over the wire; "Host:" takes the place of the right one
	body         string   // with a Content-Length, if it is not empty
	raw          string   // the whole request in place of the above

	status int
	code   string // of the problem; "" = the answer is none of ours: a success, or net/http's own refusal
	ends   string // of a request that makes a job: how that ends, "done" or a code
}

// wire is the request as bytes.
func (a attack) wire(fill *strings.Replacer) []byte {
	if a.raw != "" {
		return []byte(fill.Replace(a.raw))
	}
	path, body := fill.Replace(or(a.path, "/api/v1/board")), fill.Replace(a.body)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", or(a.method, http.MethodGet), path)
	own := func(name string) bool {
		return slices.ContainsFunc(a.head, func(line string) bool { return strings.HasPrefix(line, name) })
	}
	if !own("Host:") {
		b.WriteString(fill.Replace("Host: @host@\r\n"))
	}
	for _, line := range a.head {
		b.WriteString(fill.Replace(line) + "\r\n")
	}
	if body != "" && !own("Content-Length:") && !own("Transfer-Encoding:") {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("Connection: close\r\n\r\n" + body)
	return b.Bytes()
}

func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}

// TestNothingHostileIsBelieved sends everything of the corpus to one server
// that runs as its users run it, and wants of each a clear refusal, or a job
// with a clear end. What was accepted before and in between is all there, also
// after the server is killed; it has not panicked, and wrote nowhere but in its
// own folder.
func TestNothingHostileIsBelieved(t *testing.T) { //nolint:tparallel // what comes after the corpus waits for all of it
	t.Parallel()
	notAllDay(t)
	corpus := map[string]attack{}
	for _, part := range []map[string]attack{hostilePaths(), hostileHosts(), hostileWire(), hostileBodies(), hostileForms(), hostileNames(), hostileAddresses(), hostileRoutes()} {
		for name, a := range part {
			if _, twice := corpus[name]; twice {
				t.Fatalf("two attacks are called %q", name)
			}
			corpus[name] = a
		}
	}
	b := newBattlefield(t)
	var mu sync.Mutex
	ends := map[string]string{b.job: "done", b.far: "not_media"} // of every job that was acknowledged
	t.Run("at once", func(t *testing.T) {                        //nolint:tparallel // what follows waits for all of them
		for name, a := range corpus {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for _, id := range b.strike(t, a) {
					mu.Lock()
					ends[id] = a.ends
					mu.Unlock()
				}
			})
		}
	})
	b.swap()
	ends[b.swapped] = "not_a_file"
	b.nothingLost(slices.Collect(maps.Keys(ends)))
	b.kill()
	b.again()
	b.nothingLost(slices.Collect(maps.Keys(ends)))
	b.post("/api/v1/queue/resume")
	for id, want := range ends {
		b.expectEnd(t, id, want)
	}
	b.stop()
	b.nothingElse()
}

// battlefield is a server and what surrounds it.
type battlefield struct {
	*server
	t       *testing.T
	dir     string // hostile files
	user    string // the home folder and the folder of temporary files of whoever runs the server
	job     string // is queued from the beginning
	far     string // is queued, and its address was not asked yet
	swapped string // is queued, and its file is not what it was
	fill    *strings.Replacer
	before  []string // what lies in dir
}

func newBattlefield(t *testing.T) *battlefield {
	t.Helper()
	b := &battlefield{t: t, dir: t.TempDir(), user: t.TempDir()}
	b.plant()
	h, web := newHome(t), badWeb(t)
	h.configure(fmt.Sprintf("fetch.allow = [%q]\n", strings.TrimPrefix(web, "http://")))
	b.server = &server{home: h}
	b.again()
	done := b.submit(map[string]any{"source": filepath.Join(b.dir, "line\nfeed\x1b[31m.wav")}, nil).ID
	b.await(done, "done")
	b.post("/api/v1/queue/pause")
	b.job = b.submit(map[string]any{"source": filepath.Join(b.dir, "talk.wav")}, nil).ID
	b.far = b.submit(map[string]any{"source": web + "/page?far"}, nil).ID
	b.swapped = b.submit(map[string]any{"source": filepath.Join(b.dir, "swapped.wav")}, nil).ID
	host := strings.TrimPrefix(b.url, "http://")
	_, port, _ := strings.Cut(host, ":")
	b.fill = strings.NewReplacer("@dir@", b.dir, "@host@", host, "@port@", port, "@web@", web, "@job@", b.job, "@far@", b.far, "@done@", done)
	return b
}

// again starts the server, with a home of its user's that is easy to look at.
func (b *battlefield) again() {
	b.t.Helper()
	cmd := b.command(context.WithoutCancel(b.t.Context()), "serve", "--listen", "127.0.0.1:0")
	cmd.Env = append(cmd.Env, "HOME="+b.user, "TMPDIR="+b.user, "XDG_CACHE_HOME=", "XDG_CONFIG_HOME=", "XDG_DATA_HOME=", "XDG_STATE_HOME=")
	cmd.Dir = b.user
	b.server = b.tend(cmd)
	b.url = b.discover(cmd.Process.Pid)
}

// plant makes the hostile files.
func (b *battlefield) plant() {
	b.t.Helper()
	at := func(name string) string { return filepath.Join(b.dir, name) }
	for _, name := range []string{"talk.wav", "swapped.wav", `<img src=x onerror=alert(1)>.wav`, "line\nfeed\x1b[31m.wav"} {
		placeClip(b.t, "seen-004.wav", at(name))
	}
	check(b.t, os.WriteFile(at("empty.wav"), nil, 0o600))
	check(b.t, os.WriteFile(at("text.wav"), []byte("<script>alert(1)</script>\n"), 0o600))
	check(b.t, os.WriteFile(at("list.m3u8"), []byte("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"), 0o600))
	check(b.t, os.WriteFile(at("concat.wav"), []byte("ffconcat version 1.0\nfile /etc/passwd\n"), 0o600))
	check(b.t, os.WriteFile(at("bad-\xff.wav"), []byte("RIFF"), 0o600))
	check(b.t, os.Mkdir(at("folder.wav"), 0o700))
	for link, to := range map[string]string{
		"passwd.wav": "/etc/passwd", "etc": "/etc", "loop.wav": "loop.wav", "ping.wav": "pong.wav", "pong.wav": "ping.wav",
		"dangling.wav": "nowhere", "zero.wav": "/dev/zero", "mem.wav": "/proc/self/mem", "badly.wav": "bad-\xff.wav",
	} {
		check(b.t, os.Symlink(to, at(link)))
	}
	check(b.t, syscall.Mkfifo(at("fifo.wav"), 0o600))
	socket := filepath.Join(os.TempDir(), fmt.Sprintf("sluice-hostile-%d", os.Getpid())) // a socket's path is short
	l, err := (&net.ListenConfig{}).Listen(b.t.Context(), "unix", socket)
	check(b.t, err)
	b.t.Cleanup(func() { _ = l.Close() })
	check(b.t, os.Symlink(socket, at("socket.wav")))
	b.before = listing(b.t, b.dir)
}

// swap puts a pipe where the file of a queued job was.
func (b *battlefield) swap() {
	b.t.Helper()
	file := filepath.Join(b.dir, "swapped.wav")
	check(b.t, os.Remove(file))
	check(b.t, syscall.Mkfifo(file, 0o600))
}

// strike sends one attack and looks at its answer. It gives the jobs that it
// has made.
func (b *battlefield) strike(t *testing.T, a attack) (jobs []string) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(b.url, "http://"))
	check(t, err)
	defer func() { _ = conn.Close() }()
	check(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	sent := make(chan struct{})
	go func() { // it may be refused before all of it is sent
		defer close(sent)
		_, _ = conn.Write(a.wire(b.fill))
	}()
	defer func() { _ = conn.Close(); <-sent }()
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, &http.Request{Method: or(a.method, http.MethodGet)})
	if err == nil && res.StatusCode == http.StatusContinue {
		res, err = http.ReadResponse(in, nil)
	}
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	body := readFor(res)
	_ = conn.Close() // else Close would read a stream without end to its end
	_ = res.Body.Close()
	if res.StatusCode != a.status {
		t.Fatalf("status %d, want %d: %.500s", res.StatusCode, a.status, body)
	}
	checkAnswer(t, a, res, body)
	return made(t, res, body)
}

// readFor reads a body that ends, and the beginning of one that does not.
func readFor(res *http.Response) []byte {
	most := int64(8 << 20)
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		most = 10
	}
	body, _ := io.ReadAll(io.LimitReader(res.Body, most))
	return body
}

// leaks are marks of what is nobody's business: places of files, names of Go,
// SQL and the system's own words.
var leaks = regexp.MustCompile(`/tmp/|/root|/home/|/etc/|\.go:\d|goroutine|runtime\.|panic|SQL|sqlite|0xc0[0-9a-f]{8}|no such file or|invalid memory|strconv\.|json:|\x1b`)

func checkAnswer(t *testing.T, a attack, res *http.Response, body []byte) {
	t.Helper()
	for name := range res.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("the answer has %s", name)
		}
	}
	if a.code == "" && res.StatusCode >= 300 {
		if !slices.Contains([]string{"400", "417", "431", "501", "505"}, fmt.Sprint(res.StatusCode)) || len(body) > 200 || leaks.Match(body) {
			t.Errorf("an answer without a code: %d %.300s", res.StatusCode, body)
		}
		return
	}
	if res.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(res.Header.Get("Content-Security-Policy"), "default-src") {
		t.Errorf("the answer lacks its headers: %v", res.Header)
	}
	if a.code == "" || a.method == http.MethodHead {
		return
	}
	var p struct {
		Title, Code, Detail, Hint string
		Status                    int
		Error                     struct{ Message, Code string } // in OpenAI's shape
	}
	if strings.HasPrefix(a.path, "/v1/") && json.Unmarshal(body, &p) == nil && p.Error.Code == a.code && p.Error.Message != "" && !leaks.MatchString(p.Error.Message) {
		return
	}
	if err := json.Unmarshal(body, &p); err != nil || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("no problem: %v in %.300s", err, body)
	}
	if p.Code != a.code || p.Status != res.StatusCode || p.Detail == "" || p.Title == "" {
		t.Errorf("the problem is %+v, want code %s", p, a.code)
	}
	if leaked := leaks.FindString(p.Detail + "\n" + p.Hint); leaked != "" {
		t.Errorf("the problem tells %q: %+v", leaked, p)
	}
}

// made lists the jobs that an answer acknowledges.
func made(t *testing.T, res *http.Response, body []byte) (ids []string) {
	t.Helper()
	if res.StatusCode != http.StatusAccepted {
		return nil
	}
	var got struct {
		ID     string
		TaskID string `json:"task_id"`
		Jobs   []struct{ ID string }
	}
	check(t, json.Unmarshal(body, &got))
	for _, j := range got.Jobs {
		ids = append(ids, j.ID)
	}
	if id := or(got.ID, got.TaskID); id != "" {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		t.Errorf("accepted, and no job is named: %s", body)
	}
	return ids
}

// nothingLost wants the server well and every job in its lists.
func (b *battlefield) nothingLost(ids []string) {
	b.t.Helper()
	b.do(http.MethodGet, "/healthz", nil, nil)
	there, cursor := map[string]bool{}, ""
	for page := 0; page == 0 || cursor != ""; page++ {
		var got struct {
			Jobs []view
			Next string
		}
		b.do(http.MethodGet, "/api/v1/jobs?limit=500&cursor="+cursor, nil, &got)
		for _, j := range got.Jobs {
			there[j.ID] = true
		}
		cursor = got.Next
	}
	for _, id := range ids {
		if !there[id] {
			b.t.Errorf("job %s was accepted and is not there", id)
		}
	}
}

func (b *battlefield) expectEnd(t *testing.T, id, want string) {
	t.Helper()
	var v view
	eventually(t, "job "+id+" ends", func() bool {
		v = b.server.job(id)
		return v.State == "done" || v.State == "failed" || v.State == "canceled"
	})
	got := v.State
	if v.Error != nil && v.State != "done" {
		got = v.Error.Code
		if leaked := leaks.FindString(v.Error.Message + "\n" + v.Error.Hint); leaked != "" {
			t.Errorf("%q tells %q: %+v", v.Title, leaked, v.Error)
		}
	}
	if got != want {
		t.Errorf("%q is %s, want %s: %+v", v.Title, got, want, v.Error)
	}
}

// nothingElse looks at what is left of the server.
func (b *battlefield) nothingElse() {
	b.t.Helper()
	if log := b.log.String(); strings.Contains(log, "panic") || strings.Contains(log, "goroutine ") {
		b.t.Errorf("it panicked:\n%s", log)
	}
	if left := listing(b.t, b.user); len(left) > 0 {
		b.t.Errorf("in the user's folder there is %q", left)
	}
	if after := listing(b.t, b.dir); !slices.Equal(after, b.before) {
		b.t.Errorf("beside the files there are %q now", after)
	}
}
