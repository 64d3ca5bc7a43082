package sqlitestore

import (
	"context"

	"sluice/internal/job"
	"sluice/internal/queue"
)

// fade is what is left of the past when a new run is added to a pace: after
// three more runs of the same length an old one counts half.
const fade = 0.8

// learn adds the run of a stage that is just finishing to the stage's pace. A
// run tells how fast the machine is only when it did the whole work of its
// stage: begun, the job's only one, not resumed, for media of known length.
func (s *Store) learn(t *tx, seq int64, stage job.Stage) error {
	now := s.now()
	return t.exec(`INSERT INTO paces (stage, model, work_ms, media_ms, updated_at)
		SELECT r.stage, iif(r.stage = ?, '', j.model), ? - r.started_at, j.duration_ms, ?
			FROM stage_runs r INDEXED BY stage_runs_job JOIN jobs j ON j.seq = r.job
			WHERE r.job = ? AND r.stage = ? AND r.finished_at = 0 AND r.resumed = 0 AND r.started_at <= ?
				AND j.duration_ms > 0 AND (r.stage = ? OR j.model <> '')
				AND (SELECT count(*) FROM stage_runs INDEXED BY stage_runs_job WHERE job = r.job AND stage = r.stage) = 1
		ON CONFLICT (stage, model) DO UPDATE SET work_ms = work_ms * ? + excluded.work_ms, media_ms = media_ms * ? + excluded.media_ms,
			updated_at = excluded.updated_at`,
		job.Extract, now, now, seq, stage, now, job.Extract, fade, fade)
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
