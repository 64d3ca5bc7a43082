package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/pipeline"
	"sluice/internal/transcript"
)

// bench is a pipeline with everything around it played: each part is a field
// that a test may change before it runs.
type bench struct {
	t    *testing.T
	work string

	source      error
	opened      int
	model       error
	ffmpeg      error
	room        error
	verdict     job.Verdict
	spans       []pipeline.Span // what the recogniser says, whole
	breakAfter  int             // spans before the engine dies; -1 = never
	breakWith   fault.Code
	footprint   int64 // what the engine tells; 0 = nothing
	free        int64
	ceiling     int64
	learnt      []string
	extracting  time.Duration // how long the parts take, where that matters
	recognising time.Duration
	others      time.Duration
	extracted   int
	transcribed []pipeline.TranscribeRequest

	finished    map[string][]byte
	stored      map[string][]pipeline.Span
	transcripts map[string]transcript.Transcript
	warnings    []job.Warning
	durations   map[string]int64
	history     []string
	took        []time.Duration // by each finish
	live        []transcript.Segment

	fetched []string // fingerprints of what was asked for
	away    *fault.Fault
	broken  bool              // it went away only in the middle
	settled map[string]string // sources and titles by job

	llm       *fakeOllama
	config    pipeline.Config
	exporter  pipeline.Exporter
	refuses   job.Stage                        // the one stage that the gate does not let in; "" = all or none
	needs     map[job.Stage]job.Need           // that the gate was last asked for
	order     []string                         // what happened around the language model
	parts     map[string][][]byte              // by key
	languages map[string]transcript.Transcript // by job and language
	lines     map[string]job.Lines
	summaries map[string]*transcript.Summary
	coverage  map[string]int
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{
		t: t, work: t.TempDir(), verdict: job.Verdict{Open: true}, breakAfter: -1, breakWith: fault.EngineCrashed, free: -1,
		spans: []pipeline.Span{
			{FromMS: 0, ToMS: 10_000, Language: "ko", Segments: []transcript.Segment{{StartMS: 0, EndMS: 900, Text: "하나"}, {StartMS: 1000, EndMS: 2000, Text: "둘"}}},
			{FromMS: 10_000, ToMS: 20_000, Language: "ko", Segments: []transcript.Segment{{StartMS: 11_000, EndMS: 12_000, Text: "셋"}}},
		},
		finished:    map[string][]byte{},
		stored:      map[string][]pipeline.Span{},
		transcripts: map[string]transcript.Transcript{},
		durations:   map[string]int64{},
		settled:     map[string]string{},
		needs:       map[job.Stage]job.Need{},
		parts:       map[string][][]byte{},
		languages:   map[string]transcript.Transcript{},
		lines:       map[string]job.Lines{},
		summaries:   map[string]*transcript.Summary{},
		coverage:    map[string]int{},
	}
	b.llm = newOllama(b)
	b.config = pipeline.Config{WorkDir: b.work, Context: 8192}
	return b
}

func (b *bench) pipeline() *pipeline.Pipeline {
	return pipeline.New(pipeline.Deps{
		Sources: b, Extractor: b, Models: b, Transcriber: b, Checkpoints: b, Gate: b, Room: b, Listener: b,
		LanguageModels: b.llm, Translator: b.llm, Summarizer: b.llm, Exporter: b.exporter,
	}, b.config)
}

func (b *bench) run(j job.Job) error {
	b.t.Helper()
	return b.pipeline().Run(b.t.Context(), job.Lease{ID: j.ID, Token: 1, Owner: "me"}, j, func(job.Progress) {})
}

func aJob(id string) job.Job {
	return job.Job{ID: id, CreatedAt: time.Now(), Source: job.Source{Path: "/v.mp4", Fingerprint: "f"}, Options: job.Options{Language: "auto", Model: "tiny", BeamSize: 1, Reuse: true}}
}

func (b *bench) Open(context.Context, job.Source) (string, error) {
	b.opened++
	return "/v.mp4", b.source
}

func (b *bench) Promised(s job.Source) bool { return s.Fingerprint == "promise" }

func (b *bench) Look(context.Context, job.Source) error { return b.source }

func (b *bench) Ready(context.Context) error { return b.ffmpeg }

func (b *bench) Check(context.Context) error { return b.room }

func (b *bench) Probe(context.Context, string) (pipeline.Media, error) { return pipeline.Media{}, nil }

