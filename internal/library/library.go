// Package library gives the results of jobs back: transcripts, whole or as
// far as they are, in every export format. It never runs anything.
package library

import (
	"context"
	"io"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// Shelf is where results lie.
type Shelf interface {
	// Transcript gives a job's transcript: the whole one, or the finished
	// spans so far with Complete false, or an empty one. Unknown ids are fault
	// job_unknown.
	Transcript(ctx context.Context, jobID string) (transcript.Transcript, error)
	// Search finds words in titles and whole transcripts: the newest job first,
	// in each its title, then its segments in order. Every word of the text must
	// be there, or begin one that is. Fault request_invalid: no word in the text,
	// a limit outside 0..500, or a cursor of another search.
	Search(ctx context.Context, q Query) (Found, error)
}

// Query is what to look for.
type Query struct {
	Text   string
	Limit  int    // 1..500; 0 = 50
	Cursor string // from Found.Next; "" = the start
}

// Found is one page of hits.
type Found struct {
	Hits []Hit
	Next string // "" = this was the last page
}

// Hit is one place where all the words are.
type Hit struct {
	JobID   string
	Title   string // of the job
	Segment int    // id in the transcript; 0 = it is the title or the file's name
	StartMS int64  // of the segment
	EndMS   int64
	Text    string // of the segment, or the title
}

// Jobs finds the job a result belongs to.
type Jobs interface {
	Get(ctx context.Context, id string) (job.Job, error)
}

// Library reads results.
type Library struct {
	shelf Shelf
	jobs  Jobs
}

// New makes a library over a shelf.
func New(shelf Shelf, jobs Jobs) *Library { return &Library{shelf: shelf, jobs: jobs} }

// Transcript gives what is there of a job's transcript.
func (l *Library) Transcript(ctx context.Context, jobID string) (transcript.Transcript, error) {
	return l.shelf.Transcript(ctx, jobID)
}

// Search finds words in titles and transcripts. See Shelf.
func (l *Library) Search(ctx context.Context, q Query) (Found, error) {
	return l.shelf.Search(ctx, q)
}

// Export writes a job's transcript in a format. Only JSON may be partial: a
// subtitle file that ends in the middle would pass for a whole one, so the
// other formats are fault not_ready until the transcript is complete.
func (l *Library) Export(ctx context.Context, w io.Writer, jobID string, f transcript.Format) error {
	t, err := l.shelf.Transcript(ctx, jobID)
	if err != nil {
		return err
	}
	j, err := l.jobs.Get(ctx, jobID)
	if err != nil {
		return err
	}
	if !t.Complete && f != transcript.JSON {
		return notReady(j)
	}
	return transcript.Write(w, t, f, transcript.Options{Title: j.Title, SourceName: j.Source.Name})
}

// notReady says why there is no whole transcript: not yet, or never.
func notReady(j job.Job) error {
	switch j.State {
	case job.Failed:
		f := fault.New(fault.NotReady, "The job failed and has no whole transcript.", nil)
		if j.Error != nil {
			f.Say = "The job failed and has no whole transcript: " + j.Error.Message
			f.Hint = j.Error.Hint
		}
		return f
	case job.Canceled:
		return fault.New(fault.NotReady, "The job was canceled and has no whole transcript.", nil).WithHint("Retry the job.")
	case job.Queued, job.Running, job.Done:
	}
	return fault.New(fault.NotReady, "The transcript is not complete yet.", nil)
}
