package whisper_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/pipeline"
	"sluice/internal/transcript"
	"sluice/internal/whisper"
)

// request is a short one, whose words the model knows.
func request(t *testing.T, name string) pipeline.TranscribeRequest {
	t.Helper()
	return pipeline.TranscribeRequest{Audio: sound(t, clip(name)), Language: "en", Model: tiny(), BeamSize: 1, Threads: 1}
}

// long is a request that says the same again and again, so that it can be met
// half-way; pauses make a span of each time.
func long(t *testing.T, name string) pipeline.TranscribeRequest {
	t.Helper()
	req := request(t, name)
	once, err := os.ReadFile(req.Audio.Path)
	if err != nil {
		t.Fatal(err)
	}
	once = append(once, make([]byte, 12*2*whisper.SampleRate)...)
	path := filepath.Join(t.TempDir(), "long.pcm")
	if err := os.WriteFile(path, bytes.Repeat(once, 8), 0o600); err != nil {
		t.Fatal(err)
	}
	req.Audio = audioAt(t, path)
	return req
}

// enginePID starts a transcriber whose engine's process id is known.
func enginePID(t *testing.T, role string, change func(*whisper.Config)) (*whisper.Transcriber, func() int) {
	t.Helper()
	var log syncBuffer
	cfg := whisper.Config{Command: []string{os.Args[0]}, Env: []string{engineRole + "=" + role}}
	if change != nil {
		change(&cfg)
	}
	tr := whisper.New(cfg, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(tr.Release)
	return tr, func() int {
		m := regexp.MustCompile(`"engine started" pid=(\d+)`).FindStringSubmatch(log.String())
		if m == nil {
			t.Fatal("no engine was started")
		}
		pid, _ := strconv.Atoi(m[1])
		return pid
	}
}

func TestADeadEngineIsReportedTruthfully(t *testing.T) {
	t.Parallel()
	const (
		stopped = "The speech engine was stopped, by somebody or by another program."
		memory  = "The speech engine was stopped because memory ran out: sluice-tiny held SIZE MB."
		crashed = "The speech engine crashed."
	)
	size := regexp.MustCompile(`[1-9][0-9]+ MB`)
	tests := map[string]struct {
		signal   syscall.Signal
		critical bool
		kills    [2]int64 // what the system has killed: at the start, at the death
		want     fault.Code
		say      string
		log      string
	}{
		"kill -9 is somebody's doing":             {syscall.SIGKILL, false, [2]int64{7, 7}, fault.EngineStopped, stopped, "killed"},
		"kill -9 while memory is short is that":   {syscall.SIGKILL, true, [2]int64{7, 7}, fault.EngineOutOfMemory, memory, "killed"},
		"kill -9 that the system counts is that":  {syscall.SIGKILL, false, [2]int64{7, 8}, fault.EngineOutOfMemory, memory, "killed"},
		"a count that was not there says nothing": {syscall.SIGKILL, false, [2]int64{-1, 8}, fault.EngineStopped, stopped, "killed"},
		"a polite signal is somebody's doing":     {syscall.SIGTERM, false, [2]int64{7, 8}, fault.EngineStopped, stopped, "terminated"},
		"a segmentation fault is a crash":         {syscall.SIGSEGV, false, [2]int64{}, fault.EngineCrashed, crashed, "SIGSEGV"},
		"an abort is a crash":                     {syscall.SIGABRT, true, [2]int64{7, 8}, fault.EngineCrashed, crashed, "SIGABRT"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var kills atomic.Int64
			kills.Store(tt.kills[0])
			tr, pid := enginePID(t, "real", func(c *whisper.Config) {
				c.MemoryCritical, c.OutOfMemoryKills = func() bool { return tt.critical }, kills.Load
			})
			spans := 0
			err := tr.Transcribe(t.Context(), long(t, "seen-000.wav"), pipeline.Watch{Span: func(pipeline.Span) error {
				if spans++; spans == 1 {
					kills.Store(tt.kills[1])
					return syscall.Kill(pid(), tt.signal)
				}
				return nil
			}})
			if !fault.Is(err, tt.want) {
				t.Fatalf("fault is %v, want %s", err, tt.want)
			}
			if said := size.ReplaceAllString(fault.From(err).Say, "SIZE MB"); said != tt.say {
				t.Errorf("it says %q, want %q", said, tt.say)
			}
			if !strings.Contains(err.Error(), tt.log) {
				t.Errorf("the log says nothing of %q: %v", tt.log, err)
			}
			if err := syscall.Kill(pid(), 0); !errors.Is(err, syscall.ESRCH) {
				t.Errorf("the engine is still there, or was not waited for: %v", err)
			}
		})
	}
}

