package models

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// Downloads pulls models for whoever asks, one after the other: two at once
// only take the network from each other. What is asked for is not kept across a
// restart; what has arrived is.
type Downloads struct {
	d DownloadsDeps

	mu     sync.Mutex
	line   []*fetch           // the first of them runs
	failed map[string]failure // why those stopped that did not end well
	wanted chan struct{}
}

// failure is why a download has stopped.
type failure struct {
	why    job.DownloadError
	passes bool // by itself: the next try may well bring the model
}

// DownloadsDeps is what Downloads needs.
type DownloadsDeps struct {
	Store *Store
	// Changed hears how far a model is, at most once a second and whenever its
	// state is another; nil = it is in the line no more. It must not block, nor
	// call back.
	Changed func(name string, now *job.Download)
	Log     *slog.Logger
}

const (
	tellEvery    = time.Second
	stalledAfter = 5 * time.Second // of silence, before people are told
)

// fetch is one model that is wanted. Downloads.mu guards it.
type fetch struct {
	entry       Entry
	cancel      context.CancelFunc // nil = its turn has not come
	canceled    bool
	ended       chan struct{} // closed when it is out of the line
	done, total int64
	pace        *pace // nil = nothing was reported yet
	shown       job.Download
}

// NewDownloads makes an empty line. Nothing is downloaded before Run.
func NewDownloads(d DownloadsDeps) *Downloads {
	return &Downloads{d: d, failed: map[string]failure{}, wanted: make(chan struct{}, 1)}
}

// Start puts a model at the end of the line. One that is in it stays where it
// is; one that is installed is found to be when its turn comes. Fault
// model_unknown.
func (d *Downloads) Start(name string) error {
	e, ok := d.d.Store.entry(name)
	if !ok {
		return unknown(name)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.find(e.Name); f != nil && !f.canceled {
		return nil
	}
	delete(d.failed, e.Name)
	f := &fetch{entry: e, ended: make(chan struct{}), done: d.d.Store.partBytes(e), total: e.Bytes}
	d.line = append(d.line, f)
	d.show(f, f.state(time.Time{}))
	select {
	case d.wanted <- struct{}{}:
	default:
	}
	return nil
}

// Resume is Start for a model that did not come for want of a connection or of
// room, which passes. Any other stays as it is.
func (d *Downloads) Resume(name string) error {
	d.mu.Lock()
	f := d.failed[name]
	d.mu.Unlock()
	if !f.passes {
		return nil
	}
	return d.Start(name)
}

// Cancel takes a model out of the line and keeps what has arrived. It waits
// until the download has let go. One that is not in the line is no error, and
// why it failed is forgotten. Fault model_unknown.
func (d *Downloads) Cancel(ctx context.Context, name string) error {
	e, ok := d.d.Store.entry(name)
	if !ok {
		return unknown(name)
	}
	d.mu.Lock()
	f := d.find(e.Name)
	_, had := d.failed[e.Name]
	delete(d.failed, e.Name)
	switch {
	case f == nil && had:
		d.d.Changed(e.Name, nil)
	case f != nil && f.cancel != nil:
		f.canceled = true
		f.cancel()
	case f != nil:
		d.leave(f)
	}
	d.mu.Unlock()
	if f == nil {
		return nil
	}
	select {
	case <-f.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the end of download %s: %w", e.Name, context.Cause(ctx))
	}
}

// Of tells how far a model is, or why it stopped; nil when nothing of it was
// begun. The line knows no name but the catalog's.
func (d *Downloads) Of(name string) *job.Download {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.find(name); f != nil {
		now := f.shown
		return &now
	}
	if f, ok := d.failed[name]; ok {
		return &job.Download{State: job.DownloadStopped, Error: &f.why}
	}
	return nil
}

// Run downloads until ctx ends.
func (d *Downloads) Run(ctx context.Context) error {
	for {
		f, own := d.next(ctx)
		if f != nil {
			d.end(ctx, f, d.pull(own, f))
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-d.wanted:
		}
	}
}

// next is the first of the line, and the context of its download.
func (d *Downloads) next(ctx context.Context) (*fetch, context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.line) == 0 || ctx.Err() != nil {
		return nil, nil
	}
	f := d.line[0]
	ctx, f.cancel = context.WithCancel(ctx)
	d.show(f, f.state(time.Now()))
	return f, ctx
}

func (d *Downloads) pull(ctx context.Context, f *fetch) error {
	done := make(chan error, 1)
	go func() {
		done <- d.d.Store.Pull(ctx, f.entry.Name, func(bytes, total int64) { d.arrived(f, bytes, total) })
	}()
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			d.tell(f)
		}
	}
}

// arrived counts what a download has. The first report is what was there
// before: no speed is seen from it.
func (d *Downloads) arrived(f *fetch, bytes, total int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f.done, f.total = bytes, max(total, f.entry.Bytes)
	if f.pace == nil {
		f.pace = newPace(time.Now(), bytes)
	}
}

func (d *Downloads) tell(f *fetch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if f.pace != nil {
		f.pace.look(now, f.done)
	}
	if s := f.state(now); s != f.shown {
		d.show(f, s)
	}
}

func (d *Downloads) end(ctx context.Context, f *fetch, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f.cancel()
	switch {
	case err == nil:
		d.d.Log.Info("model installed", "model", f.entry.Name)
	case f.canceled, ctx.Err() != nil:
	default:
		d.d.Log.Warn("model not downloaded", "model", f.entry.Name, "err", err)
		what := fault.From(err)
		d.failed[f.entry.Name] = failure{
			why:    job.DownloadError{Code: string(what.Code), Message: what.Say, Hint: what.Hint},
			passes: passes(err),
		}
	}
	d.leave(f)
}

// leave takes a download out of the line; the caller holds mu.
func (d *Downloads) leave(f *fetch) {
	d.line = slices.DeleteFunc(d.line, func(other *fetch) bool { return other == f })
	close(f.ended)
	d.d.Changed(f.entry.Name, nil)
}

func (d *Downloads) show(f *fetch, now job.Download) {
	f.shown = now
	d.d.Changed(f.entry.Name, &now)
}

// find gives a model's place in the line: the last, since before it one may lie
// that was canceled and has not let go yet.
func (d *Downloads) find(name string) *fetch {
	for _, f := range slices.Backward(d.line) {
		if f.entry.Name == name {
			return f
		}
	}
	return nil
}

// state is what people are told of a download.
func (f *fetch) state(now time.Time) job.Download {
	v := job.Download{State: job.DownloadRunning, DoneBytes: f.done, TotalBytes: f.total}
	missing := f.total - f.done
	switch {
	case f.cancel == nil:
		v.State = job.DownloadWaiting
	case f.pace == nil || missing <= 0:
	case f.pace.silent(now) >= stalledAfter:
		v.State = job.DownloadStalled
	default:
		v.ETASeconds = f.pace.eta(missing)
	}
	return v
}
