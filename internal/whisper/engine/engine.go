// Package engine is the child's side of speech recognition: it holds the model
// in memory, hears one span after another and speaks the protocol of package
// whisper on its standard input and output. It is the only code that links
// whisper.cpp. It keeps nothing: its memory is given back by its end.
package engine

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"sluice/internal/fault"
	"sluice/internal/whisper"
)

// Config of a Run; Model is required.
type Config struct {
	Model   string        // path of the model file
	Threads int           // 0 = DefaultThreads
	NoGPU   bool          // false: Metal where it is built in
	NoFlash bool          // false: flash attention
	Verbose bool          // false: only warnings and errors of whisper.cpp reach stderr
	Pulse   time.Duration // 1s: how often a working engine tells its footprint
}

// Main is the program `sluice engine`: it returns the exit code. The streams
// are the protocol; nothing else may write to stdout, so a real file
// descriptor 1 is taken away from the C libraries.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var cfg Config
	flags := flag.NewFlagSet("engine", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&cfg.Model, "model", "", "path of the model file")
	flags.IntVar(&cfg.Threads, "threads", 0, "threads; 0 = chosen by the machine")
	flags.BoolVar(&cfg.NoGPU, "no-gpu", false, "compute on the processor only")
	flags.BoolVar(&cfg.NoFlash, "no-flash", false, "no flash attention")
	flags.BoolVar(&cfg.Verbose, "verbose", false, "log all that whisper.cpp says")
	if err := flags.Parse(args); err != nil || cfg.Model == "" {
		_, _ = fmt.Fprintln(stderr, "usage: sluice engine --model PATH  (started by Sluice itself)")
		return 2
	}
	out, err := claimStdout(stdout)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1
	}
	dieFirst()
	ctx, stop := context.WithCancelCause(context.Background())
	go watchParent(ctx, stop)
	defer stop(nil)
	if err := Run(ctx, stdin, out, cfg); err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// errOrphan ends an engine whose parent is gone.
var errOrphan = errors.New("the parent is gone")

// watchParent is for the case that the pipe of a dead parent is held open by
// somebody else: then no end of input tells.
func watchParent(ctx context.Context, stop context.CancelCauseFunc) {
	parent := os.Getppid()
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if os.Getppid() != parent {
				stop(errOrphan)
				return
			}
		}
	}
}

// Run loads the model and answers requests until the input or ctx ends. An
// error has been told on out as well.
func Run(ctx context.Context, in io.Reader, out io.Writer, cfg Config) error {
	if cfg.Threads <= 0 {
		cfg.Threads = DefaultThreads()
	}
	if cfg.Pulse <= 0 {
		cfg.Pulse = time.Second
	}
	e := &engine{cfg: cfg, out: json.NewEncoder(out)}
	if err := whisper.CheckModel(cfg.Model); err != nil {
		return e.refuse(err)
	}
	m, err := open(cfg)
	if err != nil {
		return e.refuse(err)
	}
	return e.serve(ctx, in, m)
}

// serve answers requests and closes the model, which nobody touches any more
// by then: whatever may abort it is waited for.
func (e *engine) serve(ctx context.Context, in io.Reader, m recogniser) error {
	defer m.close()
	e.model = m

	ctx, stop := context.WithCancelCause(ctx)
	lines := make(chan []byte)
	requests := make(chan whisper.Request)
	var helpers sync.WaitGroup
	helpers.Go(func() { e.listen(ctx, lines, requests) })
	helpers.Go(func() { e.abortAtEnd(ctx) })
	defer helpers.Wait()
	defer stop(nil)
	go read(ctx, stop, in, lines)
	e.say(whisper.Message{
		Type: whisper.MsgReady, Protocol: whisper.Protocol, Model: filepath.Base(e.cfg.Model),
		Multilingual: m.multilingual(), Threads: e.cfg.Threads,
	})
	e.sayMemory()
	for {
		select {
		case <-ctx.Done():
			return e.end(ctx)
		case r := <-requests:
			e.answer(ctx, r)
		}
	}
}

// errInputEnded is the ordinary end: the parent has closed the pipe.
var errInputEnded = errors.New("input ended")

