package storetest

import (
	"context"
	"errors"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/transcript"
)

// results is where a pipeline writes what it makes of a transcript, piece by
// piece, and where that is read.
type results interface {
	stages
	Finished(ctx context.Context, stage job.Stage, key string) (body []byte, ok bool, err error)
	Parts(ctx context.Context, lease job.Lease, stage job.Stage, key string) ([][]byte, error)
	AddPart(ctx context.Context, lease job.Lease, key string, body []byte) error
	Keep(ctx context.Context, lease job.Lease, stage job.Stage, key string, body []byte) error
	SaveTranscript(ctx context.Context, lease job.Lease, t transcript.Transcript, warnings []job.Warning) error
	SaveTranslation(ctx context.Context, lease job.Lease, t transcript.Transcript, lines job.Lines, warnings []job.Warning) error
	SaveSummary(ctx context.Context, lease job.Lease, s *transcript.Summary, coveragePercent int, warnings []job.Warning) error
	Warn(ctx context.Context, lease job.Lease, warnings []job.Warning) error
	Translation(ctx context.Context, jobID, language string) (transcript.Transcript, error)
	Summary(ctx context.Context, jobID string) (*transcript.Summary, error)
}

// shelf is a store that keeps results, with a job that runs in it.
type shelf struct {
	*stand
	results
	job   job.Job
	lease job.Lease
}

// shelved makes a scenario of a store that keeps results.
func shelved(run func(s *shelf)) scenario {
	return func(s *stand) {
		s.Helper()
		kept, ok := s.Store.(results)
		if !ok {
			s.Skip("SKIPPED: this store keeps no results")
		}
		j, lease := s.take(s.accept(multilingual("talk"))[0].ID)
		run(&shelf{stand: s, results: kept, job: j, lease: lease})
	}
}

// multilingual is a draft that goes through all stages.
func multilingual(title string) job.Draft {
	d := draft(title)
	d.Options.TranslateTo, d.Options.Summarize, d.Options.LLMModel = []string{"ko", "de"}, true, "gemma"
	return d
}

func translated(language string, complete bool, lines ...string) transcript.Transcript {
	t := transcript.Transcript{Language: language, Complete: complete, Segments: []transcript.Segment{}}
	for i, line := range lines {
		t.Segments = append(t.Segments, transcript.Segment{ID: i + 1, StartMS: int64(i) * 1000, EndMS: int64(i)*1000 + 900, Text: line})
	}
	return t
}

func (s *shelf) parts(stage job.Stage, key string) (out []string) {
	s.Helper()
	parts, err := s.Parts(s.Context(), s.lease, stage, key)
	s.ok(err)
	for _, p := range parts {
		out = append(out, string(p))
	}
	return out
}

func (s *shelf) addParts(key string, bodies ...string) {
	s.Helper()
	for _, body := range bodies {
		s.ok(s.AddPart(s.Context(), s.lease, key, []byte(body)))
	}
}

// found is what a stage has left under a key; "" = nothing.
func (s *shelf) found(stage job.Stage, key string) string {
	s.Helper()
	body, ok, err := s.Finished(s.Context(), stage, key)
	s.ok(err)
	if !ok {
		return ""
	}
	return string(body)
}

func (s *shelf) text(language string) transcript.Transcript {
	s.Helper()
	t, err := s.Translation(s.Context(), s.job.ID, language)
	s.ok(err)
	return t
}

func (s *shelf) summary() *transcript.Summary {
	s.Helper()
	sum, err := s.Summary(s.Context(), s.job.ID)
	s.ok(err)
	return sum
}

// anotherJob goes on with a job of its own.
func (s *shelf) anotherJob() {
	s.Helper()
	s.job, s.lease = s.take(s.accept(multilingual("another"))[0].ID)
}

// end settles the job that runs.
func (s *shelf) end() {
	s.Helper()
	s.settle(s.lease, queue.Outcome{State: job.Done})
}

// blamed has something counted against the job.
func (s *shelf) blamed() {
	s.Helper()
	s.settle(s.lease, queue.Outcome{State: job.Queued, Attempt: true, Crash: true, Error: &job.Failure{Code: "ollama_failed"}})
	_, s.lease = s.take(s.job.ID)
}

func (s *shelf) forgiven() bool {
	s.Helper()
	j := s.get(s.job.ID)
	return j.Attempts == 0 && j.Crashes == 0 && j.Error == nil
}

