package update_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/update"
)

// serve is a real server whose answers may name it: {here} is its address.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// says answers with a body.
func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, strings.ReplaceAll(body, "{here}", "http://"+r.Host))
	}
}

const newest = `{"tag_name":"v1.3.0","html_url":"{here}/releases/1.3.0","body":"What is new."}`

func TestTheQuestionSaysWhoAsksAndNothingElse(t *testing.T) {
	t.Parallel()
	var got http.Header
	var line string
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got, line = r.Header.Clone(), r.Method+" "+r.RequestURI+" "+string(body)
		w.Header().Set("Set-Cookie", "id=7")
		says(newest)(w, r)
	})
	for range 2 { // the second could bring a cookie back
		r, err := update.Ask(t.Context(), at+"/latest", "1.2.0")
		if diff := cmp.Diff(update.Release{Version: "1.3.0", URL: at + "/releases/1.3.0"}, r); err != nil || diff != "" {
			t.Fatalf("%v: %s", err, diff)
		}
		if diff := cmp.Diff(http.Header{"Accept": {"application/json"}, "User-Agent": {"Sluice/1.2.0"}}, got); diff != "" || line != "GET /latest " {
			t.Errorf("%q with %s", line, diff)
		}
	}
}

func TestHostileFeeds(t *testing.T) {
	t.Parallel()
	elsewhere := serve(t, says(strings.ReplaceAll(newest, "{here}", "https://evil.example")))
	sendTo := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, strings.ReplaceAll(to, "{here}", "http://"+r.Host), http.StatusFound)
		}
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code); says(newest)(w, r) }
	}
	tests := map[string]struct {
		feed http.HandlerFunc
		want string // part of the error
	}{
		"no JSON":                            {says(`<html>Sign in to the hotel's network</html>`), "read release"},
		"nothing":                            {says(``), "read release"},
		"another kind of JSON":               {says(`[` + newest + `]`), "read release"},
		"null":                               {says(`null`), "no version"},
		"a release without an end":           {says(newest[:len(newest)-1]), "read release"},
		"a tag that is a number":             {says(`{"tag_name":13}`), "read release"},
		"no tag":                             {says(`{"html_url":"{here}/x"}`), "no version"},
		"a tag that is a sentence":           {says(`{"tag_name":"v1.3.0 <b>Run this now</b>","html_url":"{here}/x"}`), "no version"},
		"a tag without an end":               {says(`{"tag_name":"v1.3.0+` + strings.Repeat("9", 1000) + `","html_url":"{here}/x"}`), "no version"},
		"a deep answer":                      {says(`{"x":` + strings.Repeat("[", 100_000)), "read release"},
		"an answer beyond all bounds":        {says(`{"tag_name":"v1.3.0","html_url":"{here}/x","body":"` + strings.Repeat("x", 1<<20) + `"}`), "too large"},
		"no page":                            {says(`{"tag_name":"v1.3.0"}`), "no address on the web"},
		"a page of another server":           {says(`{"tag_name":"v1.3.0","html_url":"https://evil.example/x"}`), "another server"},
		"a page of the project's neighbour":  {says(`{"tag_name":"v1.3.0","html_url":"https://github.com/evil/sluice/releases"}`), "another server"},
		"a page that is a script":            {says(`{"tag_name":"v1.3.0","html_url":"javascript:alert(1)"}`), "no address on the web"},
		"a page that is a file":              {says(`{"tag_name":"v1.3.0","html_url":"file:///etc/passwd"}`), "no address on the web"},
		"an answer that nobody can unpack":   {packed, "read release"},
		"404":                                {status(404), "answered 404"},
		"500":                                {status(500), "answered 500"},
		"204":                                {status(204), "answered 204"},
		"206":                                {status(206), "answered 206"},
		"sent round and round":               {sendTo("{here}/latest"), "without an end"},
		"sent to another server, unguarded":  {sendTo(elsewhere), "without encryption"},
		"sent into a cloud's own services":   {sendTo("https://169.254.169.254/latest"), "own network"},
		"sent to a file":                     {sendTo("file:///etc/passwd"), "without encryption"},
		"sent to a certificate of one's own": {sendTo(httptestTLS(t)), "own network"},
		"sent to what is no address":         {sendTo("https://\x01/"), "Location"},
		"a connection that breaks off":       {brokenOff, "ask feed"},
		"half of what it promised":           {shortened, "unexpected EOF"},
		"a header without an end":            {endlessHeader, "ask feed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := serve(t, tt.feed)
			r, err := update.Ask(t.Context(), at+"/latest", "1.2.0")
			if err == nil || !strings.Contains(err.Error(), tt.want) || r != (update.Release{}) {
				t.Fatalf("%+v, %v; want %q", r, err, tt.want)
			}
			if strings.Contains(err.Error(), at) || len(err.Error()) > 600 {
				t.Errorf("the error repeats what it was sent: %v", err)
			}
		})
	}
}

