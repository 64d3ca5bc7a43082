package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/board"
	"sluice/internal/job"
)

func (c *console) watch() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "watch [ID]",
		Short: "Follow the line, or one job to its end",
		Long: `Prints a line whenever something changes: in the whole line until Ctrl-C, or
of one job until it ends. On a terminal the progress of what runs stands below.

It goes on through lost connections and restarts of the server. With an ID the
exit code is the job's: 0 when it is done, 1 when it failed or was canceled, 3
when the server stays away for two minutes.

--json prints one object a line: {"event", "id", "data"}, with the data of the
event as the server sent it. The first one says how things stand: the board,
or the job.`,
		Example: `  sluice watch
  sluice watch ABCDE && sluice export ABCDE
  sluice watch --json | jq -r 'select(.event == "job") | .data.job.state'`,
		Args:              maybeOneArg("ID"),
		ValidArgsFunction: c.completeJobs(job.Running, job.Queued),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one object a line")
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		w := &watching{c: c, s: s, json: asJSON, out: &printer{w: c.Out}, scr: &screen{c: c}, shown: map[string]string{}, titles: map[string]string{}, tens: map[string]int{}}
		defer w.scr.clear()
		if len(args) == 0 {
			return w.board(cmd.Context())
		}
		id, err := s.resolve(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return w.job(cmd.Context(), id)
	})
	return cmd
}

// watching is one run of 'watch'.
type watching struct {
	c    *console
	s    *client
	json bool
	out  *printer
	scr  *screen

	shown  map[string]string // the last line of each job
	titles map[string]string
	tens   map[string]int // tenths of its stage that were said of each job, plus one
	level  job.Pressure
}

// job follows one job to its end.
func (w *watching) job(ctx context.Context, id string) error {
	end, err := w.s.follow(ctx, id, w.scr.note, func(e event, v jobEvent) {
		if w.json && e.Kind == board.JobChanged && e.ID == "" { // how things stand, asked for by ourselves
			e.Data = fmt.Appendf(nil, `{"job_id":%q,"job":%s}`, id, e.Data)
		}
		w.show(e, v)
	})
	w.scr.clear()
	switch {
	case ctx.Err() != nil:
		w.c.note("Stopped watching; the job goes on.")
		return errInterrupted
	case err != nil:
		return err
	case w.out.err != nil:
		return unwritable("stdout", w.out.err)
	}
	return verdict(end)
}

// board follows everything until Ctrl-C.
func (w *watching) board(ctx context.Context) error {
	first := true
	str := &stream{
		client: w.s,
		lost:   func() { w.scr.note("The connection to Sluice was lost; trying again.") },
		found:  func() { w.scr.note("Sluice is back.") },
		sync: func(ctx context.Context) error {
			b, raw, err := w.s.board(ctx)
			if err != nil {
				return err
			}
			if w.json {
				w.object(event{Kind: "board", Data: raw})
			} else {
				w.standing(b, first)
			}
			first = false
			return w.out.err
		},
		handle: func(_ context.Context, e event) error {
			w.show(e, e.read())
			return w.out.err
		},
	}
	err := str.run(ctx)
	w.scr.clear()
	switch {
	case ctx.Err() != nil:
		return nil
	case w.out.err != nil && errors.Is(err, w.out.err):
		return unwritable("stdout", err)
	}
	return err
}

// standing prints the board. What ended before we came is no news.
func (w *watching) standing(b boardView, first bool) {
	for i := len(b.Last) - 1; i >= 0; i-- {
		j := b.Last[i]
		if first {
			w.remember(j)
			continue
		}
		w.change(j)
	}
	for _, j := range b.Running {
		w.change(j)
	}
	for _, j := range b.Next {
		w.change(j)
	}
	w.pressure(b.Memory.Level)
	if first && len(b.Running)+len(b.Next) == 0 {
		w.c.note("The line is empty. Waiting for jobs; Ctrl-C ends this.")
	}
}

func (w *watching) show(e event, v jobEvent) {
	if w.json {
		w.object(e)
		return
	}
	switch e.Kind {
	case board.JobChanged:
		if v.Job != nil {
			w.change(*v.Job)
		}
	case board.JobGone:
		if _, known := w.shown[v.JobID]; known {
			w.line(v.JobID, "deleted")
		}
	case board.Progress:
		if v.Progress != nil {
			w.progress(v.JobID, *v.Progress)
		}
	case board.Memory:
		if v.Memory != nil {
			w.pressure(v.Memory.Level)
		}
	case board.Segment, board.LineChanged, board.ModelChanged, board.SettingsSet, board.Reset:
	}
}

// change prints a job when something people care about is different.
func (w *watching) change(j jobView) {
	before := w.shown[j.ID]
	after := w.remember(j)
	if before != after {
		w.line(j.ID, after)
	}
	if j.State == job.Running && j.Progress != nil {
		w.progress(j.ID, *j.Progress)
	}
}

func (w *watching) remember(j jobView) string {
	said := string(j.State)
	switch j.State {
	case job.Queued:
		said += "  " + waiting(jobView{Reason: j.Reason, ReasonText: j.ReasonText})
	case job.Running:
		said += "  " + doing(j.Stage)
	case job.Failed:
		if j.Error != nil {
			said += "  " + clean(j.Error.Message)
		}
	case job.Done, job.Canceled:
	}
	if w.shown[j.ID] != said {
		delete(w.tens, j.ID)
	}
	w.shown[j.ID], w.titles[j.ID] = said, j.name()
	return said
}

// progress is drawn where somebody watches, else said at every tenth.
func (w *watching) progress(id string, p progressView) {
	if w.c.ErrTerminal {
		w.scr.about = w.titles[id]
		w.scr.progress(p)
		return
	}
	tenth := int(min(max(p.Fraction, 0), 1) * 10)
	if tenth >= w.tens[id] && tenth > 0 {
		w.tens[id] = tenth + 1
		w.line(id, "running  "+progressLine(p))
	}
}

func (w *watching) pressure(l job.Pressure) {
	if l == "" || l == w.level {
		return
	}
	if w.level != "" || l != job.Normal {
		w.scr.clear()
		w.out.line("%s  memory  %s", time.Now().Format(time.TimeOnly), clean(string(l)))
	}
	w.level = l
}

func (w *watching) line(id, said string) {
	w.scr.clear()
	line := fmt.Sprintf("%s  %s  %s", time.Now().Format(time.TimeOnly), end(id, shortID), said)
	if t := w.titles[id]; t != "" {
		line += "  (" + t + ")"
	}
	w.out.line("%s", line)
}

func (w *watching) object(e event) {
	b, err := json.Marshal(struct {
		Event board.Kind      `json:"event"`
		ID    string          `json:"id,omitempty"`
		Data  json.RawMessage `json:"data"`
	}{e.Kind, e.ID, compact(e.Data)})
	if err != nil {
		return
	}
	w.out.line("%s", safeJSON(b))
}

// board asks for the board.
func (s *client) board(ctx context.Context) (boardView, []byte, error) {
	var b boardView
	raw, err := s.call(ctx, http.MethodGet, "/api/v1/board", nil, nil)
	if err == nil {
		err = s.decode(raw, &b)
	}
	return b, raw, err
}
