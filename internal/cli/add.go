package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/job"
)

func (c *console) add() *cobra.Command {
	var (
		title     string
		priority  int
		notBefore string
		metadata  []string
		key       string
		webhook   string
		upload    bool
		asJSON    bool
	)
	cmd := &cobra.Command{
		Use:   "add FILE...",
		Short: "Put files into the line",
		Long: `Puts each FILE into the line of the running server and prints the ids of the
jobs, one a line. It does not wait for them. Several files are accepted
together or not at all.

A FILE may be an address on the web that leads to one: it starts with https://
or http://. The server downloads it when its turn comes, and goes on where it was
when the connection is lost. Where an address may lead is set by fetch.allow.

With --upload the files themselves are sent to the server, which need not be on
this machine: without it, a FILE is a path that the server reads. They are kept
there until a day after their last job has ended.

A job that is in the line already, of the same file with the same options, is
not added again; its id is printed. With --key a request is its own: repeated
with the same key it gives the same job, with another key a new one.

With --not-before the jobs are not started before a TIME: one of the clock, like
22:00 for the next time that it is ten in the evening here; so long from now,
like 2h or 90m; or a day as well, like "2027-01-31 22:00" here, or with its zone
2027-01-31T22:00:00+01:00 (RFC 3339). 'sluice release' lets them start earlier.

--translate-to and --summarize let Ollama work on the text once it is there; the
text itself can be had meanwhile. With --webhook an address is told of the end of
each job.

With -o it waits until the jobs have ended and writes their texts to FILE, or
into that folder for several, which is made if it is not there. Ctrl-C ends
the waiting, not the jobs. Translations and the summary go beside the text:
talk.srt, talk.ko.srt, talk.summary.md.`,
		Example: `  sluice add talk.mp4
  sluice add --title "Monday lecture" --metadata course=bio101 monday.mkv
  sluice add --priority 10 --language ko *.m4a
  sluice add --not-before 22:00 *.mkv
  sluice add https://media.example.com/talks/monday.mp4
  sluice add --server https://sluice.example.com --upload talk.mp4
  sluice add meeting.mkv --translate-to ko,de --summary-template meeting
  sluice add interview.m4a -o interview.srt`,
		Args: someArgs("FILE"),
	}
	order := newOrderFlags(cmd)
	c.completeSpeech(cmd, "model")
	c.completeLLM(cmd, "llm-model")
	f := cmd.Flags()
	f.StringVarP(&title, "title", "t", "", "`TITLE` of the job (default: the name of the file)")
	f.IntVarP(&priority, "priority", "p", 0, fmt.Sprintf("place in the line: higher goes first, %d to %d", job.MinPriority, job.MaxPriority))
	f.StringVar(&notBefore, "not-before", "", "not to be started before this `TIME`, like 22:00, 2h or \"2027-01-31 22:00\"")
	f.StringArrayVar(&metadata, "metadata", nil, "`KEY=VALUE` that stays with the job; may be repeated")
	f.StringVar(&webhook, "webhook", "", "`URL` that is told when the job has ended; \"\" for none (default: webhook.url of the settings)")
	f.BoolVarP(&upload, "upload", "u", false, "send the files to the server, instead of telling it their paths")
	f.StringVar(&key, "key", "", "idempotency `KEY` of this request")
	out := newOutputFlags(cmd, "wait for the text and write it to this `FILE`, or into this folder")
	f.Lookup("json").Usage = "print the jobs as JSON, one a line"
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		meta, err := pairs("--metadata", metadata)
		if err != nil {
			return err
		}
		var start time.Time
		if f.Changed("not-before") {
			if start, err = moment("--not-before", notBefore, time.Now()); err != nil {
				return err
			}
		}
		asJSON, out.json = out.json, false // here it is about the jobs, not their texts
		switch {
		case priority < job.MinPriority || priority > job.MaxPriority:
			return usagef("--priority goes from %d to %d; %d is outside.", job.MinPriority, job.MaxPriority, priority)
		case len(args) > 1 && title != "":
			return usagef("--title names one job; add the files one by one.")
		case len(args) > job.MaxOrders:
			return usagef("%d files are too many at once; %d go together.", len(args), job.MaxOrders)
		case out.file == "" && (out.format != "" || out.times):
			return usagef("--format and --times go with -o; 'sluice export' gives the text later.")
		case webhook != "" && !onWeb(webhook):
			return usagef("--webhook takes an address that starts with https:// or http://; %q is none.", clean(webhook))
		case out.file == "-":
			return usagef("add does not print texts; use 'sluice transcribe' for that.")
		}
		if err := out.settle(); err != nil {
			return err
		}
		orders, err := order.orders(args)
		if err != nil {
			return err
		}
		var outs []string
		if out.file != "" {
			if outs, err = out.plan(args, order.translateTo, order.summarize); err != nil {
				return err
			}
			if len(args) == 1 {
				out.heed(c)
			}
		}
		if err := c.nameModels(cmd.Context(), orders); err != nil {
			return err
		}
		bodies := make([]orderBody, len(orders))
		for i, o := range orders {
			o.Title, o.Priority, o.NotBefore, o.Metadata = title, priority, start, meta
			if f.Changed("webhook") {
				o.Webhook = &webhook
			}
			bodies[i] = wire(o)
		}
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		if upload {
			if err := c.uploaded(cmd.Context(), s, args, bodies); err != nil {
				return err
			}
		}
		jobs, err := c.enqueue(cmd.Context(), s, bodies, key, asJSON)
		if err != nil || outs == nil {
			return err
		}
		return c.collect(cmd.Context(), s, jobs, args, out, outs)
	})
	return cmd
}

