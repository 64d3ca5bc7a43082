package sqlitestore

import (
	"context"
	"time"

	"sluice/internal/job"
)

// keepSamples is how far back the machine's history goes.
const keepSamples = 24 * time.Hour

// AppendSamples adds to the machine's history and drops what is too old. A
// sample is known by its time, in milliseconds: one that is already there
// stays as it is.
func (s *Store) AppendSamples(ctx context.Context, samples []job.Sample) error {
	if len(samples) == 0 {
		return nil
	}
	return s.write(ctx, later, func(t *tx) error {
		for _, p := range samples {
			err := t.exec(`INSERT INTO samples (at, level, free_percent, available, depth, running, engine) VALUES (?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (at) DO NOTHING`, p.At.UnixMilli(), p.Level, p.FreePercent, p.Available, p.Depth, p.Running, p.Engine)
			if err != nil {
				return err
			}
		}
		return t.exec(`DELETE FROM samples WHERE at < ?`, s.now()-keepSamples.Milliseconds())
	})
}

// Samples gives the machine's history from a time on, oldest first.
func (s *Store) Samples(ctx context.Context, since time.Time) ([]job.Sample, error) {
	var samples []job.Sample
	err := s.query(ctx, `SELECT at, level, free_percent, available, depth, running, engine FROM samples WHERE at >= ? ORDER BY at`,
		[]any{since.UnixMilli()}, func(row scanner) error {
			var p job.Sample
			var at int64
			err := row.Scan(&at, &p.Level, &p.FreePercent, &p.Available, &p.Depth, &p.Running, &p.Engine)
			p.At = moment(at)
			samples = append(samples, p)
			return err
		})
	return samples, err
}
