// Package library gives the results of jobs back: transcripts and translations,
// whole or as far as they are, in every export format, and summaries. It never
// runs anything.
package library

import (
	"context"
	"fmt"
	"io"
	"slices"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// Shelf is where results lie.
type Shelf interface {
	// Transcript gives a job's transcript: the whole one, as it was corrected, or
	// the finished spans so far with Complete false, or an empty one. Unknown ids are fault
	// job_unknown.
	Transcript(ctx context.Context, jobID string) (transcript.Transcript, error)
	// Translation gives a job's translation into a language, whole or as far as
	// it is; while there is none yet, one without segments and Complete false.
	// Unknown ids are fault job_unknown.
	Translation(ctx context.Context, jobID, language string) (transcript.Transcript, error)
	// Edit corrects segments of a whole text: of the transcript, or with a
	// language of the translation into it. All of it is done, durably, or nothing.
	// From then on the text says so wherever it is read. Faults: job_unknown,
	// not_ready when the job has not ended or the text is not whole,
	// request_invalid when there is no such segment, edit_conflict when one says
	// something else than its Was.
	Edit(ctx context.Context, jobID, language string, edits []Edit) error
	// Summary gives a job's summary; nil = there is none. Unknown ids are fault
	// job_unknown.
	Summary(ctx context.Context, jobID string) (*transcript.Summary, error)
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

// Translation gives what is there of a job's text in a language: a translation,
// or the transcript itself when that is what was spoken. Faults: language_unknown
// when the job was not asked for it, not_ready when nobody knows yet what was
// spoken.
func (l *Library) Translation(ctx context.Context, jobID, language string) (transcript.Transcript, error) {
	j, err := l.jobs.Get(ctx, jobID)
	if err != nil {
		return transcript.Transcript{}, err
	}
	return l.text(ctx, j, language)
}

// text is Translation for a job that was found; "" is the transcript.
func (l *Library) text(ctx context.Context, j job.Job, language string) (transcript.Transcript, error) {
	if asked(j, language) {
		t, err := l.shelf.Translation(ctx, j.ID, language)
		if err != nil || len(t.Segments) > 0 || t.Complete {
			return t, err
		}
	}
	t, err := l.shelf.Transcript(ctx, j.ID)
	switch {
	case err != nil || language == "" || t.Language == language:
		return t, err
	case asked(j, language):
		return transcript.Transcript{Language: language, Segments: []transcript.Segment{}}, nil
	case t.Language == "" && !t.Complete && !j.State.Final():
		return transcript.Transcript{}, fault.New(fault.NotReady, "The language of this job is not known yet.", nil).WithHint("Wait until something of it was heard.")
	}
	return transcript.Transcript{}, fault.New(fault.LanguageUnknown, fmt.Sprintf("There is no text in %q of this job.", language), nil).
		WithHint("Name one of the languages that the job translates to, or none for what was spoken.")
}

// asked says whether a job is to be translated to a language.
func asked(j job.Job, language string) bool {
	return slices.Contains(j.Options.TranslateTo, language)
}

// Summary gives a job's summary; nil = the job is over and has none. One that is
// live and has none yet is fault not_ready.
func (l *Library) Summary(ctx context.Context, jobID string) (*transcript.Summary, error) {
	j, err := l.jobs.Get(ctx, jobID) // first: it may come to its end meanwhile
	if err != nil {
		return nil, err
	}
	s, err := l.shelf.Summary(ctx, jobID)
	if err == nil && s == nil && !j.State.Final() {
		err = fault.New(fault.NotReady, "There is no summary yet.", nil).WithHint("Wait until the job is done.")
	}
	return s, err
}

// Export writes a job's text in a language and a format; language "" is what was
// spoken. Only JSON may be partial: a subtitle file that ends in the middle would
// pass for a whole one, so the other formats are fault not_ready until the text
// is complete. Faults beside that: those of Translation.
func (l *Library) Export(ctx context.Context, w io.Writer, jobID, language string, f transcript.Format) error {
	j, err := l.jobs.Get(ctx, jobID)
	if err != nil {
		return err
	}
	t, err := l.text(ctx, j, language)
	if err != nil {
		return err
	}
	if !t.Complete && f != transcript.JSON {
		return notReady(j, language)
	}
	return transcript.Write(w, t, f, transcript.Options{Title: j.Title, SourceName: j.Source.Name})
}

// notReady says why there is no whole text: not yet, or never.
func notReady(j job.Job, language string) error {
	what := "transcript"
	if language != "" {
		what = fmt.Sprintf("text in %q", language)
	}
	switch j.State {
	case job.Failed:
		f := fault.New(fault.NotReady, "The job failed and has no whole "+what+".", nil)
		if j.Error != nil {
			f.Say = "The job failed and has no whole " + what + ": " + j.Error.Message
			f.Hint = j.Error.Hint
		}
		return f
	case job.Canceled:
		return fault.New(fault.NotReady, "The job was canceled and has no whole "+what+".", nil).WithHint("Retry the job.")
	case job.Done:
		return fault.New(fault.NotReady, "The job is done without a whole "+what+".", nil).WithHint("Its warnings say why. Retry the job.")
	case job.Queued, job.Running:
	}
	return fault.New(fault.NotReady, "The "+what+" is not complete yet.", nil)
}
