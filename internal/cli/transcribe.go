package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"sluice/internal/board"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// ahead is the priority of files that somebody waits for at a terminal.
const ahead = 100

func (c *console) transcribe() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "transcribe FILE...",
		Short: "Print the text of files, now",
		Long: `Prints what is said in each FILE, one file after the other.

Where a server runs, it does the work: the file goes to the front of its line
and waits there for memory like every other job. Without a server, or with a
model file that the server does not have, the same work is done here, with the
same care for memory. With --server or SLUICE_SERVER only that server is asked.

The text goes to stdout, in paragraphs; --times gives every line its time. On
a terminal it appears as it is heard. Into a pipe or a file it goes in one
piece at the end, since what was heard last may still change. With -o nothing
is printed: one file goes to that FILE, several go into that folder under
their own names, and it is made if it is not there, but not the folders above
it. The format is that of --format, else what FILE ends in, else txt. An output
that is there already is replaced.

With --translate-to and --summarize Ollama works on the text as well: that waits
for it and for its model. The translations and the summary are printed below the
text, in txt and md, or written beside FILE: talk.srt, talk.ko.srt and
talk.summary.md.

Ctrl-C cancels the job, unless the same job was in the line before; the exit
code is 1 then.`,
		Example: `  sluice transcribe talk.mp4
  sluice transcribe --times --language ko interview.m4a
  sluice transcribe lecture.mkv -o lecture.srt
  sluice transcribe *.mp3 --format vtt -o subtitles/
  sluice transcribe talk.mp4 --translate-to ko,de --summarize -o talk.srt
  sluice transcribe https://media.example.com/talks/monday.mp4`,
		Args: someArgs("FILE"),
	}
	order := newOrderFlags(cmd)
	c.completeSpeech(cmd, "model")
	c.completeLLM(cmd, "llm-model")
	out := newOutputFlags(cmd, "write to this `FILE`; for several files, into this folder")
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		orders, err := order.orders(args)
		if err != nil {
			return err
		}
		if err := out.settle(); err != nil {
			return err
		}
		outs, err := out.plan(args, order.translateTo, order.summarize)
		if err != nil {
			return err
		}
		if len(args) == 1 {
			out.heed(c)
		}
		w := &transcribing{c: c, files: args, orders: orders, out: out, outs: outs, stdout: &printer{w: c.Out}}
		return w.run(cmd.Context(), *address)
	})
	return cmd
}

// transcribing is one run of 'transcribe'.
type transcribing struct {
	c      *console
	files  []string // as they were typed
	orders []job.Order
	out    *outputFlags
	outs   []string // "" = stdout
	stdout *printer
	failed bool

	announced bool // it was said already which jobs were there before
}

func (t *transcribing) run(ctx context.Context, address string) error {
	s, err := t.server(ctx, address)
	switch {
	case err != nil:
		return err
	case s == nil:
		err = t.here(ctx)
	default:
		defer s.close()
		err = t.there(ctx, s)
	}
	switch {
	case err != nil:
		return err
	case t.stdout.err != nil:
		return unwritable("stdout", t.stdout.err)
	case t.failed:
		return errSaid
	}
	return nil
}

// server finds the one that does the work; nil means that it is done here.
func (t *transcribing) server(ctx context.Context, address string) (*client, error) {
	if t.c.cmds.Server == nil && address == "" {
		return nil, nil
	}
	s, err := t.c.client(address)
	if err != nil {
		return nil, err
	}
	err = s.alive(ctx)
	if err == nil {
		err = t.c.nameModels(ctx, t.orders)
	}
	switch {
	case err == nil:
		return s, nil
	case s.named || t.c.cmds.Transcribe == nil || ctx.Err() != nil:
	case awayErr(err), errors.Is(err, errForeign):
		err = nil // it is done here
	}
	s.close()
	return nil, err
}

// there lets the server do the work.
func (t *transcribing) there(ctx context.Context, s *client) error {
	for i := range t.orders {
		err := t.one(ctx, s, i)
		switch {
		case ctx.Err() != nil, awayErr(err):
			return err
		case err != nil:
			t.fail(i, err)
		}
	}
	return nil
}

func (t *transcribing) one(ctx context.Context, s *client, i int) error {
	o := wire(t.orders[i])
	o.Priority = ahead
	// A Ctrl-C in the middle of this must not leave a job that nobody knows.
	j, _, err := s.submit(context.WithoutCancel(ctx), o, "")
	if err != nil {
		return err
	}
	err = t.await(ctx, s, i, j)
	if ctx.Err() != nil {
		return t.interrupted(ctx, s, j)
	}
	return err
}

