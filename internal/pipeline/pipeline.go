// Package pipeline carries one job through its stages. After each stage, and
// within a transcription after each span, what was reached is stored under a
// key of its inputs, so that nothing is done twice. It never decides what is
// retried: that is the queue's.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// Pipeline runs the stages of one job after another.
type Pipeline struct {
	deps    Deps
	cfg     Config
	growing sounds
}

// Deps is what a Pipeline needs; all are required.
type Deps struct {
	Sources     Sources
	Extractor   Extractor
	Models      Models
	Transcriber Transcriber
	Checkpoints Checkpoints
	Gate        Gate
	Room        Room
	Listener    Listener
}

// Config of a Pipeline.
type Config struct {
	WorkDir string // one folder per job is made below it; required
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
	err := w.deps.Sources.Look(ctx, j.Source)
	if err == nil {
		_, err = w.equipped(ctx)
	}
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
}

func (w *work) run(ctx context.Context) error {
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
	v := w.deps.Gate.Admit(ctx, need)
	if v.Never {
		if never := w.tooLarge(need); never != nil {
			return never
		}
	}
	if !v.Open {
		return &job.Wait{Reason: v.Reason, Text: v.Text, Until: v.Until, Need: need}
	}
	return w.enter(ctx, need.Stage)
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

// found gives the source's sound when it lies in a workdir already.
func (w *work) found(ctx context.Context) (a Audio, ok bool, err error) {
	a, ok, err = finished[Audio](ctx, w, job.Extract, w.extractKey())
	if err != nil || !ok {
		return Audio{}, false, err
	}
	if a = w.adopt(a); !whole(a) {
		return Audio{}, false, nil
	}
	return a, true, w.measured(ctx, a)
}

// extract makes the source's sound; growing is told of it meanwhile, if there is one.
func (w *work) extract(ctx context.Context, source string, growing *Sound, progress func(float64)) (Audio, error) {
	if err := os.MkdirAll(w.Dir(w.job.ID), 0o700); err != nil {
		return Audio{}, fmt.Errorf("make workdir: %w", err)
	}
	began := time.Now()
	a, err := w.deps.Extractor.Extract(ctx, ExtractRequest{
		Source: source,
		Track:  w.job.Options.AudioTrack,
		Out:    w.sound(),
		Sound:  growing,
	}, progress)
	took := time.Since(began)
	if err != nil {
		return Audio{}, err
	}
	if err := w.unchanged(ctx); err != nil {
		return Audio{}, err
	}
	if err := w.measured(ctx, a); err != nil {
		return Audio{}, err
	}
	return a, w.finish(ctx, job.Extract, w.extractKey(), a, false, took)
}

// unchanged says that what was read was one file from its beginning to its end:
// ffmpeg does not notice when another is written over it. One that has gone
// since was read before it went.
func (w *work) unchanged(ctx context.Context) error {
	if err := w.deps.Sources.Look(ctx, w.job.Source); fault.Is(err, fault.SourceChanged) {
		return err
	}
	return nil
}

// measured remembers how long the sound is, for forecasts. It comes before the
// stage's end, by which its pace is reckoned.
func (w *work) measured(ctx context.Context, a Audio) error {
	if err := w.deps.Checkpoints.SetDuration(ctx, w.job.ID, a.DurationMS); err != nil {
		return fmt.Errorf("store duration: %w", err)
	}
	return nil
}

// adopt gives the job a link of its own to sound that lies in another job's
// workdir, which may be swept away while this one works.
func (w *work) adopt(a Audio) Audio {
	own := a
	own.Path = w.sound()
	if own.Path == a.Path || os.MkdirAll(w.Dir(w.job.ID), 0o700) != nil {
		return a
	}
	_ = os.Link(a.Path, own.Path) // not every disk has links, and it may be there from an earlier run
	if whole(own) {
		return own
	}
	return a
}

// sound is where the job's own audio lies.
func (w *work) sound() string { return filepath.Join(w.Dir(w.job.ID), "audio.pcm") }

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

// whole says whether an audio file is still all there.
func whole(a Audio) bool {
	fi, err := os.Stat(a.Path)
	return err == nil && fi.Size() == a.Bytes
}