func (b *bench) Extract(_ context.Context, req pipeline.ExtractRequest, report func(float64)) (pipeline.Audio, error) {
	b.extracted++
	time.Sleep(b.extracting)
	report(1)
	return pipeline.Audio{Path: req.Out, Bytes: 4, DurationMS: 20_000, Warnings: []job.Warning{{Code: "partial_audio"}}}, os.WriteFile(req.Out, []byte("pcm!"), 0o600)
}

func (b *bench) Model(_ context.Context, name string, size int) (pipeline.Model, error) {
	return pipeline.Model{Name: name, Path: "/" + name + ".bin", Digest: "digest of " + name, Context: size, NeedBytes: 1_000_000_000}, b.model
}

func (b *bench) Smaller(context.Context, string, int64) string { return "tinier" }

// TooLarge says what it was asked.
func (b *bench) TooLarge(n job.Need, language string) error {
	if !b.verdict.Never {
		return nil
	}
	return fault.New(fault.ModelTooLarge, n.Model+" is too large.", nil).WithHint("Take another for %s.", language)
}

func (b *bench) Afresh(context.Context) int64 { return b.free }

func (b *bench) Ceiling() int64 { return b.ceiling }

func (b *bench) Measured(m pipeline.Model, peak int64) {
	b.learnt = append(b.learnt, fmt.Sprintf("%s %d took %d", m.Name, m.Context, peak))
}

func (b *bench) Starved(m pipeline.Model, need int64) {
	b.learnt = append(b.learnt, fmt.Sprintf("%s %d needs %d", m.Name, m.Context, need))
}

func (b *bench) Transcribe(_ context.Context, req pipeline.TranscribeRequest, w pipeline.Watch) error {
	b.transcribed = append(b.transcribed, req)
	time.Sleep(b.recognising)
	said := 0
	for _, s := range b.spans {
		if s.FromMS < req.FromMS {
			continue
		}
		if b.footprint > 0 {
			w.Memory(b.footprint)
		}
		if said == b.breakAfter {
			return fault.New(b.breakWith, "The speech engine crashed.", nil)
		}
		for _, seg := range s.Segments {
			w.Segment(seg)
		}
		if err := w.Span(s); err != nil {
			return err
		}
		said++
	}
	return nil
}

func (b *bench) Release() { b.order = append(b.order, "engine goes") }

func (b *bench) Finished(_ context.Context, stage job.Stage, key string) ([]byte, bool, error) {
	body, ok := b.finished[string(stage)+key]
	return body, ok, nil
}

func (b *bench) Begin(_ context.Context, _ job.Lease, stage job.Stage) error {
	time.Sleep(b.others)
	b.history = append(b.history, "begin "+string(stage))
	b.order = append(b.order, "begin "+string(stage))
	return nil
}

func (b *bench) Finish(_ context.Context, _ job.Lease, stage job.Stage, key string, body []byte, reused bool, took time.Duration) error {
	b.finished[string(stage)+key] = body
	b.took = append(b.took, took)
	what := "finish "
	if reused {
		what = "reuse "
	}
	b.history = append(b.history, what+string(stage))
	return nil
}

func (b *bench) Spans(_ context.Context, _ job.Lease, key string) ([]pipeline.Span, error) {
	return b.stored[key], nil
}

func (b *bench) AddSpan(_ context.Context, _ job.Lease, key string, s pipeline.Span) error {
	b.stored[key] = append(b.stored[key], s)
	return nil
}

func (b *bench) SetDuration(_ context.Context, id string, ms int64) error {
	b.durations[id] = ms
	return nil
}

func (b *bench) SaveTranscript(_ context.Context, l job.Lease, t transcript.Transcript, w []job.Warning) error {
	time.Sleep(b.others)
	b.transcripts[l.ID], b.warnings = t, w
	return nil
}

func (b *bench) Admit(_ context.Context, n job.Need) job.Verdict {
	time.Sleep(b.others)
	b.needs[n.Stage] = n
	b.order = append(b.order, "admit "+string(n.Stage))
	if b.refuses != "" && n.Stage != b.refuses {
		return job.Verdict{Open: true}
	}
	return b.verdict
}

func (b *bench) Segment(_ string, s transcript.Segment) { b.live = append(b.live, s) }

func (b *bench) Changed(string) {}