// await shows a job of the server until it ends, and hands its text out.
func (t *transcribing) await(ctx context.Context, s *client, i int, j jobView) error {
	scr := t.screen(i)
	defer scr.leave()
	if j.Existing {
		if !t.announced {
			scr.note("The same job is in the line already: %s", clean(j.ID))
		}
		if scr.text != nil {
			if sofar, _, err := s.transcript(ctx, j.ID, ""); err == nil {
				scr.text.start(sofar)
			}
		}
	}
	end, err := s.follow(ctx, j.ID, scr.note, func(e event, v jobEvent) {
		switch {
		case e.Kind == board.JobChanged && v.Job != nil:
			scr.job(*v.Job)
		case e.Kind == board.Progress && v.Progress != nil:
			scr.progress(*v.Progress)
		case e.Kind == board.Segment && v.Segment != nil:
			scr.segment(*v.Segment)
		}
	})
	scr.leave()
	if err != nil {
		return err
	}
	if err := verdict(end); err != nil {
		return err
	}
	r, err := s.result(ctx, end)
	if err != nil {
		return err
	}
	t.ended(i, scr, end, r)
	return nil
}

// interrupted cancels the job after Ctrl-C, if it is ours.
func (t *transcribing) interrupted(ctx context.Context, s *client, j jobView) error {
	if j.Existing {
		t.c.note("Stopped waiting; job %s goes on.", clean(j.ID))
		return errInterrupted
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	_, _, err := s.cancel(last, j.ID)
	switch {
	case err == nil:
		t.c.note("Canceled.")
	case !fault.Is(err, fault.JobFinal): // else it ended just now
		t.c.fail("", err)
		t.c.note("The job may go on; end it with 'sluice cancel %s'.", clean(j.ID))
	}
	return errInterrupted
}

// here does the work in this process.
func (t *transcribing) here(ctx context.Context) error {
	if t.c.cmds.Transcribe == nil {
		return notBuiltIn()
	}
	screens := make([]*screen, len(t.orders))
	at := func(i int) *screen {
		if screens[i] == nil {
			screens[i] = t.screen(i)
		}
		return screens[i]
	}
	err := t.c.cmds.Transcribe(ctx, TranscribeOptions{Orders: t.orders, Watch: Watch{
		Job:     func(i int, j job.Job) { at(i).job(viewOf(j)) },
		Segment: func(i int, s transcript.Segment) { at(i).segment(s) },
		Progress: func(i int, p job.Progress) {
			at(i).progress(progressView{Stage: p.Stage, Fraction: p.Fraction, ETASeconds: p.ETASeconds})
		},
		Ended: func(i int, j job.Job, texts Texts, err error) {
			scr := at(i)
			scr.leave()
			if ctx.Err() != nil {
				return
			}
			v := viewOf(j)
			if err == nil {
				err = verdict(v)
			}
			if err != nil {
				t.fail(i, err)
				return
			}
			t.ended(i, scr, v, result{text: texts.Transcript, translations: texts.Translations, summary: texts.Summary})
		},
	}})
	for _, scr := range screens {
		if scr != nil {
			scr.leave()
		}
	}
	switch {
	case ctx.Err() != nil:
		t.c.note("Canceled.")
		return errInterrupted
	case errors.Is(err, context.Canceled):
		return errors.New("it was stopped")
	}
	return err
}

// screen shows the i-th file. Its text is shown as it comes where somebody
// reads along.
func (t *transcribing) screen(i int) *screen {
	scr := &screen{c: t.c}
	if len(t.files) > 1 {
		scr.about = clean(t.files[i])
	}
	if t.outs[i] == "" && t.c.OutTerminal && t.out.kind == transcript.Text {
		t.heading(i)
		scr.text = &liveText{out: t.stdout, lines: t.out.times, write: func(text transcript.Transcript) []byte {
			body, err := t.out.render(result{text: text})
			if err != nil {
				return nil
			}
			return []byte(cleanText(string(body)))
		}}
	}
	return scr
}

// heading tells the texts of several files apart.
func (t *transcribing) heading(i int) {
	if len(t.files) == 1 || t.out.kind == transcript.JSON {
		return
	}
	if i > 0 {
		t.stdout.line("")
	}
	t.stdout.line("==> %s <==", clean(t.files[i]))
}

func (t *transcribing) warn(w job.Warning) {
	at := ""
	if w.AtMS > 0 {
		at = " at " + clock(w.AtMS)
	}
	t.c.note("Note%s: %s", at, clean(w.Text))
}

func (t *transcribing) fail(i int, err error) {
	t.failed = true
	about := ""
	if len(t.files) > 1 {
		about = t.files[i]
	}
	t.c.fail(about, err)
}
