package cli

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/job"
)

// statusEvery is how often 'status --watch' looks.
const statusEvery = 2 * time.Second

func (c *console) status() *cobra.Command {
	var watch, asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how the server, its line and the memory stand",
		Long: `Shows at a glance what the server does: how long the line is and when it will be
empty, the job at work with its progress, whether the gate is open and why not,
how short memory is and what holds it, the worker and its speech engine.

--watch goes on until Ctrl-C and shows it anew when something has changed.

--json prints one object on a line, {"board", "machine"}, as the server has them;
with --watch another one whenever they have changed.`,
		Example: `  sluice status
  sluice status --watch
  sluice status --json | jq .machine.memory.level`,
		Args: noArgs,
	}
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "go on until Ctrl-C")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one object a line")
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		v := &viewing{c: c, s: s, json: asJSON, out: &printer{w: c.Out}}
		if err := v.look(ctx); err != nil || !watch {
			return err
		}
		tick := time.NewTicker(statusEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
			switch err := v.look(ctx); {
			case ctx.Err() != nil:
				return nil
			case awayErr(err):
				s.find()
				v.away(err)
			case err != nil:
				return err
			}
		}
	})
	return cmd
}

// viewing is one run of 'status'.
type viewing struct {
	c    *console
	s    *client
	json bool
	out  *printer

	shown []byte // what was printed last
	lines int    // of it, where it can be drawn over
	lost  bool   // the server was away when it was looked for last
}

// look asks how things stand and prints it, unless nothing has changed.
func (v *viewing) look(ctx context.Context) error {
	b, board, err := v.s.board(ctx)
	if err != nil {
		return err
	}
	m, machine, err := v.s.machine(ctx)
	if err != nil {
		return err
	}
	if v.lost {
		v.lost = false
		v.c.note("Sluice is back.")
	}
	var text bytes.Buffer
	if v.json {
		fmt.Fprintf(&text, "{\"board\":%s,\"machine\":%s}\n", compact(board), compact(machine))
	} else {
		p := &printer{w: &text}
		showStatus(p, v.s.base, b, m, time.Now())
	}
	if bytes.Equal(text.Bytes(), v.shown) {
		return nil
	}
	v.draw(text.Bytes())
	return unwritable("stdout", v.out.err)
}

// draw prints a text over the one before on a terminal, else below it.
func (v *viewing) draw(text []byte) {
	over := v.c.OutTerminal && v.c.ErrTerminal && !v.json
	switch {
	case v.shown == nil || v.json:
	case over && v.lines > 0:
		_, _ = fmt.Fprintf(v.out, "\x1b[%dA\x1b[J", v.lines)
	default:
		v.out.line("")
	}
	if over { // a line that wraps could not be drawn over
		var b bytes.Buffer
		for line := range bytes.Lines(text) {
			b.WriteString(shorten(string(bytes.TrimRight(line, "\n")), v.c.Width-1) + "\n")
		}
		v.shown, v.lines = text, bytes.Count(b.Bytes(), []byte("\n"))
		_, _ = v.out.Write(b.Bytes())
		return
	}
	v.shown = text
	_, _ = v.out.Write(text)
}

// away says once that the server cannot be reached.
func (v *viewing) away(err error) {
	if !v.lost {
		v.lost, v.lines = true, 0
		v.c.fail("", err)
	}
}

// machineView is the machine as 'status' shows it.
type machineView struct {
	Memory struct {
		Level       job.Pressure `json:"level"`
		Total       int64        `json:"total_bytes"`
		Available   int64        `json:"available_bytes"`
		FreePercent int          `json:"free_percent"`
		SwapUsed    int64        `json:"swap_used_bytes"`
	} `json:"memory"`
	Ceiling int64        `json:"ceiling_bytes"`
	Holders []job.Holder `json:"holders"`
	Worker  struct {
		State  string    `json:"state"`
		Since  stamp     `json:"since"`
		JobID  string    `json:"job_id"`
		Stage  job.Stage `json:"stage"`
		Text   string    `json:"reason_text"`
		Engine *struct {
			PID   int    `json:"pid"`
			Model string `json:"model"`
			Bytes int64  `json:"bytes"`
			Warm  bool   `json:"warm"`
		} `json:"engine"`
	} `json:"worker"`
	Process struct {
		PID       int    `json:"pid"`
		Version   string `json:"version"`
		StartedAt stamp  `json:"started_at"`
		Resident  int64  `json:"resident_bytes"`
	} `json:"process"`
}

