package ollama

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// Pulls has a server download models for whoever asks, one after the other: two
// at once only take the network from each other. What is asked for is not kept
// across a restart; what has arrived is, by the server.
type Pulls struct {
	d PullsDeps

	mu     sync.Mutex
	line   []*pull // the first of them runs
	failed map[string]job.DownloadError
	wanted chan struct{}
}

// PullsDeps is what Pulls needs.
type PullsDeps struct {
	Client Puller
	// Changed hears how far a model is, at most once a second and whenever its
	// state is another; nil = it is in the line no more. The name has its tag. It
	// must not block, nor call back.
	Changed func(name string, now *job.Download)
	Log     *slog.Logger
}

// Puller downloads one model; see Client.Pull.
type Puller interface {
	Pull(ctx context.Context, name string, report func(Pulled)) error
}

const (
	tellEvery    = time.Second
	stalledAfter = 5 * time.Second // of silence, before people are told
	mostName     = 200             // bytes
)

// pull is one model that is wanted. Pulls.mu guards it.
type pull struct {
	name   string
	cancel context.CancelFunc // nil = its turn has not come
	got    Pulled
	began  time.Time // when it was first known how much there is to come; zero = it is not yet
	first  int64     // bytes that were there by then
	moved  time.Time // when a byte came last
	shown  job.Download
}

// NewPulls makes an empty line. Nothing is downloaded before Run.
func NewPulls(d PullsDeps) *Pulls {
	return &Pulls{d: d, failed: map[string]job.DownloadError{}, wanted: make(chan struct{}, 1)}
}

// Start puts a model at the end of the line; a name without a tag is that of the
// tag "latest". One that is in the line stays where it is. Fault model_unknown:
// it is no name.
func (p *Pulls) Start(name string) error {
	bad := func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }
	if name == "" || len(name) > mostName || !utf8.ValidString(name) || strings.ContainsFunc(name, bad) {
		return fault.New(fault.ModelUnknown, "This is no name of a model of Ollama.", nil).WithHint("See ollama.com/library for the names.")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.find(name) != nil {
		return nil
	}
	f := &pull{name: FullName(name)}
	delete(p.failed, f.name)
	p.line = append(p.line, f)
	p.show(f, f.state(time.Time{}))
	select {
	case p.wanted <- struct{}{}:
	default:
	}
	return nil
}

// Cancel takes a model out of the line; the server keeps what has arrived. For
// one that is not in it, why it failed is forgotten.
func (p *Pulls) Cancel(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f := p.find(name); f != nil {
		if f.cancel != nil {
			f.cancel()
		}
		p.leave(f)
		return
	}
	if _, had := p.failed[FullName(name)]; had {
		delete(p.failed, FullName(name))
		p.d.Changed(FullName(name), nil)
	}
}

// State tells how far a model is, or why it stopped; nil = it is not in the
// line, and did not fail.
func (p *Pulls) State(name string) *job.Download {
	if d, ok := p.All()[FullName(name)]; ok {
		return &d
	}
	return nil
}

// All tells of every model that is in the line, or did not come, by its name
// with the tag.
func (p *Pulls) All() map[string]job.Download {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[string]job.Download{}
	for name, why := range p.failed {
		all[name] = job.Download{State: job.DownloadStopped, Error: &why}
	}
	for _, f := range p.line {
		all[f.name] = f.shown
	}
	return all
}

// Run downloads until ctx ends.
func (p *Pulls) Run(ctx context.Context) error {
	for {
		f, own := p.next(ctx)
		if f != nil {
			p.end(ctx, f, p.pull(own, f))
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-p.wanted:
		}
	}
}

// next is the first of the line, and the context of its download.
func (p *Pulls) next(ctx context.Context) (*pull, context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.line) == 0 || ctx.Err() != nil {
		return nil, nil
	}
	f := p.line[0]
	ctx, f.cancel = context.WithCancel(ctx)
	p.show(f, f.state(time.Now()))
	return f, ctx
}

func (p *Pulls) pull(ctx context.Context, f *pull) error {
	done := make(chan error, 1)
	go func() {
		done <- p.d.Client.Pull(ctx, f.name, func(got Pulled) { p.arrived(f, got) })
	}()
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			p.tell(f)
		}
	}
}

func (p *Pulls) arrived(f *pull, got Pulled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	switch {
	case f.began.IsZero() && got.TotalBytes > 0:
		f.began, f.moved, f.first = now, now, got.DoneBytes
	case got.DoneBytes > f.got.DoneBytes:
		f.moved = now
	}
	f.got = got
}

func (p *Pulls) tell(f *pull) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := f.state(time.Now()); slices.Contains(p.line, f) && s != f.shown {
		p.show(f, s)
	}
}

func (p *Pulls) end(ctx context.Context, f *pull, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f.cancel()
	switch {
	case !slices.Contains(p.line, f): // it was canceled
		return
	case err == nil:
		p.d.Log.Info("model installed", "model", f.name)
	case ctx.Err() == nil:
		p.d.Log.Warn("model not downloaded", "model", f.name, "err", err)
		what := fault.From(err)
		p.failed[f.name] = job.DownloadError{Code: string(what.Code), Message: what.Say, Hint: what.Hint}
	}
	p.leave(f)
}

// leave takes a download out of the line; the caller holds mu.
func (p *Pulls) leave(f *pull) {
	p.line = slices.DeleteFunc(p.line, func(other *pull) bool { return other == f })
	p.d.Changed(f.name, nil)
}

func (p *Pulls) show(f *pull, now job.Download) {
	f.shown = now
	p.d.Changed(f.name, &now)
}

func (p *Pulls) find(name string) *pull {
	for _, f := range p.line {
		if SameModel(f.name, name) {
			return f
		}
	}
	return nil
}

// state is what people are told of a download. With all bytes there, or none
// known yet, it may be silent.
func (f *pull) state(now time.Time) job.Download {
	d := job.Download{State: job.DownloadRunning, DoneBytes: f.got.DoneBytes, TotalBytes: f.got.TotalBytes}
	missing := d.TotalBytes - d.DoneBytes
	switch {
	case f.cancel == nil:
		d.State = job.DownloadWaiting
	case missing <= 0:
	case now.Sub(f.moved) >= stalledAfter:
		d.State = job.DownloadStalled
	default:
		d.ETASeconds = f.eta(now, missing)
	}
	return d
}

// eta is how many seconds the rest takes if it comes as fast as what has come
// so far; 0 = not known.
func (f *pull) eta(now time.Time, missing int64) int {
	const enough, week = 2 * time.Second, 7 * 24 * 60 * 60
	came, since := f.got.DoneBytes-f.first, now.Sub(f.began)
	if came <= 0 || since < enough {
		return 0
	}
	if seconds := float64(missing) * since.Seconds() / float64(came); seconds < week {
		return int(seconds) + 1
	}
	return 0 // nobody waits that long, and it will not come true
}
