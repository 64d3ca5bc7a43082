package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
)

// Exported tells which job's file was written at a path, and its content's
// SHA-256; "" = none was. See export.Ledger.
func (s *Store) Exported(ctx context.Context, path string) (jobID, sum string, err error) {
	err = s.askOne(ctx, `SELECT job, sha256 FROM exports WHERE path = ?`, path).Scan(&jobID, &sum)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", nil
	}
	return jobID, sum, s.explain(err)
}

// SetExported remembers a file that is about to be written. See export.Ledger.
func (s *Store) SetExported(ctx context.Context, path, jobID, sum string) error {
	return s.write(ctx, later, func(t *tx) error {
		return t.exec(`INSERT INTO exports (path, job, sha256, written_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (path) DO UPDATE SET job = excluded.job, sha256 = excluded.sha256, written_at = excluded.written_at`,
			path, jobID, sum, s.now())
	})
}

// Outdated lists the ids of jobs whose texts were corrected after their files
// were written. A correction that was taken back leaves no trace of that.
func (s *Store) Outdated(ctx context.Context) (jobs []string, err error) {
	err = s.query(ctx, `SELECT DISTINCT jobs.id FROM edits JOIN jobs ON jobs.seq = edits.job
		JOIN exports ON exports.job = jobs.id WHERE exports.written_at < edits.edited_at`, nil, func(row scanner) error {
		var id string
		if err := row.Scan(&id); err != nil {
			return err
		}
		jobs = append(jobs, id)
		return nil
	})
	return jobs, err
}
