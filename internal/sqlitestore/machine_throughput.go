package sqlitestore

import (
	"context"
	"math"
	"slices"
	"time"

	"sluice/internal/job"
)

// endsWithin counts the jobs that ended in one hour. Hour by hour the index is
// read as it lies; to group a busy day takes three times as long.
const endsWithin = `SELECT coalesce(sum(e.to_state = 'done'), 0), coalesce(sum(e.to_state = 'failed'), 0), coalesce(sum(e.to_state = 'canceled'), 0),
	coalesce(sum(iif(e.to_state = 'done', (SELECT duration_ms FROM jobs WHERE seq = e.job), 0)), 0)
	FROM events AS e INDEXED BY events_ended
	WHERE e.to_state IN ('done', 'failed', 'canceled') AND e.from_state IN ('queued', 'running') AND e.at >= ? AND e.at < ?`

// failuresByCode counts those that failed. The job is that of the newest event:
// SQLite takes what is not summed up from the row of the only max.
const failuresByCode = `SELECT e.code, count(*), max(e.at), j.id, j.title
	FROM events AS e INDEXED BY events_ended CROSS JOIN jobs AS j ON j.seq = e.job
	WHERE e.to_state IN ('done', 'failed', 'canceled') AND e.from_state IN ('queued', 'running') AND e.at >= ? AND e.at < ?
		AND e.to_state = 'failed'
	GROUP BY e.code ORDER BY 2 DESC, 3 DESC, 1 LIMIT ?`

// timesSince is how long runs took.
const timesSince = `SELECT r.stage, r.started_at, r.finished_at, r.error, r.resumed, j.duration_ms FROM (
	SELECT * FROM (SELECT job, stage, started_at, finished_at, error, resumed FROM stage_runs INDEXED BY stage_runs_time
		WHERE finished_at = 0 AND reused = 0 ORDER BY started_at DESC LIMIT ?2)
	UNION ALL
	SELECT * FROM (SELECT job, stage, started_at, finished_at, error, resumed FROM stage_runs INDEXED BY stage_runs_time
		WHERE finished_at >= ?1 AND reused = 0 ORDER BY finished_at DESC LIMIT ?2)
	) AS r CROSS JOIN jobs AS j ON j.seq = r.job`

// What bounds the work of an answer and its length.
const (
	timedMost    = 5_000 // runs, the newest
	failuresMost = 50    // codes
)

// Throughput sums up so many hours, the one that goes on included. The jobs
// that were deleted have taken their part along.
func (s *Store) Throughput(ctx context.Context, hours int) (job.Throughput, error) {
	now := s.cfg.Now().UTC()
	from := now.Truncate(time.Hour).Add(-time.Duration(hours-1) * time.Hour)
	out := job.Throughput{Hours: make([]job.Hour, hours)}
	for i := range out.Hours {
		out.Hours[i].At = from.Add(time.Duration(i) * time.Hour)
	}
	if err := s.sumEnds(ctx, out.Hours); err != nil {
		return job.Throughput{}, err
	}
	to := from.Add(time.Duration(hours) * time.Hour).UnixMilli() // what comes after is from a clock that was wrong
	err := s.query(ctx, failuresByCode, []any{from.UnixMilli(), to, failuresMost}, func(row scanner) error {
		var f job.FailureCount
		var at int64
		err := row.Scan(&f.Code, &f.Count, &at, &f.JobID, &f.Title)
		f.LastAt = moment(at)
		out.Failures = append(out.Failures, f)
		return err
	})
	if err != nil {
		return job.Throughput{}, err
	}
	runs, err := s.timed(ctx, from)
	if err != nil {
		return job.Throughput{}, err
	}
	keepBusy(runs, now, out.Hours)
	out.Stages = figures(runs)
	return out, nil
}

func (s *Store) sumEnds(ctx context.Context, hours []job.Hour) error {
	for i := range hours {
		h := &hours[i]
		from := h.At.UnixMilli()
		err := s.askOne(ctx, endsWithin, from, from+time.Hour.Milliseconds()).Scan(&h.Done, &h.Failed, &h.Canceled, &h.MediaMS)
		if err != nil {
			return s.explain(err)
		}
	}
	return nil
}

// timedRun is a run of a stage in numbers; times are milliseconds.
type timedRun struct {
	stage        job.Stage
	began, ended int64 // ended 0: it goes on
	whole        bool  // it did all of its stage's work
	media        int64 // 0 = not known
}

func (s *Store) timed(ctx context.Context, since time.Time) ([]timedRun, error) {
	var runs []timedRun
	err := s.query(ctx, timesSince, []any{afterNever(since), timedMost}, func(row scanner) error {
		var r timedRun
		var code string
		var resumed bool
		err := row.Scan(&r.stage, &r.began, &r.ended, &code, &resumed, &r.media)
		r.whole = r.ended > 0 && code == "" && !resumed
		runs = append(runs, r)
		return err
	})
	return runs, err
}

// keepBusy adds up for each hour when at least one stage ran: of a job's own
// stages two may run side by side.
func keepBusy(runs []timedRun, now time.Time, hours []job.Hour) {
	slices.SortFunc(runs, func(a, b timedRun) int { return int(min(1, max(-1, a.began-b.began))) })
	covered := int64(0) // up to here it is counted
	for _, r := range runs {
		end := r.ended
		if end == 0 {
			end = now.UnixMilli()
		}
		for i := range hours {
			from := hours[i].At.UnixMilli()
			to := from + time.Hour.Milliseconds()
			hours[i].BusyMS += max(0, min(end, to)-max(r.began, covered, from))
		}
		covered = max(covered, end)
	}
}

// figures is how long each stage took that ran to its end at least once.
func figures(runs []timedRun) []job.StageFigures {
	var out []job.StageFigures
	for _, stage := range job.Stages() {
		var took []int64
		var factors []float64
		for _, r := range runs {
			if r.stage != stage || !r.whole {
				continue
			}
			took = append(took, max(0, r.ended-r.began))
			if r.media > 0 && r.ended > r.began && stage != job.Deliver { // which is the same for a minute and for hours
				factors = append(factors, float64(r.media)/float64(r.ended-r.began))
			}
		}
		if len(took) == 0 {
			continue
		}
		f := job.StageFigures{Stage: stage, Runs: len(took), MedianMS: quantile(took, 0.5), P95MS: quantile(took, 0.95)}
		if len(factors) > 0 {
			f.Factor = math.Round(quantile(factors, 0.5)*100) / 100
		}
		out = append(out, f)
	}
	return out
}

// quantile is the smallest value that so large a share of all are not above.
func quantile[T int64 | float64](all []T, share float64) T {
	slices.Sort(all)
	return all[max(0, int(math.Ceil(share*float64(len(all))))-1)]
}
