package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"sluice/internal/httpapi"
)

// listening serves what make builds for the address, and gives the address.
func listening(t *testing.T, address string, build func(at string) http.Handler) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	srv := httpapi.NewServer(build(l.Addr().String()))
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		_ = srv.Close()
		if err := <-served; err != http.ErrServerClosed { //nolint:errorlint // Serve returns this very value
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// A client that reads only when it has sent everything gets the refusal too.
func TestWhoIsRefusedWhileSendingLearnsWhy(t *testing.T) {
	t.Parallel()
	at := listening(t, "127.0.0.1:0", func(at string) http.Handler {
		return guarded(t, newWorld(t), httpapi.GuardConfig{Listen: at, Token: "T"})
	})
	const token, size = "Authorization: Bearer T\r\n", 24 << 20
	for name, tt := range map[string]struct {
		start, head string
		want        string
	}{
		"without a token":          {start: "PUT /api/v1/uploads/a.wav", want: "401"},
		"a body that is too large": {start: "POST /api/v1/jobs", head: token + "Content-Type: application/json\r\n", want: "413"},
		"no such route":            {start: "PUT /api/v1/nowhere", head: token, want: "404"},
		"a name that is none":      {start: "PUT /api/v1/uploads/%20", head: token + "Expect: 100-continue\r\n", want: "422"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", at)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
			_, err = fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n", tt.start, at, tt.head, size)
			if err == nil {
				_, err = io.CopyN(conn, fill{}, size)
			}
			if err != nil {
				t.Fatalf("it could not send: %v", err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			if !strings.HasPrefix(res.Status, tt.want) || !res.Close {
				t.Errorf("%s, the last of its connection: %v", res.Status, res.Close)
			}
		})
	}
}

// fill is bytes without end.
type fill struct{}

func (fill) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