func TestAnEngineThatFailsIsReportedTruthfully(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		stuck time.Duration
		want  fault.Code
		log   string
	}{
		"hangs":           {3 * time.Second, fault.EngineStuck, "computed nothing"},
		"never ready":     {time.Millisecond, fault.EngineStuck, "did not load"},
		"another version": {0, fault.EngineCrashed, "protocol 4"},
		"exits":           {0, fault.EngineCrashed, "GGML_ASSERT(x != 0) failed\n...\nframe 80"},
		"no memory":       {0, fault.EngineOutOfMemory, "bad_alloc"},

		"no memory, then a crash":  {0, fault.EngineOutOfMemory, "attempted to allocate 512.00 MB)\n...\nframe 80"},
		"no memory for Go":         {0, fault.EngineOutOfMemory, "fatal error: out of memory\n...\nframe 80"},
		"no memory on Metal":       {0, fault.EngineOutOfMemory, "Insufficient Memory"},
		"no memory for the model":  {0, fault.EngineOutOfMemory, "failed to allocate memory for the model"},
		"a damaged model":          {0, fault.ModelDamaged, "whisper.cpp refused it"},
		"no memory, then a signal": {0, fault.EngineStopped, "terminated"},
	}
	for role, tt := range tests {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			tr, pid := enginePID(t, role, func(c *whisper.Config) { c.StuckAfter = tt.stuck })
			err := tr.Transcribe(t.Context(), request(t, "seen-000.wav"), pipeline.Watch{})
			if !fault.Is(err, tt.want) || !strings.Contains(err.Error(), tt.log) {
				t.Fatalf("fault is %v, want %s with %q", err, tt.want, tt.log)
			}
			if err := syscall.Kill(pid(), 0); !errors.Is(err, syscall.ESRCH) {
				t.Errorf("the engine is still there, or was not waited for: %v", err)
			}
		})
	}
}

var errEnough = errors.New("enough")