func TestAJobGoesThroughItsStages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.run(aJob("a")); err != nil {
		t.Fatal(err)
	}
	want := transcript.Transcript{Language: "ko", Complete: true, Segments: []transcript.Segment{
		{ID: 1, StartMS: 0, EndMS: 900, Text: "하나"}, {ID: 2, StartMS: 1000, EndMS: 2000, Text: "둘"}, {ID: 3, StartMS: 11_000, EndMS: 12_000, Text: "셋"},
	}}
	if d := cmp.Diff(want, b.transcripts["a"]); d != "" {
		t.Errorf("transcript -want +got\n%s", d)
	}
	if d := cmp.Diff([]string{"begin extract", "finish extract", "begin transcribe", "finish transcribe"}, b.history); d != "" {
		t.Errorf("history -want +got\n%s", d)
	}
	if len(b.warnings) != 1 || b.warnings[0].Code != "partial_audio" {
		t.Errorf("warnings %+v", b.warnings)
	}
	if len(b.live) != 3 {
		t.Errorf("%d live segments", len(b.live))
	}
}

func TestAnotherJobOnTheSameInputsReusesTheTranscript(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, id := range []string{"a", "b"} {
		if err := b.run(aJob(id)); err != nil {
			t.Fatal(err)
		}
	}
	if b.extracted != 1 || len(b.transcribed) != 1 {
		t.Errorf("extracted %d times, transcribed %d times", b.extracted, len(b.transcribed))
	}
	if d := cmp.Diff(b.transcripts["a"], b.transcripts["b"]); d != "" {
		t.Error(d)
	}
	if len(b.warnings) != 1 {
		t.Errorf("the reused sound's warnings are lost: %+v", b.warnings)
	}
	fresh := aJob("c")
	fresh.Options.Reuse = false
	if err := b.run(fresh); err != nil {
		t.Fatal(err)
	}
	if b.extracted != 2 || len(b.transcribed) != 2 {
		t.Errorf("reuse: false reused: extracted %d times, transcribed %d times", b.extracted, len(b.transcribed))
	}
}

func TestTheTimeOfAStageIsThatOfItsOwnWork(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	synctest.Test(t, func(t *testing.T) {
		b.t = t
		b.extracting, b.recognising, b.others = 3*time.Second, time.Minute, time.Hour
		for _, id := range []string{"a", "b"} {
			if err := b.run(aJob(id)); err != nil {
				t.Fatal(err)
			}
		}
		// The second job finds all that the first has made.
		if d := cmp.Diff([]time.Duration{3 * time.Second, time.Minute, 0}, b.took); d != "" {
			t.Error(d)
		}
	})
}

func TestWhatChangesTheWordsIsDoneAnew(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change         func(*job.Job)
		extracts, runs int
	}{
		"another language": {func(j *job.Job) { j.Options.Language = "en" }, 1, 2},
		"another model":    {func(j *job.Job) { j.Options.Model = "large" }, 1, 2},
		"another beam":     {func(j *job.Job) { j.Options.BeamSize = 5 }, 1, 2},
		"word times":       {func(j *job.Job) { j.Options.Words = true }, 1, 2},
		"a prompt":         {func(j *job.Job) { j.Options.Prompt = "Sluice" }, 1, 2},
		"a translation":    {func(j *job.Job) { j.Options.ToEnglish = true }, 1, 2},
		"another track":    {func(j *job.Job) { one := 1; j.Options.AudioTrack = &one }, 2, 2},
		"another file":     {func(j *job.Job) { j.Source.Fingerprint = "g" }, 2, 2},
		"other threads":    {func(j *job.Job) { j.Options.Threads = 7 }, 1, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			second := aJob("b")
			tt.change(&second)
			if err := errors.Join(b.run(aJob("a")), b.run(second)); err != nil {
				t.Fatal(err)
			}
			if b.durations["a"] != 20_000 || b.durations["b"] != 20_000 {
				t.Errorf("durations are %v", b.durations)
			}
			if b.extracted != tt.extracts || len(b.transcribed) != tt.runs {
				t.Errorf("extracted %d, transcribed %d times; want %d, %d", b.extracted, len(b.transcribed), tt.extracts, tt.runs)
			}
		})
	}
}

func TestALookAtAWaitingJobDoesNotReadItsSource(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		source error
		waits  bool
	}{
		"it is there":                   {nil, false},
		"it is gone":                    {fault.New(fault.SourceMissing, "gone", nil), true},
		"what is wrong is found by Run": {fault.New(fault.SourceChanged, "changed", nil), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.source = tt.source
			if w := b.pipeline().Ready(t.Context(), aJob("a")); (w != nil) != tt.waits {
				t.Errorf("waits for %v", w)
			}
			if b.opened != 0 {
				t.Errorf("opened %d times", b.opened)
			}
			if _ = b.run(aJob("a")); b.opened != 1 {
				t.Errorf("opened %d times by the run", b.opened)
			}
		})
	}
}