// made has the job translated and summed up.
func (s *shelf) made() (korean transcript.Transcript, sum transcript.Summary) {
	s.Helper()
	korean = translated("ko", true, "안녕하세요.", "물이 흐른다.")
	sum = transcript.Summary{
		Language: "en", Title: "Water", KeyPoints: []string{"It flows."}, Chapters: []transcript.Chapter{{StartMS: 1000, Title: "Flow"}},
		ActionItems: []string{}, CoveragePercent: 90,
	}
	s.ok(s.SaveTranslation(s.Context(), s.lease, korean, job.Lines{Done: 2, Total: 2}, nil))
	s.ok(s.SaveSummary(s.Context(), s.lease, &sum, 90, nil))
	return korean, sum
}

func pieces() map[string]scenario {
	return map[string]scenario{
		"parts come back in order, to whoever asks for their key": shelved(func(s *shelf) {
			s.same("parts at first", s.parts(job.Translate, "k"), []string(nil))
			s.addParts("k", "one", "two", "")
			s.addParts("another key", "eins")
			s.same("parts", s.parts(job.Translate, "k"), []string{"one", "two", ""})
			s.anotherJob()
			s.addParts("k", "three")
			s.same("parts of both", s.parts(job.Translate, "k"), []string{"one", "two", "", "three"})
		}),
		"parts live as long as the job that worked on them last": shelved(func(s *shelf) {
			s.addParts("k", "one")
			s.addParts("own", "mine")
			s.end()
			first := s.job.ID
			s.anotherJob()
			s.same("parts", s.parts(job.Translate, "k"), []string{"one"})
			s.ok(s.Delete(s.Context(), first))
			s.same("parts that another job went on with", s.parts(job.Translate, "k"), []string{"one"})
			s.same("parts that none did", s.parts(job.Translate, "own"), []string(nil))
		}),
		"a part is progress": shelved(func(s *shelf) {
			s.blamed()
			s.addParts("k", "one")
			s.same("forgiven", s.forgiven(), true)
			s.blamed()
			s.parts(job.Translate, "k")
			s.same("forgiven for looking", s.forgiven(), false)
		}),
		"what is kept is found, and its parts are gone": shelved(func(s *shelf) {
			s.addParts("k", "one")
			s.addParts("other", "two")
			s.blamed()
			s.ok(s.Begin(s.Context(), s.lease, job.Translate))
			before := s.get(s.job.ID)
			s.ok(s.Keep(s.Context(), s.lease, job.Translate, "k", []byte("whole")))
			s.same("found", s.found(job.Translate, "k"), "whole")
			s.same("found for another stage", s.found(job.Summarize, "k"), "")
			s.same("parts", s.parts(job.Translate, "k"), []string(nil))
			s.same("parts of another key", s.parts(job.Translate, "other"), []string{"two"})
			s.same("forgiven", s.forgiven(), true)
			after := s.get(s.job.ID)
			s.same("stage and its run", []any{after.Stage, after.Stages}, []any{before.Stage, before.Stages})
		}),
		"what is kept again is no progress, but the newer": shelved(func(s *shelf) {
			s.ok(s.Keep(s.Context(), s.lease, job.Translate, "again", []byte("old")))
			s.blamed()
			s.ok(s.Keep(s.Context(), s.lease, job.Translate, "again", []byte("new")))
			s.same("forgiven", s.forgiven(), false)
			s.same("found", s.found(job.Translate, "again"), "new")
		}),
		"what is kept goes with its job": shelved(func(s *shelf) {
			s.ok(s.Keep(s.Context(), s.lease, job.Translate, "k", []byte("x")))
			s.end()
			s.ok(s.Delete(s.Context(), s.job.ID))
			s.same("found", s.found(job.Translate, "k"), "")
		}),
		"a stage that has finished needs no parts": shelved(func(s *shelf) {
			s.addParts("k", "one")
			s.ok(s.Finish(s.Context(), s.lease, job.Summarize, "k", []byte("x"), false, time.Second))
			s.same("parts", s.parts(job.Summarize, "k"), []string(nil))
		}),
		"a run that goes on from parts tells no pace": shelved(func(s *shelf) {
			s.addParts("k", "one")
			s.end()
			for _, key := range []string{"k", "none"} {
				s.anotherJob()
				s.measure(s.job.ID, 60_000)
				s.ok(s.Begin(s.Context(), s.lease, job.Summarize))
				s.parts(job.Summarize, key)
				s.ok(s.Finish(s.Context(), s.lease, job.Summarize, s.job.ID, nil, false, 15*time.Second))
				if key == "k" {
					s.same("paces", s.paces(), []queue.Pace(nil))
				}
			}
			s.same("paces", s.paces(), []queue.Pace{{Stage: job.Summarize, Model: "gemma", Ratio: 0.25}})
		}),
	}
}

