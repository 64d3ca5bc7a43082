package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"sluice/internal/job"
	"sluice/internal/queue"
)

// fade is what is left of the past when a new run is added to a pace: after
// three more runs of the same length an old one counts half.
const fade = 0.8

// A run that is so many times slower or faster than an established pace tells
// of something else than the machine's speed: a process that was stopped for an
// hour, or a clip so short that loading the model is all of the work. Two in a
// row that are alike are believed.
const (
	farOff      = 8 // times
	alike       = 2 // times
	established = 3 // runs
)

// pace is a row of paces: sums over past runs.
type pace struct {
	runs        int
	work, media float64 // milliseconds
	odd         float64 // ratio of the newest run, when it was far off; else 0
}

// with is the pace once a run is known, too.
func (p pace) with(work, media float64) pace {
	ratio, odd := work/media, p.odd
	p.odd = 0
	if p.runs >= established && apart(ratio, p.work/p.media) > farOff {
		p.odd = ratio
		if odd == 0 || apart(ratio, odd) > alike {
			return p
		}
	}
	p.runs++
	p.work, p.media = p.work*fade+work, p.media*fade+media
	return p
}

// apart is how many times the larger of two ratios is the smaller.
func apart(a, b float64) float64 { return max(a/b, b/a) }

// learn adds the run of a stage that is just finishing to the stage's pace. A
// run tells how fast the machine is only when it did the whole work of its
// stage: begun, the job's only one, not resumed, for media of known length. How
// long it took is for the one to say who did the work: the times in its row are
// the wall clock's, which goes on while the machine sleeps. A translation is
// reckoned for each language.
func (s *Store) learn(t *tx, seq int64, o job.Options, stage job.Stage, took time.Duration) error {
	if took <= 0 {
		return nil
	}
	var media float64 // milliseconds
	err := t.row(`SELECT j.duration_ms
		FROM stage_runs r INDEXED BY stage_runs_job JOIN jobs j ON j.seq = r.job
		WHERE r.job = ? AND r.stage = ? AND r.finished_at = 0 AND r.resumed = 0 AND j.duration_ms > 0
			AND (SELECT count(*) FROM stage_runs INDEXED BY stage_runs_job WHERE job = r.job AND stage = r.stage) = 1`,
		[]any{seq, stage}, &media)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	load := queue.LoadOf(o, int64(media))
	work, model := float64(took)/float64(time.Millisecond), ""
	switch stage {
	case job.Extract:
	case job.Transcribe:
		model = load.Model
	case job.Translate:
		work, model = work/float64(max(load.Languages, 1)), load.LLMModel
	case job.Summarize:
		model = load.LLMModel
	case job.Deliver:
		return nil // of a moment
	}
	if model == "" && stage != job.Extract {
		return nil
	}
	var p pace
	err = t.row(`SELECT runs, work_ms, media_ms, odd FROM paces WHERE stage = ? AND model = ?`, []any{stage, model}, &p.runs, &p.work, &p.media, &p.odd)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	p = p.with(work, media)
	return t.exec(`INSERT OR REPLACE INTO paces (stage, model, runs, work_ms, media_ms, odd, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		stage, model, p.runs, p.work, p.media, p.odd, s.now())
}

// Paces tells how fast stages have been. See queue.Reader.
func (s *Store) Paces(ctx context.Context) ([]queue.Pace, error) {
	var paces []queue.Pace
	err := s.query(ctx, `SELECT stage, model, work_ms / media_ms FROM paces ORDER BY stage, model`, nil, func(row scanner) error {
		var p queue.Pace
		err := row.Scan(&p.Stage, &p.Model, &p.Ratio)
		paces = append(paces, p)
		return err
	})
	return paces, err
}
