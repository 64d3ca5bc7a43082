package sqlitestore

import (
	"context"
	"time"

	"sluice/internal/job"
)

// keepSamples is how many samples the machine's history has: those of a day,
// six in a minute, and some to spare for the short ones that a sleep or a
// restart leaves.
const keepSamples = 9000

// clockSlack is how much later than now a sample may be: clocks are put right
// by a second now and then.
const clockSlack = time.Minute

// AppendSamples adds to the machine's history and drops what is too much. A
// sample is known by its time, in milliseconds: one that is already there
// stays as it is.
//
// What comes after now is from a time when the clock was wrong, and goes. What
// is old goes by number and not by age: by a clock that is ahead for once, all
// there is would be old, while by number each wrong sample costs one old one.
func (s *Store) AppendSamples(ctx context.Context, samples []job.Sample) error {
	if len(samples) == 0 {
		return nil
	}
	return s.explain(s.writer.do(ctx, later, func(t *tx) error {
		for _, p := range samples {
			err := t.exec(`INSERT INTO samples (at, level, free_percent, available, depth, running, engine) VALUES (?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (at) DO NOTHING`, p.At.UnixMilli(), p.Level, p.FreePercent, p.Available, p.Depth, p.Running, p.Engine)
			if err != nil {
				return err
			}
		}
		if err := t.exec(`DELETE FROM samples WHERE at > ?`, s.now()+clockSlack.Milliseconds()); err != nil {
			return err
		}
		return t.exec(`DELETE FROM samples WHERE at <= (SELECT at FROM samples ORDER BY at DESC LIMIT 1 OFFSET ?)`, keepSamples)
	}))
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
