package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"math"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// place is where a job stands in the line. Of one priority the lower rank goes
// first, and of one rank who came first.
type place struct {
	priority  int
	rank, seq int64
}

// before says that a job stands before another one of its priority.
func (p place) before(q place) bool { return p.rank < q.rank || (p.rank == q.rank && p.seq < q.seq) }

// The ends of every line.
var (
	frontmost = place{rank: math.MinInt64}
	hindmost  = place{rank: math.MaxInt64, seq: math.MaxInt64}
)

// Move puts a queued job elsewhere in the line. See queue.Control.
func (s *Store) Move(ctx context.Context, id string, to job.Place) (job.Job, error) {
	if (to.To == "") == (to.Before == "") || (to.To != "" && to.To != job.Front && to.To != job.Back) {
		return job.Job{}, fault.New(fault.RequestInvalid, "A job is moved to the front, to the back, or before another one.", nil)
	}
	return s.steer(ctx, id, func(t *tx, h steered) (job.Verb, error) {
		if err := h.waits(); err != nil {
			return "", err
		}
		priority := h.priority
		var prev, next *place
		var err error
		switch {
		case to.Before != "":
			if next, err = target(t, to.Before); err != nil || next.seq == h.seq {
				return "", err
			}
			priority = next.priority
			prev, err = lastBefore(t, priority, h.seq, *next, math.MaxInt64)
		case to.To == job.Front:
			next, err = firstBehind(t, priority, h.seq, frontmost)
		default:
			prev, err = lastBefore(t, priority, h.seq, hindmost, math.MaxInt64)
		}
		if err != nil {
			return "", err
		}
		return h.stand(t, job.VerbMove, priority, prev, next)
	})
}

// SetPriority changes how urgent a job is. See queue.Control. In its new
// priority a job overtakes nobody who came before it: unless somebody was
// moved, that is the place it would have had from the start.
func (s *Store) SetPriority(ctx context.Context, id string, priority int) (job.Job, error) {
	if err := checkPriority(priority); err != nil {
		return job.Job{}, err
	}
	return s.steer(ctx, id, func(t *tx, h steered) (job.Verb, error) {
		switch {
		case h.state.Final():
			return "", finalJob()
		case h.priority == priority:
			return "", nil
		}
		prev, err := lastBefore(t, priority, h.seq, hindmost, h.seq)
		if err != nil {
			return "", err
		}
		from := frontmost
		if prev != nil {
			from = *prev
		}
		next, err := firstBehind(t, priority, h.seq, from)
		if err != nil {
			return "", err
		}
		return h.stand(t, job.VerbPriority, priority, prev, next)
	})
}

func checkPriority(priority int) error {
	if priority < job.MinPriority || priority > job.MaxPriority {
		return fault.New(fault.RequestInvalid, "The priority is not between -512 and 511.", nil)
	}
	return nil
}

// target is the place of a job that another one is to stand before.
func target(t *tx, id string) (*place, error) {
	var p place
	var state job.State
	err := t.row(`SELECT state, priority, rank, seq FROM jobs WHERE id = ?`, []any{id}, &state, &p.priority, &p.rank, &p.seq)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, unknownJob()
	case err != nil:
		return nil, err
	case state != job.Queued:
		return nil, fault.New(fault.RequestInvalid, "The job to stand before is not in the line.", nil)
	}
	return &p, nil
}

// stand puts a job between two neighbours, of which one may be missing. It
// gives the verb back, or none when the job stands there already.
func (h steered) stand(t *tx, verb job.Verb, priority int, prev, next *place) (job.Verb, error) {
	own := place{rank: h.rank, seq: h.seq}
	rank := h.rank
	switch {
	case (prev == nil || prev.before(own)) && (next == nil || own.before(*next)):
		if priority == h.priority {
			return "", nil
		}
	case next == nil:
		rank = prev.rank + rankGap
	case prev == nil:
		rank = next.rank - rankGap
	case next.rank-prev.rank >= 2:
		rank = prev.rank + (next.rank-prev.rank)/2
	default:
		var err error
		if rank, err = makeRoom(t, priority, h.seq, prev.rank, *next); err != nil {
			return "", err
		}
	}
	return verb, t.exec(`UPDATE jobs SET priority = ?, rank = ? WHERE seq = ?`, priority, rank, h.seq)
}

