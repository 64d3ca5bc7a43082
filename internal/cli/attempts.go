package cli

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// attemptView is one try at a stage that did not come to its end.
type attemptView struct {
	Stage      job.Stage `json:"stage"`
	Number     int       `json:"number"`
	StartedAt  stamp     `json:"started_at"`
	FinishedAt stamp     `json:"finished_at"`
	Kind       string    `json:"kind"`
	Code       string    `json:"code"`
	Message    string    `json:"message"`
	Hint       string    `json:"hint"`
	LogTail    string    `json:"log_tail"`
}

func (s *client) attempts(ctx context.Context, id string) ([]attemptView, []byte, error) {
	var got struct {
		Attempts []attemptView `json:"attempts"`
	}
	raw, err := s.call(ctx, http.MethodGet, "/api/v1/jobs/"+url.PathEscape(id)+"/attempts", nil, nil)
	if err == nil {
		err = s.decode(raw, &got)
	}
	return got.Attempts, raw, err
}

func showAttempts(p *printer, attempts []attemptView) {
	if len(attempts) == 0 {
		return
	}
	p.line("")
	p.line("Attempts")
	for _, a := range attempts {
		took := ""
		if d := a.FinishedAt.Sub(a.StartedAt.Time); d > 0 {
			took = " after " + span(d)
		}
		p.line("  %s  %s #%d  %s%s", at(a.FinishedAt.Time), cell(string(a.Stage)), a.Number, cell(a.Kind), took)
		if a.Message != "" {
			p.line("    %s (%s)", clean(a.Message), cell(a.Code))
		}
		if hint := typable(fault.Code(a.Code), a.Hint); hint != "" {
			p.line("    hint: %s", clean(hint))
		}
		for line := range strings.Lines(strings.TrimSpace(cleanText(a.LogTail))) {
			p.line("    | %s", strings.TrimRight(line, "\n"))
		}
	}
}
