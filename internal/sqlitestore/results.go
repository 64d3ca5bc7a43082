package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"sluice/internal/job"
	"sluice/internal/transcript"
)

// SaveTranscript stores the whole transcript. See pipeline.Checkpoints. From
// then on it is found by a search.
func (s *Store) SaveTranscript(ctx context.Context, lease job.Lease, tr transcript.Transcript, warnings []job.Warning) error {
	tr.Complete = true
	body, err := pack(tr)
	if err != nil {
		return err
	}
	words, err := orNull(warnings, len(warnings) > 0)
	if err != nil {
		return err
	}
	texts := textsOf(tr.Segments)
	return s.fenced(ctx, lease, func(t *tx, h holding) error {
		err := t.exec(`INSERT INTO transcripts (job, language, body, created_at, indexed) VALUES (?, ?, ?, ?, 1)
			ON CONFLICT (job) DO UPDATE SET language = excluded.language, body = excluded.body, created_at = excluded.created_at, indexed = 1`,
			h.seq, tr.Language, body, s.now())
		if err != nil {
			return err
		}
		if err := forgetSegments(t, h.seq); err != nil {
			return err
		}
		if err := addSegments(t, h.seq, 0, texts); err != nil {
			return err
		}
		if err := sayCorrected(t, h.seq, tr); err != nil {
			return err
		}
		return t.exec(`UPDATE jobs SET warnings = ? WHERE seq = ?`, words, h.seq)
	})
}

// SaveTranslation stores a translation, as far as it is. See pipeline.Checkpoints.
func (s *Store) SaveTranslation(ctx context.Context, lease job.Lease, tr transcript.Transcript, lines job.Lines, warnings []job.Warning) error {
	if tr.Language == "" {
		return errors.New("save translation: no language")
	}
	body, err := pack(tr)
	if err != nil {
		return err
	}
	return s.fenced(ctx, lease, func(t *tx, h holding) error {
		err := t.exec(`INSERT INTO translations (job, language, complete, body, created_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (job, language) DO UPDATE SET complete = excluded.complete, body = excluded.body, created_at = excluded.created_at`,
			h.seq, tr.Language, tr.Complete, body, s.now())
		if err != nil {
			return err
		}
		return assess(t, h.seq, warnings, func(q *job.Quality) {
			if q.Lines == nil {
				q.Lines = map[string]job.Lines{}
			}
			q.Lines[tr.Language] = lines
		})
	})
}

// SaveSummary stores the summary, or that there is none. See
// pipeline.Checkpoints.
func (s *Store) SaveSummary(ctx context.Context, lease job.Lease, sum *transcript.Summary, coveragePercent int, warnings []job.Warning) error {
	var body []byte
	var coverage *int
	if sum != nil {
		var err error
		if body, err = pack(sum); err != nil {
			return err
		}
	}
	if sum != nil || coveragePercent > 0 {
		coverage = &coveragePercent
	}
	return s.fenced(ctx, lease, func(t *tx, h holding) error {
		err := t.exec(`INSERT INTO summaries (job, body, created_at) VALUES (?, ?, ?)
			ON CONFLICT (job) DO UPDATE SET body = excluded.body, created_at = excluded.created_at`, h.seq, body, s.now())
		if err != nil {
			return err
		}
		return assess(t, h.seq, warnings, func(q *job.Quality) { q.Coverage = coverage })
	})
}

// Warn adds warnings to those of the job. See pipeline.Checkpoints.
func (s *Store) Warn(ctx context.Context, lease job.Lease, warnings []job.Warning) error {
	return s.fenced(ctx, lease, func(t *tx, h holding) error {
		return assess(t, h.seq, warnings, func(*job.Quality) {})
	})
}

// assess changes what is said about a job's result, and adds warnings. One that
// is there already is not said twice: a stage may have been cut off right after
// it had said it.
func assess(t *tx, seq int64, more []job.Warning, change func(*job.Quality)) error {
	var was struct{ warnings, quality sql.NullString }
	if err := t.row(`SELECT warnings, quality FROM jobs WHERE seq = ?`, []any{seq}, &was.warnings, &was.quality); err != nil {
		return err
	}
	var all []job.Warning
	if err := fromJSON(was.warnings.String, &all); err != nil {
		return err
	}
	for _, w := range more {
		if !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	var q job.Quality
	if err := fromJSON(was.quality.String, &q); err != nil {
		return err
	}
	change(&q)
	warnings, err := orNull(all, len(all) > 0)
	if err != nil {
		return err
	}
	quality, err := orNull(q, len(q.Lines) > 0 || q.Coverage != nil)
	if err != nil {
		return err
	}
	return t.exec(`UPDATE jobs SET warnings = ?, quality = ? WHERE seq = ?`, warnings, quality, seq)
}

// dropDerived forgets what was made from a transcript that is not the job's any
// more.
func dropDerived(t *tx, seq int64) error {
	for _, statement := range []string{
		`DELETE FROM translations WHERE job = ?`,
		`DELETE FROM summaries WHERE job = ?`,
		`UPDATE jobs SET quality = NULL WHERE seq = ? AND quality IS NOT NULL`,
	} {
		if err := t.exec(statement, seq); err != nil {
			return err
		}
	}
	return nil
}

// heardAnew forgets the same when a transcript is finished that was made from
// other inputs than the job's last one: it may have been found, so that nobody
// worked on it for this job.
func heardAnew(t *tx, seq int64, key string) error {
	var last string
	err := t.row(`SELECT key FROM stage_runs INDEXED BY stage_runs_job WHERE job = ? AND stage = ? AND key IS NOT NULL ORDER BY seq DESC LIMIT 1`,
		[]any{seq, job.Transcribe}, &last)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil || last == key:
		return err
	}
	return dropDerived(t, seq)
}
