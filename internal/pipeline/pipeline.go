// Package pipeline carries one job through its stages. After each stage, and
// within one after each span of speech or batch of lines, what was reached is
// stored under a key of its inputs, so that nothing is done twice. Every run
// passes through all stages and gives the job what is there. It never decides
// what is retried: that is the queue's.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// Pipeline runs the stages of one job after another.
type Pipeline struct {
	deps    Deps
	cfg     Config
	growing sounds
}

// Deps is what a Pipeline needs; all but the Exporter are required.
type Deps struct {
	Sources     Sources
	Extractor   Extractor
	Models      Models
	Transcriber Transcriber
	Checkpoints Checkpoints
	Gate        Gate
	Room        Room
	Listener    Listener

	LanguageModels LanguageModels
	Translator     Translator
	Summarizer     Summarizer
	Exporter       Exporter // nil = no folder is set
}

// Config of a Pipeline.
type Config struct {
	WorkDir string // one folder per job is made below it; required

	Context             int         // the language model's, in tokens; 0 = what LanguageModels takes that for
	FinishWithoutOllama func() bool // a job ends without its translations and its summary while Ollama is away; else, or nil: it waits
	Exports             func() bool // whether the Exporter has a folder now; nil = it has
}

// How soon something that was away before a stage started is looked for
// again. Waiting for it costs the job nothing.
const (
	sourceAgain = 15 * time.Second
	modelAgain  = 5 * time.Second
	engineAgain = 2 * time.Second
	ffmpegAgain = 10 * time.Second
	roomAgain   = 30 * time.Second
)

// extractNeed is what ffmpeg takes while it decodes, whatever the length:
// 79 MB were measured on a two-hour 1080p film; twice that is asked for.
const extractNeed = 160 << 20

// New makes a pipeline.
func New(d Deps, cfg Config) *Pipeline { return &Pipeline{deps: d, cfg: cfg} }

// Run carries a leased job to its end. It returns nil when the job is done, a
// *job.Wait when a stage cannot start yet, else the fault that ended it.
func (p *Pipeline) Run(ctx context.Context, lease job.Lease, j job.Job, report func(job.Progress)) error {
	w := &work{Pipeline: p, lease: lease, job: j, report: report, listen: p.deps.Transcriber.Transcribe}
	return w.end(ctx, w.run(ctx))
}

// Ready says what the job would wait for before its first stage, or nil. What
// is wrong for good is left to Run, which fails with it. It is asked of the
// first job again and again, so it does not read the source: Run looks closer.
func (p *Pipeline) Ready(ctx context.Context, j job.Job) *job.Wait {
	w := &work{Pipeline: p, job: j}
	err := w.within(ctx)
	var wait *job.Wait
	if errors.As(w.end(ctx, err), &wait) {
		return wait
	}
	return nil
}

// Dir is the workdir of a job.
func (p *Pipeline) Dir(jobID string) string { return filepath.Join(p.cfg.WorkDir, jobID) }

// work is one job in the pipeline's hands.
type work struct {
	*Pipeline
	lease   job.Lease
	job     job.Job
	report  func(job.Progress)
	entered job.Stage // the stage that runs

	listen func(ctx context.Context, req TranscribeRequest, watch Watch) error // the Transcriber's, or what is around it

	// What was made so far.
	text         transcript.Transcript
	translations []transcript.Transcript // complete ones
	summary      *transcript.Summary     // nil = there is none
}

// within says whether what the job needs next is within reach.
func (w *work) within(ctx context.Context) error {
	if heard(w.job) {
		return w.languagesReady(ctx)
	}
	if err := w.deps.Sources.Look(ctx, w.job.Source); err != nil {
		return err
	}
	_, err := w.equipped(ctx)
	return err
}

func (w *work) run(ctx context.Context) error {
	if err := w.toText(ctx); err != nil {
		return err
	}
	if err := w.languages(ctx); err != nil {
		return err
	}
	return w.deliver(ctx)
}

// toText sees to it that the job has its transcript.
func (w *work) toText(ctx context.Context) error {
	if heard(w.job) {
		if ok, err := w.recall(ctx); ok || err != nil {
			return err
		}
	}
	in, err := w.open(ctx)
	if err != nil {
		return err
	}
	if ok, err := w.reuse(ctx, in.model); ok || err != nil {
		return err
	}
	if w.job.Source.Kind == job.FromURL {
		if ok, err := w.fetch(ctx, &in); ok || err != nil {
			return err
		}
	}
	audio, found, err := w.found(ctx)
	if err != nil {
		return err
	}
	if !found && w.untroubled() && w.fitTogether(ctx, in.model) {
		return w.overlap(ctx, in)
	}
	if !found {
		if err := w.begin(ctx, job.Need{Stage: job.Extract, Bytes: extractNeed}); err != nil {
			return err
		}
		if audio, err = w.extract(ctx, in.source, nil, w.progress(job.Extract)); err != nil {
			return err
		}
	}
	return w.transcribe(ctx, in.model, audio)
}

// inputs is what a job starts from.
type inputs struct {
	source string // the path to read; "" = to be fetched
	model  Model
}

