package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sluice/internal/job"
	"sluice/internal/transcript"
)

func (c *console) edit() *cobra.Command {
	var (
		language     string
		undo, asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "edit ID SEGMENT TEXT",
		Short: "Correct a line of a text",
		Long: `Makes one segment of the text of a job that is done say TEXT. What is exported,
searched and sent from then on carries the correction; the summary and other
translations stay as they are. An empty TEXT leaves the segment out of exports.

SEGMENT is the number of the segment: 'sluice search' and 'sluice export --format
json' tell it. Words with a - in front go after --.

With --lang the translation into that language is corrected. --undo takes back
what the recogniser or the translator had said; it goes without TEXT.

When somebody else has corrected the segment meanwhile, nothing is changed.`,
		Example: `  sluice edit ABCDE 17 "The last ferry leaves at ten."
  sluice edit ABCDE 17 --lang ko "마지막 배는 열 시에 떠납니다."
  sluice edit ABCDE 17 --undo`,
		ValidArgsFunction: c.completeFirst(c.completeJobs(job.Done)),
		Args: func(cmd *cobra.Command, args []string) error {
			want := 3
			if undo {
				want = 2
			}
			switch {
			case len(args) < min(want, 2):
				return needs(cmd, []string{"ID", "SEGMENT"}[len(args)])
			case len(args) < want:
				return &usage{say: "'" + cmd.CommandPath() + "' needs the TEXT that the segment is to say.", hint: "With --undo it says again what was recognised."}
			case undo && len(args) > want:
				return usagef("--undo and a TEXT exclude each other.")
			case len(args) > want:
				return &usage{say: fmt.Sprintf("'%s' takes one TEXT; %q is one too many.", cmd.CommandPath(), clean(args[3])), hint: "Put quotation marks around it."}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&language, "lang", "", "`CODE` of the language of a translation (default: the text as it was spoken)")
	f.BoolVar(&undo, "undo", false, "let the segment say again what was recognised or translated")
	f.BoolVar(&asJSON, "json", false, "print the whole corrected text as JSON")
	completeLanguages(cmd, "lang", false)
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		segment, err := strconv.Atoi(args[1])
		switch language = strings.ToLower(strings.TrimSpace(language)); {
		case err != nil || segment < 1:
			return usagef("A SEGMENT is a number from 1; %q is none.", clean(args[1]))
		case f.Changed("lang") && !isCode(language):
			return usagef("--lang takes the code of a language; %q is none.", clean(language))
		}
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		id, err := s.resolve(ctx, args[0])
		if err != nil {
			return err
		}
		before, _, err := s.transcript(ctx, id, language)
		if err != nil {
			return err
		}
		was := segmentOf(before, segment)
		if was == nil {
			return usagef("The text has no segment %d; there are %d.", segment, len(before.Segments))
		}
		e := segmentEdit{ID: segment, Was: was.Text}
		if !undo {
			e.Text = &args[2]
		}
		after, raw, err := s.edit(ctx, id, language, e)
		if err != nil {
			return err
		}
		if asJSON {
			return c.printRaw(raw)
		}
		p := &printer{w: c.Out}
		if now := segmentOf(after, segment); now != nil {
			p.line("[%s] %s", clock(now.StartMS), shownText(now.Text))
			c.note("It said: %s", shownText(was.Text))
		}
		return unwritable("stdout", p.err)
	})
	return cmd
}

// shownText is what a segment says, also when that is nothing.
func shownText(s string) string {
	if s = clean(s); s == "" {
		return "(left out)"
	}
	return s
}

func segmentOf(t transcript.Transcript, id int) *transcript.Segment {
	for i, s := range t.Segments {
		if s.ID == id {
			return &t.Segments[i]
		}
	}
	return nil
}

// segmentEdit is one correction on the wire.
type segmentEdit struct {
	ID   int     `json:"id"`
	Text *string `json:"text"` // nil = what was recognised
	Was  string  `json:"was"`
}

// edit corrects one segment of a job's text.
func (s *client) edit(ctx context.Context, id, language string, e segmentEdit) (transcript.Transcript, []byte, error) {
	where := "/api/v1/jobs/" + url.PathEscape(id) + "/transcript"
	if language != "" {
		where += "?lang=" + url.QueryEscape(language)
	}
	var t transcript.Transcript
	raw, err := s.call(ctx, http.MethodPatch, where, struct {
		Edits []segmentEdit `json:"edits"`
	}{[]segmentEdit{e}}, nil)
	if err == nil {
		err = s.decode(raw, &t)
	}
	return t, raw, err
}