func TestWhatIsAwayBeforeAStageIsWaitedFor(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		set    func(*bench)
		reason job.Reason
	}{
		"the source":                      {func(b *bench) { b.source = fault.New(fault.SourceMissing, "gone", nil) }, job.NoSource},
		"the model":                       {func(b *bench) { b.model = fault.New(fault.ModelMissing, "none", nil) }, job.NoModel},
		"ffmpeg":                          {func(b *bench) { b.ffmpeg = fault.New(fault.FFmpegMissing, "none", nil) }, job.Backoff},
		"the engine of another process":   {func(b *bench) { b.ffmpeg = fault.New(fault.EngineBusy, "taken", nil) }, job.Backoff},
		"the disk":                        {func(b *bench) { b.room = fault.New(fault.DiskFull, "full", nil) }, job.Disk},
		"an own model whose disk is away": {func(b *bench) { b.model = fault.New(fault.ModelUnknown, "none", nil) }, job.NoModel},
		"memory":                          {func(b *bench) { b.verdict = job.Verdict{Reason: job.Memory, Text: "short"} }, job.Memory},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			tt.set(b)
			var w *job.Wait
			if err := b.run(aJob("a")); !errors.As(err, &w) || w.Reason != tt.reason {
				t.Errorf("err = %v", err)
			}
			if len(b.history) != 0 {
				t.Errorf("began: %v", b.history)
			}
			if tt.reason == job.Memory && w.Need.Bytes == 0 {
				t.Error("the line is not told what is needed")
			}
		})
	}
}

func TestSilenceIsDoneWithAWarning(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.spans = []pipeline.Span{{ToMS: 20_000}}
	if err := b.run(aJob("a")); err != nil {
		t.Fatal(err)
	}
	if n := len(b.warnings); n != 2 || b.warnings[1].Code != "no_speech" {
		t.Errorf("warnings %+v", b.warnings)
	}
}

func TestWhatCanNeverFitFailsInsteadOfWaiting(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.verdict = job.Verdict{Never: true, Reason: job.Memory, Text: "needs 9 GB, this machine can give 5 GB"}
	if err := b.run(aJob("a")); !fault.Is(err, fault.ModelTooLarge) {
		t.Errorf("err = %v", err)
	}
}

func TestAModelThatCanNeverFitIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.model = fault.New(fault.ModelMissing, "It is not installed.", nil).WithHint("Pull it.")
	p := b.pipeline()
	if w := p.Ready(t.Context(), aJob("a")); w == nil || w.Reason != job.NoModel {
		t.Errorf("while it would fit it waits for %+v", w)
	}
	b.verdict = job.Verdict{Never: true, Reason: job.Memory} // the ceiling was lowered meanwhile
	if w := p.Ready(t.Context(), aJob("a")); w != nil {
		t.Errorf("it waits for %+v", w)
	}
	if err := b.run(aJob("a")); fault.From(err).Say != "tiny is too large." || b.extracted > 0 {
		t.Errorf("err = %v", err)
	}
}

func TestALostUploadIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.source = fault.New(fault.SourceMissing, "gone", nil)
	j := aJob("a")
	j.Source.Kind = job.FromUpload
	if err := b.run(j); !fault.Is(err, fault.UploadUnknown) {
		t.Errorf("err = %v", err)
	}
}

func TestSharedSoundSurvivesTheSweepOfTheJobThatMadeIt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.run(aJob("a")); err != nil {
		t.Fatal(err)
	}
	other := aJob("b")
	other.Options.Language = "en"
	if err := b.run(other); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(b.work, "a")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(b.transcribed[1].Audio.Path); err != nil || b.extracted != 1 {
		t.Errorf("after %d extractions: %v", b.extracted, err)
	}
}

func TestAnOldJobIsLookedAtLessOften(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ age, least, most time.Duration }{
		"a new one":       {0, 14 * time.Second, 16 * time.Second},
		"after an hour":   {time.Hour, 4 * time.Minute, 5 * time.Minute},
		"after two weeks": {14 * 24 * time.Hour, 4 * time.Minute, 5 * time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.source = fault.New(fault.SourceMissing, "gone", nil)
			j := aJob("a")
			j.CreatedAt = time.Now().Add(-tt.age)
			var w *job.Wait
			if err := b.run(j); !errors.As(err, &w) {
				t.Fatal(err)
			}
			if d := time.Until(w.Until); d < tt.least || d > tt.most {
				t.Errorf("looked at again in %v", d)
			}
		})
	}
}
