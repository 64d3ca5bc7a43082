// Package whisper turns sound into segments with whisper.cpp, which runs in a
// child process that can die alone. This side cuts the sound into spans,
// starts the child, speaks its protocol, watches it, and says truthfully why
// it ended. It never loads a model itself and never touches media files.
package whisper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/pipeline"
	"sluice/internal/transcript"
)

// Config of a Transcriber; all but Command may be zero.
type Config struct {
	Command        []string      // how to start an engine, without its options; required: {executable, "engine"}
	Env            []string      // added to the environment of the engine
	LockPath       string        // "": none. One engine per user: whoever has one holds this file
	Threads        int           // 0: the engine's default; a request may say otherwise
	StuckAfter     time.Duration // 5m: how long an engine may compute nothing
	Planning       Planning      // how sound is cut
	MemoryCritical func() bool   // nil: never. Whether memory is so short that the system kills

	// OutOfMemoryKills counts what the system has killed for lack of memory,
	// from whenever it likes; only the difference between an engine's start
	// and its death is looked at. nil: there is no such counter. Negative: it
	// cannot be read now. It must not block for long.
	OutOfMemoryKills func() int64
}

// Transcriber implements pipeline.Transcriber. It has at most one engine and
// runs one request at a time.
type Transcriber struct {
	cfg  Config
	log  *slog.Logger
	turn chan struct{} // holds one token: who has it may use engine
	lock *flock.Flock

	engine   *child
	living   atomic.Pointer[child] // the same, for those who only look
	released atomic.Bool           // the engine is to end as soon as no request has it
}

var _ pipeline.Transcriber = (*Transcriber)(nil)

// New makes a Transcriber; no engine is started yet.
func New(cfg Config, log *slog.Logger) *Transcriber {
	if cfg.StuckAfter <= 0 {
		cfg.StuckAfter = 5 * time.Minute
	}
	t := &Transcriber{cfg: cfg, log: log, turn: make(chan struct{}, 1)}
	if cfg.LockPath != "" {
		t.lock = flock.New(cfg.LockPath)
	}
	t.turn <- struct{}{}
	return t
}