func TestCancelEndsTheWorkAndKeepsTheEngineWarm(t *testing.T) {
	t.Parallel()
	tr, pid := enginePID(t, "real", nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	err := tr.Transcribe(ctx, long(t, "demo.mp4"), pipeline.Watch{Segment: func(transcript.Segment) { cancel(errEnough) }})
	if !errors.Is(err, errEnough) {
		t.Fatalf("error is %v, want the cause of the cancel", err)
	}
	if err := syscall.Kill(pid(), 0); err != nil {
		t.Errorf("the engine did not stay: %v", err)
	}
	tr.Release()
	if err := syscall.Kill(pid(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the released engine is still there: %v", err)
	}
	tr.Release()
}

func TestCancelEndsAnEngineThatDoesNotListen(t *testing.T) {
	t.Parallel()
	tr, pid := enginePID(t, "deaf", nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	err := tr.Transcribe(ctx, request(t, "seen-000.wav"), pipeline.Watch{Progress: func(float64) { cancel(errEnough) }})
	if !errors.Is(err, errEnough) {
		t.Fatalf("error is %v, want the cause of the cancel", err)
	}
	if err := syscall.Kill(pid(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the engine is still there, or was not waited for: %v", err)
	}
}

func TestCancelIsHeardWhileSilenceIsReadOver(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "silence.pcm")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 20*3600*2*whisper.SampleRate); err != nil { // a hole: it takes no space
		t.Fatal(err)
	}
	tr := transcriber(t, "real", nil)
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errEnough)
	defer cancel()
	began := time.Now()
	err := tr.Transcribe(ctx, pipeline.TranscribeRequest{Audio: audioAt(t, path), Language: "en", Model: tiny()}, pipeline.Watch{})
	if !errors.Is(err, errEnough) {
		t.Errorf("error is %v, want the cause of the cancel", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it went on for %v", took)
	}
}

func TestSoundThatVanishesIsMadeAgain(t *testing.T) {
	t.Parallel()
	tr, pid := enginePID(t, "real", nil)
	req := long(t, "seen-000.wav")
	spans := 0
	vanish := pipeline.Watch{Span: func(pipeline.Span) error { spans++; return os.Remove(req.Audio.Path) }}
	for _, at := range []string{"between two spans", "before the first"} {
		err := tr.Transcribe(t.Context(), req, vanish)
		f := fault.From(err)
		if !f.Kind.Retry() || f.Crash() || f.Say != "The sound that was taken from the file is gone." {
			t.Errorf("%s: fault is %v", at, err)
		}
	}
	if spans != 1 {
		t.Errorf("%d spans were heard, want 1", spans)
	}
	if err := syscall.Kill(pid(), 0); err != nil {
		t.Errorf("the engine did not stay: %v", err)
	}
}

func TestAnErrorFromTheWatchEndsTheRun(t *testing.T) {
	t.Parallel()
	tr := transcriber(t, "real", nil)
	spans := 0
	err := tr.Transcribe(t.Context(), long(t, "seen-000.wav"), pipeline.Watch{Span: func(pipeline.Span) error { spans++; return errEnough }})
	if !errors.Is(err, errEnough) || spans != 1 {
		t.Errorf("error is %v after %d spans, want %v after 1", err, spans, errEnough)
	}
}

func TestReleaseDuringAJobWaitsForItsEnd(t *testing.T) {
	t.Parallel()
	tr, pid := enginePID(t, "real", nil)
	err := tr.Transcribe(t.Context(), request(t, "seen-000.wav"), pipeline.Watch{Span: func(pipeline.Span) error {
		tr.Release()
		return syscall.Kill(pid(), 0)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the released engine is still there: %v", err)
	}
}

func TestResumingGivesWhatWasStillToCome(t *testing.T) {
	t.Parallel()
	tr := transcriber(t, "real", nil)
	req := request(t, "sparse-two-minutes.opus")
	whole := transcribe(t, tr, req)
	if len(whole.spans) < 3 {
		t.Fatalf("%d spans are too few to resume between", len(whole.spans))
	}
	req.FromMS = whole.spans[1].ToMS
	rest := transcribe(t, tr, req)
	if diff := cmp.Diff(whole.spans[2:], rest.spans); diff != "" {
		t.Error(diff)
	}
	req.FromMS = req.Audio.DurationMS
	if end := transcribe(t, tr, req); len(end.spans) != 0 {
		t.Errorf("%d spans after the end", len(end.spans))
	}
}

func TestWhatIsToldFitsTogether(t *testing.T) {
	t.Parallel()
	tr := transcriber(t, "real", nil)
	req := request(t, "seventy-five-seconds.flac")
	req.Words = true
	req.Language = "auto"
	h := transcribe(t, tr, req)
	from := int64(0)
	for _, s := range h.spans {
		if s.FromMS != from {
			t.Errorf("a span begins at %d, the one before ends at %d", s.FromMS, from)
		}
		from = s.ToMS
		if s.Language != "en" {
			t.Errorf("language is %q", s.Language)
		}
		for _, g := range s.Segments {
			if g.StartMS < s.FromMS || g.EndMS > s.ToMS || g.EndMS < g.StartMS || g.ID != 0 || len(g.Words) == 0 {
				t.Errorf("segment %+v does not fit its span %d to %d", g, s.FromMS, s.ToMS)
			}
			for _, w := range g.Words {
				if w.StartMS < g.StartMS || w.EndMS > g.EndMS || w.EndMS < w.StartMS {
					t.Errorf("word %+v does not fit its segment %d to %d", w, g.StartMS, g.EndMS)
				}
			}
		}
	}
	if from != req.Audio.DurationMS {
		t.Errorf("the last span ends at %d, the sound at %d", from, req.Audio.DurationMS)
	}
	if !slices.IsSorted(h.progress) || h.progress[len(h.progress)-1] != 1 {
		t.Errorf("progress is %v", h.progress)
	}
	if len(h.live) != len(h.segments()) {
		t.Errorf("%d live segments, %d in the end", len(h.live), len(h.segments()))
	}
	if h.memory < 10<<20 {
		t.Errorf("footprint is %d bytes", h.memory)
	}
	if model, bytes := tr.Holding(); model == "" || bytes < h.memory/2 { // that was the most, this is the last
		t.Errorf("the warm engine is said to hold %q with %d bytes, it told of %d", model, bytes, h.memory)
	}
	tr.Release()
	if model, bytes := tr.Holding(); model != "" || bytes != 0 {
		t.Errorf("an engine that is gone is said to hold %q with %d bytes", model, bytes)
	}
}

func TestOnlyKnownLanguagesAreTaken(t *testing.T) {
	t.Parallel()
	tr := transcriber(t, "real", nil)
	for _, language := range []string{"xx", "klingon", "ko"} {
		req := request(t, "seen-000.wav")
		req.Language = language
		err := tr.Transcribe(t.Context(), req, pipeline.Watch{})
		if !fault.Is(err, fault.LanguageUnknown) {
			t.Errorf("fault for %q is %v, want %s", language, err, fault.LanguageUnknown)
		}
	}
}

func TestSilenceIsOneSpanWithoutAnEngine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "silence.pcm")
	if err := os.WriteFile(path, make([]byte, 2*whisper.SampleRate*90), 0o600); err != nil {
		t.Fatal(err)
	}
	tr := whisper.New(whisper.Config{Command: []string{"/no/such/engine"}}, quiet())
	h := transcribe(t, tr, pipeline.TranscribeRequest{Audio: audioAt(t, path), Language: "auto", Model: tiny()})
	if len(h.spans) != 1 || h.spans[0].ToMS != 90_000 || len(h.segments()) != 0 {
		t.Errorf("spans are %+v", h.spans)
	}
}

func TestNonsenseFromTheEngineIsBounded(t *testing.T) {
	t.Parallel()
	tr := transcriber(t, "raves", nil)
	req := request(t, "seen-000.wav")
	req.Language = "auto"
	h := transcribe(t, tr, req)
	for _, s := range h.segments() {
		if s.StartMS < 0 || s.EndMS > req.Audio.DurationMS || s.EndMS < s.StartMS {
			t.Errorf("segment lasts from %d to %d ms", s.StartMS, s.EndMS)
		}
	}
	if diff := cmp.Diff([]string{whisper.WarnLanguage, whisper.WarnSilence}, codes(h.spans[0].Warnings)); diff != "" {
		t.Error(diff)
	}
	if slices.Max(h.progress) > 1 {
		t.Errorf("progress is %v", h.progress)
	}
}

func TestOneEngineAtATime(t *testing.T) {
	t.Parallel()
	lock := filepath.Join(t.TempDir(), "run", "engine.lock")
	locked := func(c *whisper.Config) { c.LockPath = lock }
	first, second := transcriber(t, "real", locked), transcriber(t, "real", locked)
	transcribe(t, first, request(t, "seen-000.wav"))

	ctx, cancel := context.WithCancelCause(t.Context())
	waiting := make(chan error)
	req := request(t, "seen-001.wav")
	go func() { waiting <- second.Transcribe(ctx, req, pipeline.Watch{}) }()
	cancel(errEnough)
	if err := <-waiting; !errors.Is(err, errEnough) {
		t.Errorf("error is %v, want the cause of the cancel", err)
	}
	first.Release()
	transcribe(t, second, req)
}

func TestTheTextIsWhisperCLIs(t *testing.T) {
	t.Parallel()
	cli := filepath.Join(root(), "build", "cache", "whisper-cli", "whisper-cli")
	if _, err := os.Stat(cli); err != nil {
		t.Skip("needs whisper-cli to compare with: build/setup.sh whisper-cli")
	}
	tr := transcriber(t, "real", nil)
	for name, beam := range map[string]int{"demo.mp4": 5, "window-0.wav": 1, "seen-008.wav": 5, "unseen-002.wav": 1} {
		req := request(t, name)
		req.BeamSize, req.Threads = beam, 2
		base := filepath.Join(t.TempDir(), "sound")
		writeWAV(t, base+".wav", req.Audio.Path)
		cmd := exec.Command(cli, "-m", tiny(), "-l", "en", "-t", "2", "-mc", "0", "-bo", "5", "-bs", strconv.Itoa(beam),
			"-osrt", "-of", base, "-f", base+".wav")
		cmd.Env = append(os.Environ(), "OMP_WAIT_POLICY=passive")
		if log, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("whisper-cli: %v\n%s", err, log)
		}
		srt, err := os.ReadFile(base + ".srt")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(srtText(string(srt)), transcribe(t, tr, req).text()); diff != "" {
			t.Errorf("%s with beam %d:\n%s", name, beam, diff)
		}
	}
}

func srtText(srt string) string {
	var texts []string
	for block := range strings.SplitSeq(srt, "\n\n") {
		lines := strings.SplitN(strings.TrimSpace(block), "\n", 3)
		if len(lines) == 3 {
			texts = append(texts, strings.TrimSpace(lines[2]))
		}
	}
	return strings.Join(texts, " ")
}

func writeWAV(t *testing.T, path, pcm string) {
	t.Helper()
	body, err := os.ReadFile(pcm)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString("RIFF")
	_ = binary.Write(&b, binary.LittleEndian, uint32(36+len(body)))
	b.WriteString("WAVEfmt ")
	_ = binary.Write(&b, binary.LittleEndian, []uint16{16, 0, 1, 1})
	_ = binary.Write(&b, binary.LittleEndian, []uint32{16000, 32000})
	_ = binary.Write(&b, binary.LittleEndian, []uint16{2, 16})
	b.WriteString("data")
	_ = binary.Write(&b, binary.LittleEndian, uint32(len(body)))
	_, _ = io.Copy(&b, bytes.NewReader(body))
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAnEngineThatAnotherProcessHasIsSaidToBeTaken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "engine.lock")
	tr := whisper.New(whisper.Config{Command: []string{"none"}, LockPath: path}, slog.New(slog.DiscardHandler))
	if err := tr.Ready(t.Context()); err != nil {
		t.Errorf("free, but %v", err)
	}
	other := flock.New(path)
	if err := other.Lock(); err != nil {
		t.Fatal(err)
	}
	if err := tr.Ready(t.Context()); !fault.Is(err, fault.EngineBusy) {
		t.Errorf("taken, but %v", err)
	}
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := tr.Ready(t.Context()); err != nil {
		t.Errorf("free again, but %v", err)
	}
}