// recogniser is whisper.cpp with one model loaded.
type recogniser interface {
	multilingual() bool
	// hear recognises samples; segments come live through each, whole at the end.
	// With r.Spoken it also looks which language they sound like.
	hear(samples []float32, r whisper.Request, each func(rawSegment), progress func(fraction float64)) (hearing, error)
	// detect gives the most probable language.
	detect(samples []float32, threads int) (code string, probability float64, err error)
	// abort makes a running hear return errAborted; allow lifts it.
	abort()
	allow()
	// steps counts what has been computed: it stands still when the model hangs.
	steps() int64
	close()
}

// hearing is what was heard of a span, and the language that its first window
// sounds most like, whichever it was heard in; "" = nobody looked.
type hearing struct {
	segments    []rawSegment
	language    string
	probability float64
}

var errAborted = errors.New("aborted")

type engine struct {
	cfg   Config
	model recogniser

	writing sync.Mutex
	out     *json.Encoder

	running  sync.Mutex // guards the next two: a late cancel must not hit the next span
	current  int64
	canceled int64
}

func (e *engine) end(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, errInputEnded) && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// read hands on the lines of the input. Nobody waits for it, since a pipe that
// somebody else holds open never lets it go; it has only the input in its hands.
func read(ctx context.Context, stop context.CancelCauseFunc, in io.Reader, lines chan<- []byte) {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(make([]byte, 0, 64<<10), 16<<20)
	for scanner.Scan() {
		select {
		case lines <- bytes.Clone(scanner.Bytes()):
		case <-ctx.Done():
			return
		}
	}
	stop(errInputEnded)
}

// abortAtEnd stops the span that is worked on when ctx ends.
func (e *engine) abortAtEnd(ctx context.Context) {
	<-ctx.Done()
	e.running.Lock()
	defer e.running.Unlock()
	e.model.abort()
}

// listen goes on while a span is worked on, so that a cancel is heard.
func (e *engine) listen(ctx context.Context, lines <-chan []byte, requests chan<- whisper.Request) {
	for {
		var line []byte
		select {
		case line = <-lines:
		case <-ctx.Done():
			return
		}
		var r whisper.Request
		if err := json.Unmarshal(line, &r); err != nil {
			e.say(whisper.Message{Type: whisper.MsgError, Code: string(fault.Internal), Text: "unreadable request: " + err.Error()})
			continue
		}
		switch r.Op {
		case whisper.OpCancel:
			e.cancel(r.ID)
		case whisper.OpSpan:
			select {
			case requests <- r:
			case <-ctx.Done():
				return
			}
		default:
			e.say(whisper.Message{Type: whisper.MsgError, ID: r.ID, Code: string(fault.Internal), Text: "unknown operation " + string(r.Op)})
		}
	}
}

func (e *engine) cancel(id int64) {
	e.running.Lock()
	defer e.running.Unlock()
	e.canceled = max(e.canceled, id)
	if e.current != 0 && e.current <= id {
		e.model.abort()
	}
}

// begin says false when the span, or the whole engine, was told to stop before
// it started. Should ctx end right after the look at it, abortAtEnd comes later
// than allow.
func (e *engine) begin(ctx context.Context, id int64) bool {
	e.running.Lock()
	defer e.running.Unlock()
	if ctx.Err() != nil || e.canceled >= id {
		return false
	}
	e.current = id
	e.model.allow()
	return true
}

func (e *engine) finish() {
	e.running.Lock()
	defer e.running.Unlock()
	e.current = 0
}

func (e *engine) answer(ctx context.Context, r whisper.Request) {
	if !e.begin(ctx, r.ID) {
		e.say(whisper.Message{Type: whisper.MsgError, ID: r.ID, Code: whisper.CodeCanceled})
		return
	}
	quiet := e.pulse()
	result, err := e.span(r)
	quiet()
	e.finish()
	e.sayMemory()
	if err != nil {
		e.say(whisper.Message{Type: whisper.MsgError, ID: r.ID, Code: code(err), Text: err.Error()})
		return
	}
	e.say(result)
}

