package storetest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// rememberer is a store that keeps what became of the tries at a job's stages.
type rememberer interface {
	stages
	Attempts(ctx context.Context, jobID string) ([]job.Attempt, error)
}

// trial is such a store with a job that runs in it.
type trial struct {
	*stand
	rememberer
	id    string
	lease job.Lease
}

func remembered(run func(s *trial)) scenario {
	return func(s *stand) {
		s.Helper()
		kept, ok := s.Store.(rememberer)
		if !ok {
			s.Fatal("this store keeps no attempts")
		}
		j, lease := s.running()
		run(&trial{stand: s, rememberer: kept, id: j.ID, lease: lease})
	}
}

// ends has a stage begin, lets it run for a second and settles it; a job that is
// back in the line is taken again.
func (s *trial) ends(stage job.Stage, o queue.Outcome) {
	s.Helper()
	s.ok(s.Begin(s.Context(), s.lease, stage))
	s.clock.Advance(time.Second)
	s.settle(s.lease, o)
	if o.State == job.Queued {
		_, s.lease = s.take(s.id)
	}
}

// tries are the attempts, each in a line.
func (s *trial) tries() (out []string) {
	s.Helper()
	all, err := s.Attempts(s.Context(), s.id)
	s.ok(err)
	for _, a := range all {
		out = append(out, strings.TrimSpace(fmt.Sprintln(a.Stage, a.Number, a.FinishedAt.Sub(a.StartedAt), a.Kind, a.Code, a.Message)))
	}
	return out
}

func attempting() map[string]scenario {
	failure := func(stage job.Stage, code, message string) *job.Failure {
		return &job.Failure{Code: code, Message: message, Hint: "Wait.", Stage: stage, Detail: "the log\nof it"}
	}
	return map[string]scenario{
		"every try that did not come to its end is remembered": remembered(func(s *trial) {
			again := job.Wait{Reason: job.Turn}
			s.same("at first", s.tries(), []string(nil))
			s.ends(job.Transcribe, queue.Outcome{State: job.Queued, Wait: again, Attempt: true, Error: failure(job.Transcribe, "engine_stuck", "Stuck.")})
			s.ends(job.Transcribe, queue.Outcome{State: job.Queued, Wait: again, Crash: true, Error: failure(job.Transcribe, "engine_crashed", "Crashed.")})
			s.ends(job.Transcribe, queue.Outcome{State: job.Queued, Wait: again, Crash: true, Error: failure(job.Transcribe, "engine_out_of_memory", "No memory.")})
			s.ends(job.Transcribe, queue.Outcome{State: job.Queued, Wait: job.Wait{Reason: job.Memory, Text: "Memory is short."}})
			s.ends(job.Transcribe, queue.Outcome{State: job.Queued, Wait: again})
			s.ends(job.Translate, queue.Outcome{State: job.Canceled})
			s.same("attempts", s.tries(), []string{
				"transcribe 1 1s error engine_stuck Stuck.",
				"transcribe 2 1s crash engine_crashed Crashed.",
				"transcribe 3 1s out_of_memory engine_out_of_memory No memory.",
				"transcribe 4 1s yield interrupted Memory is short.",
				"transcribe 5 1s interrupted interrupted",
				"translate 1 1s canceled canceled_by_user",
			})
			all, err := s.Attempts(s.Context(), s.id)
			s.ok(err)
			s.same("the first", []any{all[0].Hint, all[0].Log, all[0].FinishedAt}, []any{"Wait.", "the log\nof it", s.clock.Now().Add(-5 * time.Second)})
		}),
		"a job that is done has nothing to remember": remembered(func(s *trial) {
			s.ends(job.Extract, queue.Outcome{State: job.Done})
			s.same("attempts", s.tries(), []string(nil))
		}),
		"a failure before a stage has begun is one, a wait is none": remembered(func(s *trial) {
			s.settle(s.lease, queue.Outcome{State: job.Queued, Wait: job.Wait{Reason: job.Memory}})
			_, s.lease = s.take(s.id)
			s.settle(s.lease, queue.Outcome{State: job.Failed, Attempt: true, Error: failure(job.Extract, "source_missing", "Gone.")})
			s.same("attempts", s.tries(), []string{"extract 1 0s error source_missing Gone."})
		}),
		"that Sluice itself died is remembered": remembered(func(s *trial) {
			s.ok(s.Begin(s.Context(), s.lease, job.Extract))
			for range 2 {
				_, err := s.Recover(s.Context(), "the next start", 1)
				s.ok(err)
				if s.get(s.id).State == job.Queued {
					_, s.lease = s.take(s.id)
				}
			}
			s.same("attempts", s.tries(), []string{
				"extract 1 0s crash worker_crashed Sluice ended while it worked on this job.",
				"extract 2 0s crash worker_crashed Sluice ended too often while it worked on this job.",
			})
		}),
		"what was stopped in an orderly way was interrupted": remembered(func(s *trial) {
			s.ok(s.Begin(s.Context(), s.lease, job.Extract))
			_, err := s.Recover(s.Context(), "the next start", -1)
			s.ok(err)
			s.same("attempts", s.tries(), []string{"extract 1 0s interrupted worker_crashed Sluice ended while it worked on this job."})
		}),
		"only the newest are remembered, and only the end of a log": remembered(func(s *trial) {
			long := failure(job.Transcribe, "engine_stuck", "Stuck.")
			long.Detail = strings.Repeat("a", 10_000) + "end"
			for range job.MaxAttempts + 3 {
				s.ends(job.Transcribe, queue.Outcome{State: job.Queued, Wait: job.Wait{Reason: job.Turn}, Attempt: true, Error: long})
			}
			all, err := s.Attempts(s.Context(), s.id)
			s.ok(err)
			s.same("how many", []int{len(all), all[0].Number}, []int{job.MaxAttempts, 4})
			s.same("log", []any{len(all[0].Log), strings.HasSuffix(all[0].Log, "aend")}, []any{8 << 10, true})
		}),
		"attempts go with their job": remembered(func(s *trial) {
			s.ends(job.Extract, queue.Outcome{State: job.Failed, Attempt: true, Error: failure(job.Extract, "file_damaged", "Damaged.")})
			s.ok(s.Delete(s.Context(), s.id))
			_, err := s.Attempts(s.Context(), s.id)
			s.refused(err, fault.JobUnknown)
		}),
	}
}