func (w *work) open(ctx context.Context) (in inputs, err error) {
	if w.job.Source.Kind != job.FromURL { // that is fetched when it is certain to be needed
		if err = w.pin(ctx); err != nil {
			return in, err
		}
		if in.source, err = w.deps.Sources.Open(ctx, w.job.Source); err != nil {
			return in, err
		}
	}
	in.model, err = w.equipped(ctx)
	return in, err
}

// equipped says whether all but the source is there, and gives the model.
func (w *work) equipped(ctx context.Context) (Model, error) {
	if err := w.deps.Extractor.Ready(ctx); err != nil {
		return Model{}, err
	}
	if err := w.deps.Room.Check(ctx); err != nil {
		return Model{}, err
	}
	if err := w.deps.Transcriber.Ready(ctx); err != nil {
		return Model{}, err
	}
	m, err := w.model(ctx)
	if !fault.Is(err, fault.ModelMissing) {
		return m, err
	}
	if never := w.tooLarge(need(m)); never != nil { // nobody should install it
		return m, never
	}
	return m, err
}

func (w *work) tooLarge(n job.Need) error { return w.deps.Models.TooLarge(n, w.job.Options.Language) }

// end turns what was away before it was needed into a wait that costs nothing.
func (w *work) end(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var f *fault.Fault
	if !errors.As(err, &f) {
		return err
	}
	switch f.Code {
	case fault.SourceMissing:
		if w.job.Source.Kind == job.FromUpload { // ours, and gone for good
			return fault.New(fault.UploadUnknown, "The uploaded file is gone.", f)
		}
		return &job.Wait{Reason: job.NoSource, Text: f.Say, Until: again(w.job, sourceAgain)}
	case fault.URLUnreachable:
		return w.absent(f)
	case fault.DiskFull:
		return &job.Wait{Reason: job.Disk, Text: f.Say + " " + f.Hint, Until: again(w.job, roomAgain), All: true}
	case fault.FFmpegMissing:
		return &job.Wait{Reason: job.Backoff, Text: f.Say + " " + f.Hint, Until: again(w.job, ffmpegAgain), All: true}
	case fault.EngineBusy:
		return &job.Wait{Reason: job.Backoff, Text: f.Say, Until: time.Now().Add(engineAgain), All: true}
	case fault.ModelMissing, fault.ModelUnknown: // known when the job was accepted: its folder may be on a disk that is away
		wait := Away(f)
		wait.Until = again(w.job, modelAgain)
		return &wait
	default:
		return err
	}
}

// again is when to look next for what a job waits for: soon at first, later for
// a job that is old, so that hundreds of them do not keep the disk busy.
func again(j job.Job, base time.Duration) time.Time {
	const seldom = 5 * time.Minute
	return time.Now().Add(min(max(base, time.Since(j.CreatedAt)/8), seldom))
}

// Away is the wait for a model that is not installed yet.
func Away(f *fault.Fault) job.Wait {
	return job.Wait{Reason: job.NoModel, Text: f.Say + " " + f.Hint, Until: time.Now().Add(modelAgain)}
}

// begin asks the gate for a stage and opens it.
func (w *work) begin(ctx context.Context, need job.Need) error {
	if err := w.admit(ctx, need); err != nil {
		return err
	}
	return w.enter(ctx, need.Stage)
}

// admit asks the gate for a stage.
func (w *work) admit(ctx context.Context, need job.Need) error {
	v := w.deps.Gate.Admit(ctx, need)
	if v.Never {
		if never := w.never(need, v.Text); never != nil {
			return never
		}
	}
	if !v.Open {
		return &job.Wait{Reason: v.Reason, Text: v.Text, Until: v.Until, Need: need}
	}
	return nil
}

// never refuses what can never fit on this machine.
func (w *work) never(need job.Need, why string) error {
	switch need.Stage {
	case job.Translate, job.Summarize:
		return fault.New(fault.ModelTooLarge, fmt.Sprintf("The language model %s is too large: it %s.", need.Model, why), nil).
			WithHint("Choose a smaller one with ollama.model or llm_model.")
	case job.Extract, job.Transcribe, job.Deliver:
	}
	return w.tooLarge(need)
}

// enter opens a stage that was let in.
func (w *work) enter(ctx context.Context, stage job.Stage) error {
	if w.entered == stage { // with the fetch
		return nil
	}
	if err := w.record(ctx, stage); err != nil {
		return err
	}
	w.entered = stage
	w.report(job.Progress{Stage: stage})
	return nil
}

// record makes a stage that of the job.
func (w *work) record(ctx context.Context, stage job.Stage) error {
	if err := w.deps.Checkpoints.Begin(ctx, w.lease, stage); err != nil {
		return fmt.Errorf("begin %s: %w", stage, err)
	}
	w.deps.Listener.Changed(w.job.ID)
	return nil
}

// progress reports fractions of a stage with an ETA from the pace so far.
func (w *work) progress(stage job.Stage) func(float64) {
	started, first := time.Now(), -1.0
	return func(fraction float64) {
		if first < 0 {
			first = fraction // a resumed stage starts in the middle
		}
		p := job.Progress{Stage: stage, Fraction: fraction}
		spent := time.Since(started)
		if done := fraction - first; done > 0.01 && spent > time.Second {
			p.ETASeconds = int((spent.Seconds()/done)*(1-fraction) + 0.5)
		}
		w.report(p)
	}
}
