package ollama_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/ollama"
)

const story = `{"status":"pulling manifest"}
{"status":"pulling a1","digest":"sha256:a1","total":1000}
{"status":"pulling a1","digest":"sha256:a1","total":1000,"completed":400}
{"status":"pulling b2","digest":"sha256:b2","total":50,"completed":50}
{"status":"pulling a1","digest":"sha256:a1","total":1000,"completed":300}
{"status":"pulling a1","digest":"sha256:a1","total":1000,"completed":1000}
{"status":"verifying sha256 digest"}
{"status":"success"}
`

// begin sends the first words of a story and goes on as it is told.
func begin(words string, then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else it would not see the client leave
		_, _ = io.WriteString(w, words)
		w.(http.Flusher).Flush()
		then(w, r)
	}
}

func TestADownloadAddsUpItsLayers(t *testing.T) {
	t.Parallel()
	c := client(t, ollama.Config{Host: fake(t, says(200, story))})
	var got []ollama.Pulled
	if err := c.Pull(t.Context(), "gemma3:4b", func(p ollama.Pulled) { got = append(got, p) }); err != nil {
		t.Fatalf("Pull() = %v", err)
	}
	want := []ollama.Pulled{
		{Status: "pulling manifest"},
		{Status: "pulling a1", TotalBytes: 1000},
		{Status: "pulling a1", DoneBytes: 400, TotalBytes: 1000},
		{Status: "pulling b2", DoneBytes: 450, TotalBytes: 1050},
		{Status: "pulling a1", DoneBytes: 450, TotalBytes: 1050},
		{Status: "pulling a1", DoneBytes: 1050, TotalBytes: 1050},
		{Status: "verifying sha256 digest", DoneBytes: 1050, TotalBytes: 1050},
		{Status: "success", DoneBytes: 1050, TotalBytes: 1050},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestADownloadThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	some := strings.Join(strings.SplitAfter(story, "\n")[:3], "")
	then := func(more string) http.HandlerFunc { return says(200, some+more) }
	tests := map[string]struct {
		answer http.HandlerFunc
		want   fault.Code
	}{
		"nobody has the model":      {then(`{"error":"pull model manifest: file does not exist"}`), fault.ModelUnknown},
		"the name is none":          {says(400, `{"error":"invalid model name"}`), fault.ModelUnknown},
		"there is no network":       {says(200, `{"error":"pull model manifest: Get \"https://registry.ollama.ai/v2/\": dial tcp: lookup registry.ollama.ai: no such host"}`), fault.DownloadFailed},
		"the disk is full":          {then(`{"error":"write /models/blobs/x: no space left on device"}`), fault.DiskFull},
		"the digest is wrong":       {then(`{"error":"digest mismatch, file must be downloaded again"}`), fault.DownloadFailed},
		"the story has no end":      {says(200, some), fault.DownloadFailed},
		"the connection is cut":     {begin(some, abort), fault.DownloadFailed},
		"nothing more comes":        {begin(some, silent), fault.DownloadFailed},
		"an error without a word":   {says(500, ""), fault.DownloadFailed},
		"a web page":                {says(200, "<html>Sign in to the network</html>"), fault.DownloadFailed},
		"a size that cannot be":     {then(`{"status":"pulling a1","digest":"sha256:a1","total":-5}`), fault.DownloadFailed},
		"too busy":                  {says(503, `{"error":"server busy"}`), fault.OllamaBusy},
		"it sends to another place": {says(307, ""), fault.OllamaFailed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := client(t, ollama.Config{Host: fake(t, tt.answer), PullIdle: 100 * time.Millisecond})
			err := c.Pull(t.Context(), "gemma3:4b", nil)
			if f := fault.From(err); f.Code != tt.want || f.Say == "" || f.Hint == "" || len(f.Error()) > 700 {
				t.Errorf("Pull(): %v, hint %q; want %s", err, f.Hint, tt.want)
			}
		})
	}
	gone := client(t, ollama.Config{Host: "http://127.0.0.1:1"})
	if err := gone.Pull(t.Context(), "gemma3:4b", nil); !fault.Is(err, fault.OllamaUnreachable) {
		t.Errorf("Pull() from nobody: %v", err)
	}
}

func TestADownloadCanBeLeft(t *testing.T) {
	t.Parallel()
	c := client(t, ollama.Config{Host: fake(t, begin(`{"status":"pulling manifest"}`+"\n", silent))})
	ctx, cancel := context.WithCancel(t.Context())
	err := c.Pull(ctx, "gemma3:4b", func(ollama.Pulled) { cancel() })
	var f *fault.Fault
	if !errors.Is(err, context.Canceled) || errors.As(err, &f) {
		t.Errorf("Pull(): %v", err)
	}
}