// enqueue submits orders and prints their jobs.
func (c *console) enqueue(ctx context.Context, s *client, orders []orderBody, key string, asJSON bool) ([]jobView, error) {
	var raws []json.RawMessage
	var jobs []jobView
	if len(orders) == 1 {
		j, raw, err := s.submit(ctx, orders[0], key)
		if err != nil {
			return nil, err
		}
		jobs, raws = []jobView{j}, []json.RawMessage{raw}
	} else {
		p, err := s.submitAll(ctx, orders, key)
		if err != nil {
			return nil, err
		}
		views, err := p.views()
		if err != nil || len(views) != len(orders) {
			return nil, s.stranger("its answer cannot be read")
		}
		jobs, raws = views, p.Jobs
	}
	p := &printer{w: c.Out}
	for i, j := range jobs {
		switch {
		case asJSON:
			p.line("%s", compact(raws[i]))
		default:
			p.line("%s", clean(j.ID))
			c.remark(j)
		}
	}
	return jobs, p.err
}

// remark says what is worth knowing about a job that was just added.
func (c *console) remark(j jobView) {
	switch {
	case j.Existing && j.State.Final(): // only a key finds such a one
		c.note("%s was submitted before; that job is %s.", j.name(), j.State)
	case j.Existing:
		c.note("%s is in the line already.", j.name())
	case job.Reason(j.Reason) == job.Scheduled && !j.Until.IsZero():
		c.note("%s is not started before %s.", j.name(), at(j.Until.Time))
	case job.Reason(j.Reason) == job.NoModel:
		c.note("%s waits: %s", j.name(), waiting(j))
	}
}

// collect waits for the jobs in their order and writes their texts.
func (c *console) collect(ctx context.Context, s *client, jobs []jobView, files []string, out *outputFlags, outs []string) error {
	t := &transcribing{c: c, announced: true, files: files, out: out, outs: outs, stdout: &printer{w: c.Out}}
	for i, j := range jobs {
		err := t.await(ctx, s, i, j)
		switch {
		case ctx.Err() != nil:
			c.note("Stopped waiting; the jobs go on.")
			return errInterrupted
		case awayErr(err):
			return err
		case err != nil:
			t.fail(i, err)
		}
	}
	if t.failed {
		return errSaid
	}
	return nil
}