// leastStep is the distance of ranks that makes room enough for some more moves.
const leastStep = 16

// makeRoom gives a rank between two neighbours that are too close. For that it
// spreads the ranks from the second on over as many of those behind it as it
// takes until the next one is far enough away. Nobody changes places.
func makeRoom(t *tx, priority int, but, prev int64, from place) (int64, error) {
	for n := 8; ; n *= 2 {
		var seqs []int64
		var end int64 // rank of the first job that keeps its own
		err := t.rows(allBehind, []any{priority, from.rank, from.seq, but, n + 1}, func(row scanner) error {
			var seq int64
			err := row.Scan(&end, &seq)
			seqs = append(seqs, seq)
			return err
		})
		if err != nil {
			return 0, err
		}
		if len(seqs) <= n { // the end of the line: there is room without end
			end = prev + int64(len(seqs)+2)*rankGap
		} else {
			seqs = seqs[:n]
		}
		step := (end - prev) / int64(len(seqs)+2)
		if step < leastStep {
			continue
		}
		for i, seq := range seqs {
			if err := t.exec(`UPDATE jobs SET rank = ? WHERE seq = ?`, prev+int64(i+2)*step, seq); err != nil {
				return 0, err
			}
		}
		return prev + step, nil
	}
}

// allBehind is the live jobs of a priority from a place on.
const allBehind = `SELECT rank, seq FROM (
		SELECT rank, seq FROM jobs INDEXED BY jobs_line WHERE state = 'queued' AND priority = ?1 AND (rank, seq) >= (?2, ?3) AND seq <> ?4
		UNION ALL
		SELECT rank, seq FROM jobs INDEXED BY jobs_running WHERE state = 'running' AND priority = ?1 AND (rank, seq) >= (?2, ?3) AND seq <> ?4)
	ORDER BY rank, seq LIMIT ?5`

// lastBefore is the last of those jobs of a priority that stand before a place
// and arrived before a number, firstBehind the first that stands behind one;
// nil when there is none. The job that is to be placed does not count, but one
// that runs does: it may come back to its place.
func lastBefore(t *tx, priority int, but int64, p place, arrived int64) (*place, error) {
	return neighbour(t, lastBeforeIs, priority, p.rank, p.seq, but, arrived)
}

func firstBehind(t *tx, priority int, but int64, p place) (*place, error) {
	return neighbour(t, firstBehindIs, priority, p.rank, p.seq, but)
}

const (
	lastBeforeIs = `SELECT rank, seq FROM (
			SELECT * FROM (SELECT rank, seq FROM jobs INDEXED BY jobs_line
				WHERE state = 'queued' AND priority = ?1 AND (rank, seq) < (?2, ?3) AND seq <> ?4 AND seq < ?5 ORDER BY rank DESC, seq DESC LIMIT 1)
			UNION ALL
			SELECT rank, seq FROM jobs INDEXED BY jobs_running
				WHERE state = 'running' AND priority = ?1 AND (rank, seq) < (?2, ?3) AND seq <> ?4 AND seq < ?5)
		ORDER BY rank DESC, seq DESC LIMIT 1`
	firstBehindIs = `SELECT rank, seq FROM (
			SELECT * FROM (SELECT rank, seq FROM jobs INDEXED BY jobs_line
				WHERE state = 'queued' AND priority = ?1 AND (rank, seq) > (?2, ?3) AND seq <> ?4 ORDER BY rank, seq LIMIT 1)
			UNION ALL
			SELECT rank, seq FROM jobs INDEXED BY jobs_running
				WHERE state = 'running' AND priority = ?1 AND (rank, seq) > (?2, ?3) AND seq <> ?4)
		ORDER BY rank, seq LIMIT 1`
)

func neighbour(t *tx, query string, args ...any) (*place, error) {
	var p place
	err := t.row(query, args, &p.rank, &p.seq)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	return &p, err
}

// lastRankOf is the highest rank of the live jobs of a priority, which is the
// first argument, and never below 0: who comes to the end of the line comes
// behind all of them.
const lastRankOf = `max(0,
	coalesce((SELECT rank FROM jobs INDEXED BY jobs_line WHERE state = 'queued' AND priority = ?1 ORDER BY rank DESC LIMIT 1), 0),
	coalesce((SELECT max(rank) FROM jobs INDEXED BY jobs_running WHERE state = 'running' AND priority = ?1), 0))`