// Transcribe recognises the sound span after span. It keeps the engine warm
// for the next request unless the engine failed or was released meanwhile.
func (t *Transcriber) Transcribe(ctx context.Context, req pipeline.TranscribeRequest, watch pipeline.Watch) error {
	language := strings.ToLower(req.Language)
	if language == "" {
		language = Auto
	}
	if !KnowsLanguage(language) {
		return fault.New(fault.LanguageUnknown, "The recogniser does not know this language.", fmt.Errorf("language %q", req.Language))
	}
	select {
	case <-t.turn:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer t.giveBack()

	plan, err := OpenPlan(req.Audio.Path, req.FromMS*samplesPerMS, t.cfg.Planning)
	if err != nil {
		return err
	}
	defer func() { _ = plan.Close() }()
	r := &run{t: t, req: req, watch: watch, language: language, total: plan.Total()}
	for {
		span, err := plan.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.span(ctx, span); err != nil {
			return err
		}
	}
}

// run is one request on its way through the sound.
type run struct {
	t        *Transcriber
	req      pipeline.TranscribeRequest
	watch    pipeline.Watch
	language string
	total    int64  // samples
	engine   *child // the one that heard the span before
}

func (r *run) span(ctx context.Context, planned PlannedSpan) error {
	done := pipeline.Span{
		FromMS: planned.From / samplesPerMS, ToMS: planned.To / samplesPerMS,
		Language: r.known(), Segments: []transcript.Segment{},
	}
	if len(planned.Pieces) > 0 {
		if err := r.hear(ctx, planned, &done); err != nil {
			return err
		}
	}
	r.progress(planned, 1)
	if r.watch.Span == nil {
		return nil
	}
	return r.watch.Span(done)
}

// known is the language, or "" while it is still to be detected.
func (r *run) known() string {
	if r.language == Auto {
		return ""
	}
	return r.language
}

func (r *run) hear(ctx context.Context, planned PlannedSpan, done *pipeline.Span) error {
	c, err := r.ready(ctx)
	if err != nil {
		return err
	}
	threads := r.req.Threads
	if threads <= 0 {
		threads = r.t.cfg.Threads
	}
	id := c.ask(Request{
		PCM: r.req.Audio.Path, Pieces: planned.Pieces, Language: r.language, Beam: r.req.BeamSize,
		Threads: threads, Words: r.req.Words,
	})
	stuck := time.NewTimer(r.t.cfg.StuckAfter)
	defer stuck.Stop()
	for {
		select {
		case <-ctx.Done():
			r.cancel(c, id)
			return context.Cause(ctx)
		case <-stuck.C:
			c.kill()
			r.t.forget()
			return stuckFault("it computed nothing for "+r.t.cfg.StuckAfter.String(), c.stderr.text())
		case m, ok := <-c.messages:
			if !ok {
				err := c.death()
				r.t.forget()
				return err
			}
			stuck.Reset(r.t.cfg.StuckAfter)
			if m.ID != 0 && m.ID != id {
				continue // of a span that was given up
			}
			if m.Type == MsgError {
				if m.Code == CodeNoSound { // not the engine's fault: it stays
					return noSound(errors.New(m.Text))
				}
				r.t.end(time.Second)
				return toldFault(m, c.stderr)
			}
			if m.Type == MsgResult {
				r.take(m, done)
				return nil
			}
			r.tell(m, planned)
		}
	}
}

// ready gives the engine. One that died since the span before is reported, or
// a file that kills every engine would never be found out.
func (r *run) ready(ctx context.Context) (*child, error) {
	if r.engine != nil {
		select {
		case <-r.engine.gone:
			err := r.engine.death()
			r.t.forget()
			return nil, err
		default:
			return r.engine, nil
		}
	}
	c, err := r.t.warm(ctx, r.req.Model)
	r.engine = c
	return c, err
}

// cancel asks the engine to give the span up. One that does not within a
// second, because it is inside a long computation, is ended.
func (r *run) cancel(c *child, id int64) {
	c.send(Request{ID: id, Op: OpCancel})
	patience := time.NewTimer(time.Second)
	defer patience.Stop()
	for {
		select {
		case m, ok := <-c.messages:
			if !ok {
				_ = c.death()
				r.t.forget()
				return
			}
			if m.ID == id && (m.Type == MsgError || m.Type == MsgResult) {
				return
			}
		case <-patience.C:
			r.t.end(0)
			return
		}
	}
}

func (r *run) tell(m Message, planned PlannedSpan) {
	switch m.Type {
	case MsgProgress:
		r.progress(planned, m.Fraction)
	case MsgSegment:
		if r.watch.Segment != nil && m.Segment != nil {
			r.watch.Segment(*m.Segment)
		}
	case MsgMemory:
		if r.watch.Memory != nil {
			r.watch.Memory(m.Bytes)
		}
	case MsgReady, MsgLanguage, MsgResult, MsgError:
	}
}

func (r *run) progress(planned PlannedSpan, fraction float64) {
	if r.watch.Progress == nil || r.total == 0 {
		return
	}
	at := float64(planned.From) + fraction*float64(planned.To-planned.From)
	r.watch.Progress(min(at/float64(r.total), 1))
}

// unsure is the probability below which a detected language is doubted.
const unsure = 0.5

// take makes the result the span's, inside the span's own times.
func (r *run) take(m Message, done *pipeline.Span) {
	if r.language == Auto && m.Language != "" {
		if m.Probability < unsure {
			done.Warnings = append(done.Warnings, job.Warning{
				Code: "language_unsure", AtMS: done.FromMS,
				Text: fmt.Sprintf("The language was taken to be %q, but that is not sure.", m.Language),
			})
		}
		r.language = m.Language
	}
	done.Language = r.known()
	for _, s := range m.Segments {
		done.Segments = append(done.Segments, within(s, done.FromMS, done.ToMS))
	}
	if at, ok := repeats(done.Segments); ok {
		done.Warnings = append(done.Warnings, job.Warning{
			Code: "text_repeats", AtMS: at, Text: "The same words come again and again here: the recogniser may have been caught in a loop.",
		})
	}
}

func within(s transcript.Segment, from, to int64) transcript.Segment {
	clamp := func(ms, least int64) int64 { return max(min(max(ms, from), to), least) }
	s.StartMS = clamp(s.StartMS, from)
	s.EndMS = clamp(s.EndMS, s.StartMS)
	for i := range s.Words {
		w := &s.Words[i]
		w.StartMS = clamp(w.StartMS, s.StartMS)
		w.EndMS = clamp(w.EndMS, w.StartMS)
	}
	return s
}

// manyTimes is how often in a row people do not say the same.
const manyTimes = 4

func repeats(segments []transcript.Segment) (atMS int64, ok bool) {
	same := 1
	for i := 1; i < len(segments); i++ {
		if segments[i].Text != segments[i-1].Text {
			same = 1
			continue
		}
		if same++; same >= manyTimes {
			return segments[i-same+1].StartMS, true
		}
	}
	return 0, false
}