func resulting() map[string]scenario {
	return map[string]scenario{
		"a translation is there as far as it is": shelved(func(s *shelf) {
			s.same("at first", s.text("ko"), translated("ko", false))
			half, whole := translated("ko", false, "하나"), translated("ko", true, "하나", "둘")
			whole.Segments[1].Untranslated = true
			s.ok(s.SaveTranslation(s.Context(), s.lease, half, job.Lines{Done: 1, Total: 2}, nil))
			s.same("half of it", s.text("ko"), half)
			s.same("lines", s.get(s.job.ID).Quality.Lines, map[string]job.Lines{"ko": {Done: 1, Total: 2}})
			s.ok(s.SaveTranslation(s.Context(), s.lease, whole, job.Lines{Done: 1, Total: 2}, nil))
			s.ok(s.SaveTranslation(s.Context(), s.lease, translated("de", true, "eins", "zwei"), job.Lines{Done: 2, Total: 2}, nil))
			s.same("all of it", s.text("ko"), whole)
			s.same("another", s.text("de").Segments[1].Text, "zwei")
			want := map[string]job.Lines{"ko": {Done: 1, Total: 2}, "de": {Done: 2, Total: 2}}
			s.same("lines of both", s.get(s.job.ID).Quality.Lines, want)
			s.same("lines in a list", s.page(queue.Filter{State: job.Running}).Jobs[0].Quality.Lines, want)
			_, err := s.Translation(s.Context(), "nobody", "ko")
			s.refused(err, fault.JobUnknown)
		}),
		"a summary is there, or was not to be had": shelved(func(s *shelf) {
			s.same("at first", s.summary(), (*transcript.Summary)(nil))
			s.same("quality at first", s.get(s.job.ID).Quality, job.Quality{})
			_, sum := s.made()
			s.same("summary", s.summary(), &sum)
			coverage := 90
			s.same("coverage", s.get(s.job.ID).Quality.Coverage, &coverage)
			none := []job.Warning{{Code: "no_summary", Text: "The model wrote none."}}
			s.ok(s.SaveSummary(s.Context(), s.lease, nil, 50, none))
			s.same("no summary", s.summary(), (*transcript.Summary)(nil))
			j := s.get(s.job.ID)
			half := 50
			s.same("what was read for none", j.Quality.Coverage, &half)
			s.same("lines", j.Quality.Lines["ko"], job.Lines{Done: 2, Total: 2})
			s.same("warnings", j.Warnings, none)
			_, err := s.Summary(s.Context(), "nobody")
			s.refused(err, fault.JobUnknown)
		}),
		"warnings are added, each once, until a transcript comes": shelved(func(s *shelf) {
			noise, left := job.Warning{Code: "noise", Text: "It is loud."}, job.Warning{Code: "untranslated", Text: "1 line into ko."}
			s.ok(s.SaveTranscript(s.Context(), s.lease, translated("en", true, "one"), []job.Warning{noise}))
			s.ok(s.SaveTranslation(s.Context(), s.lease, translated("ko", true, "one"), job.Lines{Total: 1}, []job.Warning{left}))
			away := job.Warning{Code: "not_summarized", Text: "Ollama is away."}
			for range 2 {
				s.ok(s.Warn(s.Context(), s.lease, []job.Warning{left, away}))
			}
			s.same("warnings", s.get(s.job.ID).Warnings, []job.Warning{noise, left, away})
			s.ok(s.SaveTranscript(s.Context(), s.lease, translated("en", true, "one"), nil))
			j := s.get(s.job.ID)
			s.same("warnings", j.Warnings, []job.Warning(nil))
			s.same("lines", j.Quality.Lines["ko"], job.Lines{Total: 1})
			s.same("translation", len(s.text("ko").Segments), 1)
		}),
		"what was made of a transcript stays until another takes its place": shelved(func(s *shelf) {
			finish := func(key string, reused bool) {
				s.Helper()
				s.ok(s.SaveTranscript(s.Context(), s.lease, translated("en", true, key), nil))
				s.ok(s.Finish(s.Context(), s.lease, job.Transcribe, key, nil, reused, time.Second))
			}
			finish("k", false)
			korean, sum := s.made()
			s.end()
			s.retry(s.job.ID, job.Retry{})
			s.same("translation of one that waits", s.text("ko"), korean)
			_, s.lease = s.take(s.job.ID)
			finish("k", true)
			s.same("translation", s.text("ko"), korean)
			s.same("summary", s.summary(), &sum)
			finish("other inputs", true)
			s.same("translation of another transcript", s.text("ko"), translated("ko", false))
			s.same("summary of another transcript", s.summary(), (*transcript.Summary)(nil))
			s.same("quality of another transcript", s.get(s.job.ID).Quality, job.Quality{})
		}),
		"results belong to their job": shelved(func(s *shelf) {
			s.made()
			s.end()
			first := s.job.ID
			s.anotherJob()
			s.same("translation of another job", s.text("ko"), translated("ko", false))
			s.same("summary of another job", s.summary(), (*transcript.Summary)(nil))
			s.ok(s.Delete(s.Context(), first))
			_, err := s.Translation(s.Context(), first, "ko")
			s.refused(err, fault.JobUnknown)
		}),
		"a lost lease writes no results": shelved(func(s *shelf) {
			s.addParts("k", "one")
			dead := s.lease
			s.settle(dead, queue.Outcome{State: job.Queued})
			_, s.lease = s.take(s.job.ID)
			before := s.get(s.job.ID)
			for name, write := range s.resultVerbs(dead) {
				if err := write(s.Context()); !errors.Is(err, job.ErrLeaseLost) {
					s.Errorf("%s: got %v, want a lost lease", name, err)
				}
			}
			s.same("job", s.get(s.job.ID), before)
			s.same("parts", s.parts(job.Translate, "k"), []string{"one"})
			s.same("kept", s.found(job.Translate, "k"), "")
			s.same("translation", s.text("ko"), translated("ko", false))
		}),
		"the stage that comes next is one of the job's own": shelved(func(s *shelf) {
			s.end()
			for _, own := range [][]job.Stage{
				{job.Extract, job.Transcribe},
				{job.Extract, job.Transcribe, job.Translate},
				{job.Extract, job.Transcribe, job.Summarize},
				{job.Extract, job.Transcribe, job.Translate, job.Summarize},
			} {
				s.goesThrough(own)
			}
		}),
	}
}

