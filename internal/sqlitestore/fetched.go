package sqlitestore

import (
	"context"

	"sluice/internal/job"
)

// SetSource replaces a job's source and title. See pipeline.Checkpoints. The
// counters start anew when another content is known than before.
func (s *Store) SetSource(ctx context.Context, lease job.Lease, source job.Source, title string) error {
	text, err := toJSON(source)
	if err != nil {
		return err
	}
	return s.fenced(ctx, lease, func(t *tx, h holding) error {
		var known string
		err := t.row(`SELECT coalesce(json_extract(source, '$.fingerprint'), '') FROM jobs WHERE seq = ?`, []any{h.seq}, &known)
		if err != nil {
			return err
		}
		if known != source.Fingerprint {
			if err := forgive(t, h.seq); err != nil {
				return err
			}
		}
		err = t.exec(`UPDATE jobs SET source = ?, title = ?, title_folded = ? WHERE seq = ?`, text, title, fold(title), h.seq)
		if err != nil {
			return err
		}
		// Titles that are not among the words yet get there with the others.
		return t.exec(`INSERT OR REPLACE INTO words (rowid, text)
			SELECT seq << 20 | 1048575, title_folded || char(10) || coalesce(json_extract(source, '$.name'), '')
			FROM jobs WHERE seq = ? AND seq <= (SELECT titles FROM indexing)`, h.seq)
	})
}
