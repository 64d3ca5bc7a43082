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
	r := &run{t: t, req: req, watch: watch, language: language, spoken: language, growing: plan.growing != nil}
	if language == Auto {
		r.spoken = req.Spoken
	}
	for {
		span, err := plan.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		r.total = plan.Total() // known late when the media do not say it
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
	language string // as it was asked for
	spoken   string // what was heard last; "" = nothing yet
	growing  bool   // the sound was not whole when the run began
	total    int64  // samples; 0 = not known yet
	at       int64  // the furthest sample of which progress was told
	engine   *child // the one that heard the span before
}

func (r *run) span(ctx context.Context, planned PlannedSpan) error {
	done := pipeline.Span{
		FromMS: planned.From / samplesPerMS, ToMS: planned.To / samplesPerMS, Segments: []transcript.Segment{},
	}
	if len(planned.Pieces) > 0 {
		if err := r.hear(ctx, planned, &done); err != nil {
			return err
		}
	}
	done.Language = r.spoken
	if r.req.ToEnglish && r.spoken != "" {
		done.Language, done.Spoken = "en", r.spoken
	}
	r.progress(planned, 1)
	if r.watch.Span == nil {
		return nil
	}
	return r.watch.Span(done)
}

// ask has the engine hear something and gives its answer; tell gets all that
// it says before.
func (r *run) ask(ctx context.Context, q Request, tell func(Message)) (Message, error) {
	c, err := r.ready(ctx)
	if err != nil {
		return Message{}, err
	}
	c.beam = max(c.beam, q.Beam)
	id := c.ask(q)
	stuck := time.NewTimer(r.t.cfg.StuckAfter)
	defer stuck.Stop()
	for {
		select {
		case <-ctx.Done():
			r.cancel(c, id)
			return Message{}, context.Cause(ctx)
		case <-stuck.C:
			c.kill()
			r.t.forget()
			return Message{}, stuckFault("it computed nothing for "+r.t.cfg.StuckAfter.String(), c.stderr.text())
		case m, ok := <-c.messages:
			if !ok {
				err := c.death()
				r.t.forget()
				return Message{}, err
			}
			stuck.Reset(r.t.cfg.StuckAfter)
			if m.ID != 0 && m.ID != id {
				continue // of a span that was given up
			}
			if m.Type == MsgError {
				if m.Code == CodeNoSound { // not the engine's fault: it stays
					return Message{}, noSound(errors.New(m.Text))
				}
				r.t.end(time.Second)
				return Message{}, toldFault(m, c.stderr)
			}
			if m.Type == MsgResult {
				return m, nil
			}
			tell(m)
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

// tell hands on what is said while a span is heard for the first time.
func (r *run) tell(m Message, planned PlannedSpan) {
	switch m.Type {
	case MsgProgress:
		r.progress(planned, m.Fraction)
	case MsgSegment:
		if r.watch.Segment != nil && m.Segment != nil {
			r.watch.Segment(*m.Segment)
		}
	case MsgMemory:
		r.memory(m)
	case MsgReady, MsgLanguage, MsgResult, MsgError:
	}
}

func (r *run) memory(m Message) {
	// What an engine takes for a wide search stays with it.
	if r.watch.Memory != nil && m.Type == MsgMemory && max(r.req.BeamSize, 1) >= r.engine.beam {
		r.watch.Memory(m.Bytes)
	}
}

func (r *run) progress(planned PlannedSpan, fraction float64) {
	if r.watch.Progress == nil || r.total == 0 {
		return
	}
	// A span that is heard in another language begins anew.
	r.at = max(r.at, planned.From+int64(fraction*float64(planned.To-planned.From)))
	r.watch.Progress(min(float64(r.at)/float64(r.total), 1))
}
