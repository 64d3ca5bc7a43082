package sqlitestore

import (
	"context"
	"errors"
	"strings"
	"time"

	"sluice/internal/job"
	"sluice/internal/queue"
)

// HoldWriter keeps the writer busy until release, so that ops pile up behind it.
func (s *Store) HoldWriter() (release func()) {
	begun, gate, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_ = s.write(context.Background(), first, func(*tx) error {
			close(begun)
			<-gate
			return errors.New("only held the writer")
		})
	}()
	<-begun
	return func() {
		close(gate)
		<-done
	}
}

// Waiting is how many ops are piled up.
func (s *Store) Waiting() int {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return len(s.writer.queues[first]) + len(s.writer.queues[later])
}

// Fill adds so many queued jobs at once, past Submit but through all triggers.
// They are in line behind those that are there, and wait for this reason.
func (s *Store) Fill(ctx context.Context, jobs int, r job.Reason) error {
	w := newWaiting(job.Wait{Reason: r})
	const most = 50_000 // in one transaction
	for ; jobs > 0; jobs -= most {
		err := s.write(ctx, later, func(t *tx) error {
			err := t.exec(`WITH RECURSIVE n (seq) AS (
					SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'jobs'), 0) + 1
					UNION ALL SELECT seq + 1 FROM n LIMIT ?)
				INSERT INTO jobs (seq, id, state, reason, ready_at, priority, rank, title, title_folded, source, model, options, identity, stage, created_at, duration_ms)
				SELECT seq, printf('%026d', seq), 'queued', ?, ?, 0, seq * ?, 'talk ' || seq, 'talk ' || seq,
					json_object('kind', 'path', 'path', '/media/talk ' || seq || '.mp4', 'name', 'talk ' || seq || '.mp4', 'size', seq, 'mod_time', '2024-01-01T00:00:00Z'),
					'tiny', json_object('language', 'auto', 'model', 'tiny', 'reuse', json('true')), printf('%064d', seq), 'extract', ?, 60000 FROM n`,
				min(jobs, most), w.reason, w.readyAt, rankGap, s.now())
			if err != nil {
				return err
			}
			return t.exec(`INSERT INTO events (job, at, verb, from_state, to_state, reason, stage)
				SELECT seq, created_at, 'submit', '', state, reason, stage FROM jobs WHERE seq > coalesce((SELECT max(job) FROM events), 0)`)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Plans tells how SQLite carries out the queries that a long line must not
// make slow.
func (s *Store) Plans(ctx context.Context) (map[string]string, error) {
	line := queue.Filter{State: job.Queued, Order: queue.ByLine}
	page := selection(line, &cursor{Priority: 0, Rank: 1, Seq: 1})
	return s.explained(ctx, map[string]statement{
		"next":              {nextReady, []any{0}},
		"ready at":          {firstDue, []any{never}},
		"position":          {positionOf, []any{"", 1}},
		"ready around":      {readyAround, []any{"", 1}},
		"ahead from front":  {aheadFromFront, []any{0, 1, 1, 0}},
		"ahead from behind": {aheadFromBehind, []any{0, 1, 1, 0}},
		"next page":         {page.text + limitText, append(page.args, 1)},
		"last before":       {lastBeforeIs, []any{0, 1, 1, 1, 1}},
		"first behind":      {firstBehindIs, []any{0, 1, 1, 1}},
		"those behind":      {allBehind, []any{0, 1, 1, 1, 9}},
		"around a place":    {aroundPlace, []any{0, 1, 1, 1}},
	})
}

// ListPlans tells the same of lists: of pages, and of how a place is found.
func (s *Store) ListPlans(ctx context.Context) (pages, places map[string]string, err error) {
	lists, jumps := map[string]statement{}, map[string]statement{}
	for name, f := range map[string]queue.Filter{
		"line":   {Order: queue.ByLine, State: job.Queued},
		"ended":  {Order: queue.ByEnd},
		"done":   {Order: queue.ByEnd, State: job.Done},
		"all":    {Order: queue.ByArrival},
		"failed": {Order: queue.ByArrival, State: job.Failed},
	} {
		front, behind := nth(f)
		page := selection(f, &cursor{Ended: 1, Seq: 1})
		jumps[name+" from the front"] = statement{front.text, append(front.args, 1)}
		jumps[name+" from the end"] = statement{behind.text, append(behind.args, 1)}
		lists[name] = statement{page.text + limitText, append(page.args, 1)}
	}
	if pages, err = s.explained(ctx, lists); err != nil {
		return nil, nil, err
	}
	places, err = s.explained(ctx, jumps)
	return pages, places, err
}

func (s *Store) explained(ctx context.Context, queries map[string]statement) (map[string]string, error) {
	plans := map[string]string{}
	for name, q := range queries {
		var lines []string
		err := s.query(ctx, `EXPLAIN QUERY PLAN `+q.text, q.args, func(row scanner) error {
			var id, parent, unused int
			var line string
			err := row.Scan(&id, &parent, &unused, &line)
			lines = append(lines, line)
			return err
		})
		if err != nil {
			return nil, err
		}
		plans[name] = strings.Join(lines, "\n")
	}
	return plans, nil
}

// Writes is how many ops were handed to the writer.
func (s *Store) Writes() int64 { return s.writes.Load() }

// Version is the schema's.
const Version = version

// LastEvent is the number of a job's newest event, among those of all jobs.
func (s *Store) LastEvent(ctx context.Context, id string) (n int64, err error) {
	err = s.reads.QueryRowContext(ctx, `SELECT max(seq) FROM events WHERE job = (SELECT seq FROM jobs WHERE id = ?)`, id).Scan(&n)
	return n, err
}

// NotRead says whether a finding is about the disk and not about the file.
func NotRead(finding string) bool { return notRead(finding) }

// WaitingAlone is how many ops that have the writer for themselves are piled up.
func (s *Store) WaitingAlone() int {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return len(s.writer.alone)
}

// FillEnded adds so many jobs that ended in the time until now, evenly: past
// Submit, with what a worker would have written.
func (s *Store) FillEnded(ctx context.Context, jobs int, over time.Duration) error {
	if err := s.Fill(ctx, jobs, job.Turn); err != nil {
		return err
	}
	now, apart := s.now(), over.Milliseconds()/int64(jobs)
	return s.write(ctx, later, func(t *tx) error {
		for _, q := range []statement{
			{`UPDATE jobs SET state = iif(seq % 100 = 0, 'failed', 'done'), reason = '', created_at = ?1 - (?3 - seq) * ?2 - 1,
				started_at = ?1 - (?3 - seq) * ?2, finished_at = ?1 - (?3 - seq) * ?2`, []any{now, apart, jobs}},
			{`UPDATE events SET at = (SELECT created_at FROM jobs WHERE seq = events.job)`, nil},
			{`INSERT INTO events (job, at, verb, from_state, to_state, reason) SELECT seq, created_at, 'defer', 'queued', 'queued', 'memory' FROM jobs WHERE seq % 10 = 0`, nil},
			{`INSERT INTO events (job, at, verb, from_state, to_state) SELECT seq, started_at, 'take', 'queued', 'running' FROM jobs`, nil},
			{`INSERT INTO stage_runs (job, stage, started_at, finished_at) SELECT seq, 'extract', started_at, finished_at FROM jobs ORDER BY seq`, nil},
			{`INSERT INTO stage_runs (job, stage, started_at, finished_at) SELECT seq, 'transcribe', started_at, finished_at FROM jobs ORDER BY seq`, nil},
			{`INSERT INTO events (job, at, verb, from_state, to_state, code)
				SELECT seq, finished_at, 'settle', 'running', state, iif(state = 'failed', 'file_damaged', '') FROM jobs`, nil},
		} {
			if err := t.exec(q.text, q.args...); err != nil {
				return err
			}
		}
		return nil
	})
}