func (s *client) machine(ctx context.Context) (machineView, []byte, error) {
	var m machineView
	raw, err := s.call(ctx, http.MethodGet, "/api/v1/machine", nil, nil)
	if err == nil {
		err = s.decode(raw, &m)
	}
	return m, raw, err
}

func showStatus(p *printer, base string, b boardView, m machineView, now time.Time) {
	rows := [][]string{}
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, []string{name, value})
		}
	}
	add("Line", lineOf(b))
	for _, j := range b.Running {
		p := progressView{Stage: j.Stage}
		if j.Progress != nil {
			p = *j.Progress
		}
		add("Running", end(j.ID, shortID)+"  "+j.name()+"  "+progressLine(p))
	}
	for i, j := range b.Next {
		if i == 3 {
			add("", fmt.Sprintf("and %s", plural(b.Counts[job.Queued]-i, "more", "more")))
			break
		}
		add("Next", end(j.ID, shortID)+"  "+j.name()+"  "+waiting(j))
	}
	gate := string(b.Gate.State)
	if b.Gate.Text != "" {
		gate += ": " + b.Gate.Text
	}
	add("Gate", clean(gate))
	memory := clean(string(m.Memory.Level)) + fmt.Sprintf(": %s of %s available (%d %%)", job.FormatBytes(m.Memory.Available), job.FormatBytes(m.Memory.Total), m.Memory.FreePercent)
	if m.Memory.SwapUsed > 0 {
		memory += ", " + job.FormatBytes(m.Memory.SwapUsed) + " swapped out"
	}
	add("Memory", memory)
	if m.Ceiling > 0 {
		add("Ceiling", job.FormatBytes(m.Ceiling)+" for one stage")
	}
	for _, h := range slices.DeleteFunc(slices.Clone(m.Holders), func(h job.Holder) bool { return h.Kind == job.HolderOther }) {
		add("Holds", job.FormatBytes(h.Bytes)+"  "+clean(h.Name))
	}
	if m.Worker.State != "" {
		add("Worker", workerOf(m, now))
	}
	if e := m.Worker.Engine; e != nil {
		warm := "loading"
		if e.Warm {
			warm = "warm"
		}
		add("Engine", fmt.Sprintf("%s, %s, %s (pid %d)", clean(e.Model), warm, job.FormatBytes(e.Bytes), e.PID))
	}
	server := base
	if v := m.Process; v.Version != "" {
		server += fmt.Sprintf(", version %s, up %s (pid %d)", clean(v.Version), age(v.StartedAt.Time, now), v.PID)
	}
	add("Server", server)
	table(p, rows)
	for _, n := range b.Notices {
		p.line("Notice %s: %s", clean(n.ID), clean(n.Text))
		if n.URL != "" {
			p.line("  %s", clean(n.URL))
		}
	}
}

// lineOf is the line in one sentence.
func lineOf(b boardView) string {
	depth := b.Counts[job.Queued] + b.Counts[job.Running]
	said := []string{"empty"}
	if depth > 0 {
		said = []string{fmt.Sprintf("%s: %d running, %d waiting", plural(depth, "job", "jobs"), b.Counts[job.Running], b.Counts[job.Queued])}
	}
	if b.Paused {
		said = append(said, "paused")
	}
	if b.ETASeconds > 0 {
		said = append(said, "ready in about "+roughly(time.Duration(b.ETASeconds)*time.Second))
	}
	return strings.Join(said, ", ")
}

func workerOf(m machineView, now time.Time) string {
	w := m.Worker
	said := clean(w.State)
	if w.JobID != "" {
		said += " on " + end(w.JobID, shortID)
	}
	if w.State == "waiting" && w.Text != "" {
		said = "waiting: " + clean(w.Text)
	}
	if !w.Since.IsZero() {
		said += ", for " + age(w.Since.Time, now)
	}
	return said
}

// gateView is how the gate stands.
type gateView struct {
	State job.GateState `json:"state"`
	Text  string        `json:"text"`
}
