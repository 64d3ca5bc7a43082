package whisper_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"sluice/internal/pipeline"
	"sluice/internal/transcript"
	"sluice/internal/whisper"
	"sluice/internal/whisper/engine"
)

// engineRole tells the test binary, started again as a child, what to play.
const engineRole = "SLUICE_TEST_ENGINE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(engineRole); role {
	case "":
		goleak.VerifyTestMain(m)
	case "real":
		os.Exit(engine.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	default:
		os.Exit(play(role))
	}
}

func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

func tiny() string { return filepath.Join(root(), "build", "models", "sluice-tiny", "sluice-tiny.bin") }

func clip(name string) string {
	return filepath.Join(root(), "build", "models", "sluice-tiny", "clips", name)
}

// shared finds the models and media that are not ours to ship.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("SLUICE_SHARED")
	if dir == "" {
		dir = filepath.Join(root(), "..", "shared")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no shared test data: %s is not beside the project, nor where SLUICE_SHARED says", name)
	}
	return path
}

// sound converts media to PCM, as the extract stage does.
func sound(t *testing.T, source string) pipeline.Audio {
	t.Helper()
	out := filepath.Join(t.TempDir(), "sound.pcm")
	cmd := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-y", "-i", source, "-vn",
		"-af", "aresample=async=1:first_pts=0", "-ac", "1", "-ar", "16000", "-f", "s16le", out)
	if log, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, log)
	}
	return audioAt(t, out)
}

func audioAt(t *testing.T, path string) pipeline.Audio {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return pipeline.Audio{Path: path, Bytes: info.Size(), DurationMS: info.Size() / 32}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// transcriber makes one over the real engine; role picks another child.
func transcriber(t *testing.T, role string, change func(*whisper.Config)) *whisper.Transcriber {
	t.Helper()
	cfg := whisper.Config{Command: []string{os.Args[0]}, Env: []string{engineRole + "=" + role}}
	if change != nil {
		change(&cfg)
	}
	tr := whisper.New(cfg, quiet())
	t.Cleanup(tr.Release)
	return tr
}

// heard collects what a watch is told.
type heard struct {
	spans    []pipeline.Span
	live     []transcript.Segment
	progress []float64
	memory   int64
}

func (h *heard) watch() pipeline.Watch {
	return pipeline.Watch{
		Progress: func(f float64) { h.progress = append(h.progress, f) },
		Segment:  func(s transcript.Segment) { h.live = append(h.live, s) },
		Span:     func(s pipeline.Span) error { h.spans = append(h.spans, s); return nil },
		Memory:   func(bytes int64) { h.memory = max(h.memory, bytes) },
	}
}

func (h *heard) segments() []transcript.Segment {
	var all []transcript.Segment
	for _, s := range h.spans {
		all = append(all, s.Segments...)
	}
	return all
}

func (h *heard) text() string {
	var texts []string
	for _, s := range h.segments() {
		texts = append(texts, s.Text)
	}
	return strings.Join(texts, " ")
}

func transcribe(t *testing.T, tr *whisper.Transcriber, req pipeline.TranscribeRequest) *heard {
	t.Helper()
	var h heard
	if err := tr.Transcribe(t.Context(), req, h.watch()); err != nil {
		t.Fatal(err)
	}
	return &h
}

type sentence struct {
	Start float64 `json:"start"`
	End   float64 `json:"end"`
	Text  string  `json:"text"`
}

func references(t *testing.T) map[string]struct {
	Sentences []sentence `json:"sentences"`
} {
	t.Helper()
	body, err := os.ReadFile(clip("refs.json"))
	if err != nil {
		t.Fatal(err)
	}
	refs := map[string]struct {
		Sentences []sentence `json:"sentences"`
	}{}
	if err := json.Unmarshal(body, &refs); err != nil {
		t.Fatal(err)
	}
	return refs
}

func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}

// wordErrors is the edit distance in words.
func wordErrors(want, got []string) int {
	row := make([]int, len(got)+1)
	for j := range row {
		row[j] = j
	}
	for i, w := range want {
		diagonal := row[0]
		row[0] = i + 1
		for j, g := range got {
			cost := diagonal
			if w != g {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(got)]
}

// syncBuffer is a log that a test reads while others write.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
