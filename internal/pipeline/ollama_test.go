package pipeline_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sluice/internal/job"
	"sluice/internal/pipeline"
	"sluice/internal/transcript"
)

// fakeOllama is an Ollama that translates by putting the language before a line,
// and sums up by counting.
type fakeOllama struct {
	bench *bench

	away     error // of Model
	digest   string
	need     int64
	held     int64
	stays    error // of Release
	batch    int   // lines
	works    time.Duration
	breaks   int // batches or parts before it fails, over all; -1 = never
	fails    error
	stop     func() // called in place of failing
	spoilt   []int  // lines that it makes nothing of
	nothing  *pipeline.NoSummary
	looked   int
	asked    []pipeline.TranslateRequest
	made     []string // every line that it has translated
	summed   []pipeline.SummarizeRequest
	released []time.Duration // what time there was for it
}

func newOllama(b *bench) *fakeOllama {
	return &fakeOllama{bench: b, digest: "d1", need: 5_000_000_000, batch: 1, breaks: -1}
}

func (o *fakeOllama) note(what string) { o.bench.order = append(o.bench.order, what) }

func (o *fakeOllama) Model(_ context.Context, name string, size int) (pipeline.Model, error) {
	o.looked++
	if o.away != nil {
		return pipeline.Model{}, o.away
	}
	return pipeline.Model{Name: name, Digest: o.digest, Context: min(size, 4096), NeedBytes: o.need, Held: o.held}, nil
}

func (o *fakeOllama) Release(ctx context.Context, name string) error {
	o.note("unload " + name)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	until, _ := ctx.Deadline()
	o.released = append(o.released, time.Until(until).Round(time.Second))
	o.held = 0
	return o.stays
}

// broke says whether it fails here.
func (o *fakeOllama) broke(ctx context.Context) error {
	if o.breaks != 0 {
		o.breaks--
		return nil
	}
	if o.stop != nil {
		o.stop()
		return context.Cause(ctx)
	}
	return o.fails
}

func (o *fakeOllama) Translate(ctx context.Context, req pipeline.TranslateRequest, w pipeline.TranslateWatch) error {
	o.note("translate " + req.To)
	time.Sleep(o.works)
	o.asked = append(o.asked, req)
	o.held = o.need
	done := len(req.Done)
	rest := slices.DeleteFunc(slices.Clone(req.Lines), func(l pipeline.Line) bool {
		return slices.ContainsFunc(req.Done, func(d pipeline.TranslatedLine) bool { return d.ID == l.ID })
	})
	for lines := range slices.Chunk(rest, o.batch) {
		if err := o.broke(ctx); err != nil {
			return err
		}
		var made []pipeline.TranslatedLine
		for _, l := range lines {
			o.made = append(o.made, req.To+" "+l.Text)
			made = append(made, pipeline.TranslatedLine{ID: l.ID, Text: req.To + " " + l.Text})
			if slices.Contains(o.spoilt, l.ID) {
				made[len(made)-1] = pipeline.TranslatedLine{ID: l.ID, Text: l.Text, Untranslated: true}
			}
		}
		if err := w.Batch(made); err != nil {
			return err
		}
		done += len(made)
		w.Progress(float64(done) / float64(len(req.Lines)))
	}
	return nil
}

func (o *fakeOllama) Summarize(ctx context.Context, req pipeline.SummarizeRequest, w pipeline.SummarizeWatch) (transcript.Summary, error) {
	o.note("summarize")
	time.Sleep(o.works)
	o.summed = append(o.summed, req)
	o.held = o.need
	for n := len(req.Done); n < len(req.Lines); n++ {
		if err := o.broke(ctx); err != nil {
			return transcript.Summary{}, err
		}
		if err := w.Part(pipeline.SummaryPart{From: n, To: n + 1, Read: 1}); err != nil {
			return transcript.Summary{}, err
		}
	}
	w.Progress(1)
	if o.nothing != nil {
		return transcript.Summary{}, fmt.Errorf("sum up: %w", o.nothing)
	}
	return transcript.Summary{Language: req.Language, Text: fmt.Sprintf("%d lines", len(req.Lines)), CoveragePercent: 99}, nil
}

func (b *bench) Parts(_ context.Context, _ job.Lease, stage job.Stage, key string) ([][]byte, error) {
	return b.parts[key], nil
}

func (b *bench) AddPart(_ context.Context, _ job.Lease, key string, body []byte) error {
	b.parts[key] = append(b.parts[key], body)
	return nil
}

func (b *bench) Keep(_ context.Context, _ job.Lease, stage job.Stage, key string, body []byte) error {
	b.finished[string(stage)+key] = body
	delete(b.parts, key)
	return nil
}

func (b *bench) SaveTranslation(_ context.Context, l job.Lease, t transcript.Transcript, lines job.Lines, w []job.Warning) error {
	b.languages[l.ID+" "+t.Language], b.lines[l.ID+" "+t.Language] = t, lines
	b.warnings = append(b.warnings, w...)
	if !t.Complete {
		b.order = append(b.order, fmt.Sprintf("%d of %d in %s", lines.Done, lines.Total, t.Language))
	}
	return nil
}

func (b *bench) SaveSummary(_ context.Context, l job.Lease, s *transcript.Summary, coverage int, w []job.Warning) error {
	b.summaries[l.ID], b.coverage[l.ID] = s, coverage
	b.warnings = append(b.warnings, w...)
	return nil
}

func (b *bench) Warn(_ context.Context, _ job.Lease, w []job.Warning) error {
	b.warnings = append(b.warnings, w...)
	return nil
}