// resultVerbs is every write of results under a lease, by name.
func (s *shelf) resultVerbs(lease job.Lease) map[string]func(context.Context) error {
	more := []job.Warning{{Code: "x"}}
	return map[string]func(context.Context) error{
		"parts": func(ctx context.Context) error {
			_, err := s.Parts(ctx, lease, job.Translate, "k")
			return err
		},
		"add part": func(ctx context.Context) error { return s.AddPart(ctx, lease, "k", []byte("x")) },
		"keep":     func(ctx context.Context) error { return s.Keep(ctx, lease, job.Translate, "k", []byte("x")) },
		"save translation": func(ctx context.Context) error {
			return s.SaveTranslation(ctx, lease, translated("ko", true, "x"), job.Lines{Total: 1}, more)
		},
		"save summary": func(ctx context.Context) error { return s.SaveSummary(ctx, lease, &transcript.Summary{}, 1, more) },
		"warn":         func(ctx context.Context) error { return s.Warn(ctx, lease, more) },
	}
}

// goesThrough carries a new job through its stages and looks at which comes next.
func (s *shelf) goesThrough(own []job.Stage) {
	s.Helper()
	d := draft("talk")
	for _, stage := range own {
		switch stage {
		case job.Translate:
			d.Options.TranslateTo = []string{"ko"}
		case job.Summarize:
			d.Options.Summarize = true
		case job.Extract, job.Transcribe, job.Deliver:
		}
	}
	s.job, s.lease = s.take(s.accept(d)[0].ID)
	for i, stage := range own {
		s.stage(s, s.lease, stage, time.Second)
		s.same("stage after "+string(stage), s.get(s.job.ID).Stage, own[min(i+1, len(own)-1)])
	}
	s.stage(s, s.lease, job.Deliver, time.Second)
	s.same("stage at the end", s.get(s.job.ID).Stage, job.Deliver)
	s.end()
}
