package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"sluice/internal/job"
	"sluice/internal/transcript"
)

// summarize has the model sum the transcript up. That no usable summary comes
// about is an outcome, with a warning, and is tried again only when somebody
// asks for it.
func (l *llm) summarize(ctx context.Context) error {
	req := l.brief()
	if len(req.Lines) == 0 {
		return l.without(ctx, &NoSummary{Why: "nothing was said"}, "", 0)
	}
	m, away, err := l.languageModel(ctx)
	switch {
	case err != nil:
		return err
	case away != nil:
		return l.warn(ctx, job.Warning{Code: "not_summarized", Text: "There is no summary: " + away.Say})
	}
	key := l.summarizeKey(m, req)
	made, ok, err := finished[transcript.Summary](ctx, l.work, job.Summarize, key)
	if err != nil {
		return err
	}
	if ok {
		return l.summarized(ctx, made, key, true, 0)
	}
	if err := l.start(ctx, job.Summarize, m); err != nil {
		return err
	}
	began := time.Now()
	made, err = l.sumUp(ctx, req, key)
	took := time.Since(began)
	var none *NoSummary
	switch {
	case err == nil:
		if err := l.keepPiece(ctx, job.Summarize, key, made); err != nil {
			return err
		}
		return l.summarized(ctx, made, key, false, took)
	case errors.As(err, &none) && ctx.Err() == nil:
		return l.without(ctx, none, key, took)
	default:
		return l.broken(ctx, job.Summarize, err)
	}
}

// brief is what is asked for, but for the model.
func (l *llm) brief() SummarizeRequest {
	o := l.job.Options.Summary
	return SummarizeRequest{
		Language: cmp.Or(o.Language, l.text.Language, "en"),
		Template: cmp.Or(Template(o.Template), General),
		Lines:    lines(l.text, worth),
		Title:    l.title(),
	}
}

// summarizeKey names the summary of these lines by this model.
func (w *work) summarizeKey(m Model, req SummarizeRequest) string {
	return w.key(job.Summarize, summarizeVersion, hashed(req.Lines), req.Language, string(req.Template), req.Title, m.Digest, strconv.Itoa(m.Context))
}

// sumUp has the model read what it has not read yet, and stores each part.
func (l *llm) sumUp(ctx context.Context, req SummarizeRequest, key string) (made transcript.Summary, err error) {
	if req.Done, err = parts[SummaryPart](ctx, l.work, job.Summarize, key); err != nil {
		return made, err
	}
	req.Model, req.Context = l.model.Name, l.model.Context
	return l.deps.Summarizer.Summarize(ctx, req, SummarizeWatch{
		Progress: l.progress(job.Summarize),
		Part:     func(p SummaryPart) error { return l.addPart(ctx, job.Summarize, key, p) },
	})
}

// summarized ends the stage with a summary.
func (l *llm) summarized(ctx context.Context, made transcript.Summary, key string, reused bool, took time.Duration) error {
	if err := l.enter(ctx, job.Summarize); err != nil {
		return err
	}
	if err := l.saveSummary(ctx, &made, made.CoveragePercent); err != nil {
		return err
	}
	l.summary = &made
	return l.finish(ctx, job.Summarize, key, made, reused, took)
}

// without ends the stage without a summary. What it leaves is found under no key
// that anybody looks for.
func (l *llm) without(ctx context.Context, none *NoSummary, key string, took time.Duration) error {
	if err := l.enter(ctx, job.Summarize); err != nil {
		return err
	}
	warning := job.Warning{Code: "no_summary", Text: "There is no summary: " + none.Why + "."}
	if err := l.saveSummary(ctx, nil, none.CoveragePercent, warning); err != nil {
		return err
	}
	return l.finish(ctx, job.Summarize, l.key(job.Summarize, summarizeVersion, "none", key), none.Why, false, took)
}

func (l *llm) saveSummary(ctx context.Context, s *transcript.Summary, coverage int, warnings ...job.Warning) error {
	if err := l.deps.Checkpoints.SaveSummary(ctx, l.lease, s, coverage, warnings); err != nil {
		return fmt.Errorf("store summary: %w", err)
	}
	return nil
}
