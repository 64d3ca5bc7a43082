package cli

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// eventView is one transition of a job.
type eventView struct {
	At     stamp      `json:"at"`
	Verb   job.Verb   `json:"verb"`
	From   job.State  `json:"from"`
	To     job.State  `json:"to"`
	Reason job.Reason `json:"reason"`
	Stage  job.Stage  `json:"stage"`
	Code   string     `json:"code"`
}

func showHistory(p *printer, past []eventView) {
	if len(past) == 0 {
		return
	}
	p.line("")
	p.line("History")
	rows := make([][]string, 0, len(past))
	for _, e := range past {
		rows = append(rows, []string{"  " + at(e.At.Time), happened(e), clean(e.about())})
	}
	table(p, rows)
}

// happened says what was done to the job, for people.
func happened(e eventView) string {
	switch e.Verb {
	case job.VerbSubmit:
		return "added"
	case job.VerbTake:
		return "started"
	case job.VerbBegin:
		return "stage begun"
	case job.VerbFinish:
		return "stage finished"
	case job.VerbSettle:
		if e.To == job.Queued {
			return "back in the line"
		}
		return clean(string(e.To))
	case job.VerbDefer:
		return "waits"
	case job.VerbHold:
		if e.Reason == job.Scheduled {
			return "put off"
		}
		return "held"
	case job.VerbRelease:
		return "released"
	case job.VerbMove:
		return "moved"
	case job.VerbPriority:
		return "priority changed"
	case job.VerbCancel:
		if e.To == job.Running {
			return "to be canceled"
		}
		return "canceled"
	case job.VerbRetry:
		return "retried"
	case job.VerbRecover:
		return "found after a crash: " + clean(string(e.To))
	case job.VerbRestore:
		return "restored from a backup: " + clean(string(e.To))
	}
	return clean(string(e.Verb))
}

// about is what else is known of an event. The stage is that of the work that
// was begun or ended; elsewhere it is only the next one.
func (e eventView) about() string {
	var about []string
	switch e.Verb {
	case job.VerbBegin, job.VerbFinish, job.VerbSettle, job.VerbRecover:
		about = append(about, string(e.Stage))
	case job.VerbSubmit, job.VerbTake, job.VerbDefer, job.VerbHold, job.VerbRelease, job.VerbMove,
		job.VerbPriority, job.VerbCancel, job.VerbRetry, job.VerbRestore:
	}
	if e.Verb != job.VerbHold && e.Reason != job.Turn {
		about = append(about, string(e.Reason))
	}
	if e.Code != string(fault.CanceledByUser) {
		about = append(about, e.Code)
	}
	return strings.Join(slices.DeleteFunc(about, func(s string) bool { return s == "" }), ", ")
}

// history asks for what has happened to a job.
func (s *client) history(ctx context.Context, id string) ([]eventView, []byte, error) {
	var h struct {
		Events []eventView `json:"events"`
	}
	raw, err := s.call(ctx, http.MethodGet, "/api/v1/jobs/"+url.PathEscape(id)+"/history", nil, nil)
	if err == nil {
		err = s.decode(raw, &h)
	}
	return h.Events, raw, err
}
