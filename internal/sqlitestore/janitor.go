package sqlitestore

import (
	"context"
	"time"
)

// EndedBefore lists jobs that ended before t and whose scratch folder is
// still there, the longest ended first. MarkSwept takes them off the list.
func (s *Store) EndedBefore(ctx context.Context, t time.Time, limit int) ([]string, error) {
	var ids []string
	err := s.query(ctx, `SELECT id FROM jobs INDEXED BY jobs_unswept
		WHERE finished_at > 0 AND swept = 0 AND finished_at < ? ORDER BY finished_at, seq LIMIT ?`, []any{t.UnixMilli(), limit},
		func(row scanner) error {
			var id string
			err := row.Scan(&id)
			ids = append(ids, id)
			return err
		})
	return ids, err
}

// MarkSwept says that the scratch folders of these jobs are gone.
func (s *Store) MarkSwept(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return s.write(ctx, later, func(t *tx) error {
		for _, id := range ids {
			if err := t.exec(`UPDATE jobs SET swept = 1 WHERE id = ? AND finished_at > 0`, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// UploadsInUse is the uploads that live jobs read, or jobs that ended at or
// after since have read.
func (s *Store) UploadsInUse(ctx context.Context, since time.Time) (map[string]bool, error) {
	used := map[string]bool{}
	err := s.query(ctx, `SELECT DISTINCT upload FROM jobs INDEXED BY jobs_uploads
		WHERE upload IS NOT NULL AND (finished_at = 0 OR finished_at >= ?)`, []any{since.UnixMilli()},
		func(row scanner) error {
			var id string
			err := row.Scan(&id)
			used[id] = true
			return err
		})
	if err != nil {
		return nil, err
	}
	return used, nil
}

// ForgetKeys drops idempotency keys that are older than Config.KeepKey and
// whose job has ended. It returns how many. That of a job that is deleted goes
// with it, however young: what it would lead to is not there any more.
func (s *Store) ForgetKeys(ctx context.Context) (int, error) {
	var n int64
	err := s.write(ctx, later, func(t *tx) (err error) {
		n, err = t.change(`DELETE FROM idempotency WHERE key IN (
				SELECT key FROM idempotency INDEXED BY idempotency_age WHERE created_at < ?)
			AND (SELECT finished_at FROM jobs WHERE seq = idempotency.job) > 0`, s.now()-s.cfg.KeepKey.Milliseconds())
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(n), nil
}