// packed answers in gzip, which nobody has asked for.
func packed(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, strings.ReplaceAll(newest, "{here}", "http://"+r.Host))
	_ = z.Close()
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = w.Write(b.Bytes())
}

func brokenOff(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func shortened(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"tag_name":"v1.3.0"`)
}

func endlessHeader(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
	says(newest)(w, r)
}

// httptestTLS is a server that speaks https on this machine, where a feed may
// not send us.
func httptestTLS(t *testing.T) string {
	t.Helper()
	s := httptest.NewTLSServer(says(newest))
	t.Cleanup(s.Close)
	return s.URL
}

func TestAFeedMaySendUsOnWithinItsServer(t *testing.T) {
	t.Parallel()
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/moved" {
			http.Redirect(w, r, "/moved", http.StatusMovedPermanently)
			return
		}
		says(newest)(w, r)
	})
	if r, err := update.Ask(t.Context(), at+"/latest", "1.2.0"); err != nil || r.Version != "1.3.0" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestADraftAndAVersionToTryOutAreNoRelease(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a draft":                         `{"tag_name":"v1.3.0","html_url":"{here}/x","draft":true}`,
		"marked as one to try out":        `{"tag_name":"v1.3.0","html_url":"{here}/x","prerelease":true}`,
		"named as one to try out":         `{"tag_name":"v1.3.0-rc.1","html_url":"{here}/x"}`,
		"a draft that leads into nowhere": `{"tag_name":"v1.3.0","html_url":"javascript:alert(1)","draft":true}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if r, err := update.Ask(t.Context(), serve(t, says(body)), "1.2.0"); err != nil || r != (update.Release{}) {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

func TestAServerSaysHowLongItWantsPeace(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		header string
		least  time.Duration
		most   time.Duration
	}{
		"in seconds":              {"3600", time.Hour, time.Hour},
		"by the clock":            {time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat), time.Hour, 2 * time.Hour},
		"for a year":              {"31536000", 24 * time.Hour, 24 * time.Hour},
		"for longer than numbers": {"99999999999999999999", 0, 0},
		"for less than nothing":   {"-5", 0, 0},
		"in words":                {"tomorrow", 0, 0},
		"not":                     {"", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", tt.header)
				w.WriteHeader(http.StatusTooManyRequests)
			})
			_, err := update.Ask(t.Context(), at, "1.2.0")
			var a *update.Answer
			if !errors.As(err, &a) || a.Status != 429 || a.After < tt.least || a.After > tt.most {
				t.Errorf("%v, %+v", err, a)
			}
		})
	}
}

func TestAskingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	asked, over := make(chan struct{}), make(chan struct{})
	at := serve(t, func(http.ResponseWriter, *http.Request) { close(asked); <-over })
	defer close(over)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if _, err := update.Ask(ctx, at, "1.2.0"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAFeedThatCannotBeIsAnError(t *testing.T) {
	t.Parallel()
	for _, feed := range []string{"", "nowhere", "ftp://sluice.example/x", "https://", "https://[::1", "http://sluice.example:99999/", "http://" + strings.Repeat("x", 300) + ".invalid/"} {
		if r, err := update.Ask(t.Context(), feed, "1.2.0"); err == nil {
			t.Errorf("%q answers %+v", feed, r)
		}
	}
}

// All of it together. What waits for the network does not let the clock run.
func TestALookoutAsksARealServer(t *testing.T) {
	t.Parallel()
	agents := make(chan string, 10)
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		agents <- r.UserAgent()
		says(newest)(w, r)
	})
	synctest.Test(t, func(t *testing.T) {
		l := update.New(update.Config{
			Version: "v1.2.0", File: filepath.Join(t.TempDir(), "update.json"),
			Wish: func() update.Wish { return update.Wish{On: true, Feed: at} },
		}, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		if err := l.Run(ctx); err != nil {
			t.Error(err)
		}
		if n, ok := l.Newer(); !ok || n.Version != "1.3.0" || n.URL != at+"/releases/1.3.0" {
			t.Errorf("%+v, %v", n, ok)
		}
	})
	if agent := <-agents; agent != "Sluice/v1.2.0" || len(agents) > 0 {
		t.Errorf("%q asked, and %d more", agent, len(agents))
	}
}
