package sqlitestore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
	"golang.org/x/text/unicode/norm"

	"sluice/internal/disk"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// rankGap leaves room between neighbours for jobs that are moved there.
const rankGap = 1024

// Submit adds the drafts in order, all or none. See queue.Inbox.
func (s *Store) Submit(ctx context.Context, drafts []job.Draft) ([]queue.Accepted, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	if free, err := disk.Free(filepath.Dir(s.cfg.Path)); err == nil && free < s.cfg.MinFree {
		return nil, fault.New(fault.DiskFull, fmt.Sprintf("The disk has %s free, and %s are to stay free.",
			job.FormatBytes(free), job.FormatBytes(s.cfg.MinFree)), nil)
	}
	var accepted []queue.Accepted
	err := s.write(ctx, later, func(t *tx) error {
		out := make([]queue.Accepted, 0, len(drafts))
		var paused bool
		if err := t.row(`SELECT paused FROM line`, nil, &paused); err != nil {
			return fmt.Errorf("read pause: %w", err)
		}
		for i := range drafts {
			a, err := s.accept(t, &drafts[i])
			if err != nil {
				return fmt.Errorf("submit: %w", err)
			}
			a.Paused = paused
			out = append(out, a)
		}
		accepted = out
		return nil
	})
	if err != nil {
		return nil, err
	}
	return accepted, nil
}

func (s *Store) accept(t *tx, d *job.Draft) (queue.Accepted, error) {
	if err := checkPriority(d.Priority); err != nil {
		return queue.Accepted{}, err
	}
	existing, err := known(t, d)
	if err != nil {
		return queue.Accepted{}, err
	}
	if existing != 0 {
		j, err := s.bySeq(t, existing)
		return queue.Accepted{Job: j, Existing: true}, err
	}
	return s.insert(t, d)
}

// known finds the job that a draft asks for again; 0 is none. A request with
// a key of its own is never taken for somebody else's.
func known(t *tx, d *job.Draft) (seq int64, err error) {
	switch {
	case d.Key != "":
		var body string
		err = t.row(`SELECT body, job FROM idempotency WHERE key = ?`, []any{d.Key}, &body, &seq)
		if err == nil && body != d.KeyBody {
			return 0, fault.New(fault.IdempotencyReused, "The Idempotency-Key was used before, with another request.", nil)
		}
	case d.Identity != "":
		err = t.row(`SELECT seq FROM jobs INDEXED BY jobs_identity
			WHERE identity = ? AND state IN ('queued', 'running') ORDER BY seq LIMIT 1`, []any{d.Identity}, &seq)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return seq, err
}

// insert puts a new job at the end of its priority's line. Where that is takes
// no walk along the line when few are of a lower one.
func (s *Store) insert(t *tx, d *job.Draft) (a queue.Accepted, err error) {
	now := s.now()
	id, err := s.ids.next(now)
	if err != nil {
		return queue.Accepted{}, err
	}
	source, err := toJSON(d.Source)
	if err != nil {
		return queue.Accepted{}, err
	}
	options, err := toJSON(d.Options)
	if err != nil {
		return queue.Accepted{}, err
	}
	metadata, err := orNull(d.Metadata, len(d.Metadata) > 0)
	if err != nil {
		return queue.Accepted{}, err
	}
	language, err := languageWork(queue.LoadOf(d.Options, 0))
	if err != nil {
		return queue.Accepted{}, err
	}
	// Behind those that were moved to the back, too.
	var seq, rank int64
	var queued, behind int
	err = t.row(`SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'jobs'), 0) + 1, `+lastRankOf+`,
			(SELECT n FROM counters WHERE state = 'queued'),
			(SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_line WHERE state = 'queued' AND priority < ?1 LIMIT ?2))`,
		[]any{d.Priority, nearEnough + 1}, &seq, &rank, &queued, &behind)
	if err != nil {
		return queue.Accepted{}, err
	}
	if behind <= nearEnough {
		a.Place = queued - behind + 1
	}
	rank = max(rank+rankGap, seq*rankGap)
	w := newWaiting(d.Wait)
	err = t.one(`INSERT INTO jobs (seq, id, state, reason, reason_text, until, ready_at, priority, rank, title, title_folded,
			source, upload, model, language_work, options, metadata, identity, keyed, stage, created_at)
		VALUES (?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''), ?, ?, ?, ?, nullif(?, ''), ?, ?, ?) RETURNING `+jobColumns, []any{
		seq, id, w.reason, w.text, w.until, w.readyAt, d.Priority, rank, d.Title, fold(d.Title),
		source, d.Source.Upload, d.Options.Model, language, options, metadata, d.Identity, d.Key != "", job.Stages()[0], now,
	}, func(row scanner) error {
		a.Job, err = scanJob(row, now)
		return err
	})
	if err != nil {
		return queue.Accepted{}, err
	}
	if d.Key != "" {
		err = t.exec(`INSERT INTO idempotency (key, body, job, created_at) VALUES (?, ?, ?, ?)`, d.Key, d.KeyBody, seq, now)
		if err != nil {
			return queue.Accepted{}, err
		}
	}
	return a, s.record(t, seq, job.VerbSubmit, "", "")
}

// fold is how titles and what is looked for in them are compared. A Mac's
// file names come decomposed; people type composed letters.
func fold(text string) string { return strings.ToLower(norm.NFC.String(text)) }

// idSource makes ids that sort by time and, within a millisecond, by order.
type idSource struct{ entropy *ulid.MonotonicEntropy }

func newIDSource() *idSource { return &idSource{ulid.Monotonic(rand.Reader, 0)} }

func (s *idSource) next(ms int64) (string, error) {
	id, err := ulid.New(ulid.Timestamp(time.UnixMilli(ms)), s.entropy)
	return id.String(), err
}
