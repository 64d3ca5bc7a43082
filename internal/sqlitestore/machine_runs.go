package sqlitestore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// runsSince finds runs by their end, and those that have none: a run is as new
// as its end. What found its work done already did not run.
const runsSince = `SELECT j.id, j.title, r.stage, r.started_at, r.finished_at, r.error FROM (
	SELECT * FROM (SELECT job, stage, started_at, finished_at, error FROM stage_runs INDEXED BY stage_runs_time
		WHERE finished_at = 0 AND reused = 0 ORDER BY started_at DESC LIMIT ?2)
	UNION ALL
	SELECT * FROM (SELECT job, stage, started_at, finished_at, error FROM stage_runs INDEXED BY stage_runs_time
		WHERE finished_at >= ?1 AND reused = 0 ORDER BY finished_at DESC LIMIT ?2)
	) AS r CROSS JOIN jobs AS j ON j.seq = r.job`

// PastRuns gives the newest runs of stages, at most so many, that had not ended by
// a time; oldest first. The jobs that were deleted have taken theirs along.
func (s *Store) PastRuns(ctx context.Context, since time.Time, most int) ([]job.PastRun, error) {
	var runs []job.PastRun
	err := s.query(ctx, runsSince, []any{afterNever(since), most}, func(row scanner) error {
		var r job.PastRun
		var started, finished int64
		var code string
		err := row.Scan(&r.JobID, &r.Title, &r.Stage, &started, &finished, &code)
		r.StartedAt, r.FinishedAt, r.Outcome = moment(started), moment(finished), outcomeOf(finished, code)
		runs = append(runs, r)
		return err
	})
	slices.SortStableFunc(runs, func(a, b job.PastRun) int { return a.StartedAt.Compare(b.StartedAt) })
	return runs[max(0, len(runs)-most):], err
}

// outcomeOf is how a run ended by the code that stands in its row.
func outcomeOf(finished int64, code string) job.RunOutcome {
	switch c := fault.Code(code); {
	case finished == 0:
		return job.RunRunning
	case code == "":
		return job.RunDone
	case c == fault.Interrupted:
		return job.RunYielded
	case c == fault.CanceledByUser:
		return job.RunCanceled
	case c == fault.WorkerCrashed || fault.New(c, "", nil).Crash():
		return job.RunCrashed
	}
	return job.RunFailed
}

// waitsFrom finds the beginnings of waits, the newest first: a job's event that
// says what it waits for, unless the one before said the same. The wait ends
// with the next event that says something else.
const waitsFrom = `SELECT j.id, j.title, e.reason, e.at,
	coalesce((SELECT n.at FROM events AS n INDEXED BY events_job
		WHERE n.job = e.job AND n.seq > e.seq AND NOT (n.to_state = 'queued' AND n.reason = e.reason) ORDER BY n.seq LIMIT 1), 0)
	FROM events AS e INDEXED BY events_waits CROSS JOIN jobs AS j ON j.seq = e.job
	WHERE e.to_state = 'queued' AND e.reason NOT IN ('', 'turn', 'held', 'scheduled', 'paused')
		AND e.reason IS NOT (SELECT iif(p.to_state = 'queued', p.reason, '') FROM events AS p INDEXED BY events_job
			WHERE p.job = e.job AND p.seq < e.seq ORDER BY p.seq DESC LIMIT 1)
	ORDER BY e.at DESC LIMIT ?`

// waitsBack is how many beginnings of waits are looked at: one that began long
// ago may have lasted into the time that is asked for, and there is no index of
// ends.
const waitsBack = 600

// PastWaits gives the newest stretches, at most so many, in which a job could not
// be taken for a reason that nobody asked for, and that had not ended by a time;
// oldest first. A job whose time came by the clock alone has waited until it was
// taken: nothing is written when the clock passes.
func (s *Store) PastWaits(ctx context.Context, since time.Time, most int) ([]job.PastWait, error) {
	var waits []job.PastWait
	err := s.query(ctx, waitsFrom, []any{waitsBack}, func(row scanner) error {
		var w job.PastWait
		var from, to int64
		err := row.Scan(&w.JobID, &w.Title, &w.Reason, &from, &to)
		w.From, w.To = moment(from), moment(to)
		if to == 0 || (!w.To.Before(since) && to > from) {
			waits = append(waits, w)
		}
		return err
	})
	waits = waits[:min(most, len(waits))]
	slices.SortStableFunc(waits, func(a, b job.PastWait) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.JobID, b.JobID))
	})
	return waits, err
}

// WaitsSince is when the newest wait of a job began; zero when it has none.
func (s *Store) WaitsSince(ctx context.Context, id string) (time.Time, error) {
	var reason job.Reason
	var since time.Time
	err := s.query(ctx, `SELECT at, iif(to_state = 'queued', reason, '') FROM events INDEXED BY events_job
		WHERE job = (SELECT seq FROM jobs WHERE id = ?) ORDER BY seq DESC LIMIT ?`, []any{id, waitsBack}, func(row scanner) error {
		var at int64
		var r job.Reason
		if err := row.Scan(&at, &r); err != nil {
			return err
		}
		switch {
		case since.IsZero():
			reason, since = r, moment(at)
		case r == reason && reason != "":
			since = moment(at)
		default:
			reason = "" // what came before is another story
		}
		return nil
	})
	return since, err
}

// afterNever is a time in milliseconds for a comparison with an end: 0 is none.
func afterNever(t time.Time) int64 { return max(1, t.UnixMilli()) }
