package cli

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/spf13/cobra"

	"sluice/internal/job"
	"sluice/internal/transcript"
)

func (c *console) summary() *cobra.Command {
	var (
		format, file string
		asJSON       bool
	)
	cmd := &cobra.Command{
		Use:   "summary ID",
		Short: "Print or save the summary of a job",
		Long: `Prints what a job is about: its title, a few paragraphs, the key points, chapters
with their times, and what is to be done; or writes it to the FILE of -o. The
format is that of --format, else what FILE ends in, else txt.

A job has a summary when it was added with --summarize or the settings ask for
one. As json it is null when the job has ended without; how much of the text was
read for it is in "coverage_percent". A FILE that is there is replaced.`,
		Example: `  sluice summary ABCDE
  sluice summary ABCDE -o talk.summary.md
  sluice summary ABCDE --json | jq -r '.key_points[]'`,
		Args:              oneArg("ID"),
		ValidArgsFunction: c.completeJobs(job.Done),
	}
	f := cmd.Flags()
	f.StringVarP(&format, "format", "f", "", "`FORMAT` of the summary: txt, md or json (default: what -o ends in, else txt)")
	f.StringVarP(&file, "output", "o", "", "write to this `FILE`, or into this folder")
	f.BoolVar(&asJSON, "json", false, "the same as --format json")
	completeFlag(cmd, "format", summaryFormats())
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		out := &outputFlags{format: format, file: file, json: asJSON, cmd: cmd}
		if err := out.settle(); err != nil {
			return err
		}
		if !slices.Contains(summaryFormats(), out.kind) {
			return usagef("A summary cannot be %s: choose txt, md or json.", out.kind)
		}
		if err := out.place(); err != nil {
			return err
		}
		out.heed(c)
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		id, err := s.resolve(ctx, args[0])
		if err != nil {
			return err
		}
		body, err := s.summaryAs(ctx, id, out.kind)
		if err != nil {
			return err
		}
		switch {
		case out.kind == transcript.JSON:
			body = safeJSON(append(bytes.TrimRight(body, "\n"), '\n'))
		case out.toStdout():
			body = []byte(cleanText(string(body)))
		}
		return c.deliver(ctx, s, id, out.file, ".summary"+out.kind.Ext(), body)
	})
	return cmd
}

// summaryFormats lists those that a summary can have: it is no subtitles.
func summaryFormats() []transcript.Format {
	return []transcript.Format{transcript.Text, transcript.Markdown, transcript.JSON}
}

// summaryAs asks for a job's summary in a format.
func (s *client) summaryAs(ctx context.Context, id string, f transcript.Format) ([]byte, error) {
	return s.call(ctx, http.MethodGet, "/api/v1/jobs/"+url.PathEscape(id)+"/summary?format="+url.QueryEscape(string(f)), nil, nil)
}

// summary asks for a job's summary; nil = it has none.
func (s *client) summary(ctx context.Context, id string) (*transcript.Summary, error) {
	body, err := s.summaryAs(ctx, id, transcript.JSON)
	if err != nil {
		return nil, err
	}
	var got *transcript.Summary
	err = s.decode(body, &got)
	return got, err
}