func (e *engine) span(r whisper.Request) (whisper.Message, error) {
	if r.Threads <= 0 {
		r.Threads = e.cfg.Threads
	}
	samples, err := readSamples(r)
	if err != nil {
		return whisper.Message{}, err
	}
	language, probability, err := e.language(r, samples)
	if err != nil {
		return whisper.Message{}, err
	}
	if !automatic(r.Language) {
		r.Spoken = ""
	}
	clock := newClock(r.Pieces)
	r.Language = language
	h, err := e.hear(r, samples, clock, probability)
	if err == nil && h.language != "" && h.language != language && h.probability >= certain && len(samples) >= telling {
		r.Language, r.Spoken, r.Again, probability = h.language, "", true, h.probability
		h, err = e.hear(r, samples, clock, probability)
	}
	if err != nil {
		return whisper.Message{}, err
	}
	segments := []whisper.Heard{}
	for _, s := range joinPieces(h.segments) {
		if seg, ok := clock.segment(s, r.Words); ok {
			segments = append(segments, seg)
		}
	}
	return whisper.Message{
		Type: whisper.MsgResult, ID: r.ID, Language: r.Language, Probability: probability, Segments: inOrder(segments),
	}, nil
}

// hear recognises samples in the request's language, and tells of it live.
func (e *engine) hear(r whisper.Request, samples []float32, clock clock, probability float64) (hearing, error) {
	e.say(whisper.Message{Type: whisper.MsgLanguage, ID: r.ID, Language: r.Language, Probability: probability})
	if len(samples) < shortest {
		return hearing{}, nil
	}
	return e.model.hear(samples, r, func(s rawSegment) {
		if seg, ok := clock.segment(s, false); ok && !r.Again {
			e.say(whisper.Message{Type: whisper.MsgSegment, ID: r.ID, Segment: &seg.Segment})
		}
	}, func(f float64) {
		e.say(whisper.Message{Type: whisper.MsgProgress, ID: r.ID, Fraction: min(max(f, 0), 1)})
	})
}

// A span leaves the language of the one before it only when it is long enough
// to tell and sounds clearly like another one.
const (
	telling = 2 * whisper.SampleRate
	certain = 0.7
)

func automatic(language string) bool {
	return language == "" || strings.EqualFold(language, whisper.Auto)
}

// shortest is what whisper.cpp hears at all: 0.1 s.
const shortest = whisper.SampleRate / 10

// language is what the span is heard in at first: what was asked for, else that
// of the span before, else what it sounds most like.
func (e *engine) language(r whisper.Request, samples []float32) (code string, probability float64, err error) {
	wanted, before := strings.ToLower(r.Language), strings.ToLower(r.Spoken)
	detect := automatic(wanted)
	switch {
	case r.ToEnglish && !e.model.multilingual():
		return "", 0, fault.New(fault.LanguageUnknown, "This speech model knows only English: it cannot translate.", errors.New("to english"))
	case !detect && !whisper.KnowsLanguage(wanted):
		return "", 0, fault.New(fault.LanguageUnknown, "The recogniser does not know this language.", fmt.Errorf("language %q", r.Language))
	case !detect && !e.model.multilingual() && wanted != "en":
		return "", 0, fault.New(fault.LanguageUnknown, "This speech model knows only English.", fmt.Errorf("language %q", r.Language))
	case !detect:
		return wanted, 1, nil
	case !e.model.multilingual():
		return "en", 1, nil
	case !automatic(before) && whisper.KnowsLanguage(before):
		return before, 1, nil
	case len(samples) < shortest:
		return "en", 0, nil
	}
	return e.model.detect(samples, r.Threads)
}

// pulse tells the footprint while the model computes on, and falls silent when
// it does not: the parent takes silence for a hang.
func (e *engine) pulse() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(e.cfg.Pulse)
		defer tick.Stop()
		seen := e.model.steps()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if now := e.model.steps(); now != seen {
					seen = now
					e.sayMemory()
				}
			}
		}
	}()
	return func() { close(done); <-ended }
}

func (e *engine) sayMemory() {
	if bytes, err := footprint(); err == nil && bytes > 0 {
		e.say(whisper.Message{Type: whisper.MsgMemory, Bytes: bytes})
	}
}

// say writes one line. A parent that no longer reads has closed our input as
// well, which ends us.
func (e *engine) say(m whisper.Message) {
	e.writing.Lock()
	defer e.writing.Unlock()
	_ = e.out.Encode(m)
}

func (e *engine) refuse(err error) error {
	e.say(whisper.Message{Type: whisper.MsgError, Code: code(err), Text: err.Error()})
	return err
}

func code(err error) string {
	switch {
	case errors.Is(err, errAborted):
		return whisper.CodeCanceled
	case errors.Is(err, errNoSound):
		return whisper.CodeNoSound
	}
	return string(fault.From(err).Code)
}
