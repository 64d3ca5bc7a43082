package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/slogtest"

	"sluice/internal/fault"
)

// veiledLog is a log into a buffer, of a user whose home is /home/mina.
func veiledLog(out *bytes.Buffer) *slog.Logger {
	return slog.New(&veil{next: slog.NewJSONHandler(out, nil), hidden: &hidden{home: homePattern("/home/mina")}})
}

func TestTheLogKeepsSecretsToItself(t *testing.T) {
	t.Parallel()
	address, err := url.Parse("https://mina:pass@hooks.example.com/in?key=k3y#part")
	if err != nil {
		t.Fatal(err)
	}
	_, notThere := os.Open("/home/mina/Movies/a.mp4")
	tests := map[string]struct {
		log  func(*slog.Logger)
		want string // in the line
	}{
		"a path of the home":             {func(l *slog.Logger) { l.Info("m", "path", "/home/mina/Movies/a.mp4") }, `"path":"~/Movies/a.mp4"`},
		"the home itself":                {func(l *slog.Logger) { l.Info("m", "dir", "/home/mina") }, `"dir":"~"`},
		"another home that begins alike": {func(l *slog.Logger) { l.Info("m", "dir", "/home/minako/x") }, `"dir":"/home/minako/x"`},
		"an error of the system":         {func(l *slog.Logger) { l.Info("m", "err", notThere) }, `"err":"open ~/Movies/a.mp4: no such file`},
		"a fault with its cause": {func(l *slog.Logger) {
			l.Info("m", "err", fault.New(fault.WebhookRefused, "No.", fmt.Errorf("post: %w", &url.Error{Op: "Post", URL: address.String(), Err: errors.New("refused")})))
		}, `post: Post \"https://hooks.example.com/in?…\": refused`},
		"an address":                       {func(l *slog.Logger) { l.Info("m", "url", address) }, `"url":"https://hooks.example.com/in?…"`},
		"an address without a path":        {func(l *slog.Logger) { l.Info("m", "url", "see http://h:1?a=b, please") }, "see http://h:1?…"},
		"an address that hides nothing":    {func(l *slog.Logger) { l.Info("serving", "address", "http://127.0.0.1:7584") }, `"address":"http://127.0.0.1:7584"`},
		"a header in an error":             {func(l *slog.Logger) { l.Info("m", "err", errors.New("sent Authorization: Bearer k3y to them")) }, "sent Authorization: Bearer … to them"},
		"headers":                          {func(l *slog.Logger) { l.Info("m", "header", http.Header{"Authorization": {"Bearer k3y"}}) }, "Bearer …"},
		"a cookie of ours":                 {func(l *slog.Logger) { l.Info("m", "sent", "sluice_page=k3y; other=1") }, "sluice_page=…; other=1"},
		"something that is called a token": {func(l *slog.Logger) { l.Info("m", "token", "k3y") }, `"token":"…"`},
		"a token of the settings":          {func(l *slog.Logger) { l.Info("m", "argv", "--set named-k3y --x") }, "--set … --x"},
		"in a group":                       {func(l *slog.Logger) { l.Info("m", slog.Group("g", "path", "/home/mina/a", "secret", "k3y")) }, `"g":{"path":"~/a","secret":"…"}`},
		"with every record":                {func(l *slog.Logger) { l.With("dir", "/home/mina/a").WithGroup("g").Info("m", "x", "token=k3y") }, `"dir":"~/a","g":{"x":"token=…"}`},
		"in a list":                        {func(l *slog.Logger) { l.Info("m", "paths", []string{"/home/mina/a", "/srv/b"}) }, `[\"~/a\",\"/srv/b\"]`},
		"in the message":                   {func(l *slog.Logger) { l.Info("opened /home/mina/a") }, "opened ~/a"},
		"what hides nothing stays":         {func(l *slog.Logger) { l.Info("job taken", "job", "01K", "bytes", 7, "list", []int{1}) }, `"msg":"job taken","job":"01K","bytes":7,"list":[1]`},
		"a log of a value of its own":      {func(l *slog.Logger) { l.Info("m", "v", valued{}) }, `"v":"~/v"`},
		"an error of files": {func(l *slog.Logger) {
			l.Info("m", "err", &fs.PathError{Op: "open", Path: "/home/mina", Err: fs.ErrNotExist})
		}, "open ~: file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			log := veiledLog(&out)
			hide(log, "", "T", "named-k3y")
			tt.log(log)
			if line := out.String(); !strings.Contains(line, tt.want) || strings.Contains(line, "k3y") || strings.Contains(line, "pass@") || strings.Contains(line, "mina/") {
				t.Errorf("no %s in %s", tt.want, line)
			}
		})
	}
}

type valued struct{}

func (valued) LogValue() slog.Value { return slog.StringValue("/home/mina/v") }

func TestAVeiledHandlerIsAHandler(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := slogtest.TestHandler(veiledLog(&out).Handler(), func() (all []map[string]any) {
		for line := range strings.Lines(out.String()) {
			var m map[string]any
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			all = append(all, m)
		}
		return all
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTheLoggersAreVeiled(t *testing.T) {
	t.Parallel()
	home, err := os.UserHomeDir()
	if err != nil || filepath.Clean(home) == "/" {
		t.Skip("this user has no home: it cannot be hidden")
	}
	if _, ok := logger().Handler().(*veil); !ok {
		t.Error("the log of a server hides nothing")
	}
}
