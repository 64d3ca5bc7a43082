package sqlitestore

import (
	"context"
	"strconv"

	"sluice/internal/job"
)

// Notices lists what people must be told until they have seen it, the oldest
// first.
func (s *Store) Notices(ctx context.Context) ([]job.Notice, error) {
	var notices []job.Notice
	err := s.query(ctx, `SELECT id, at, code, text, hint FROM notices ORDER BY id`, nil, func(row scanner) error {
		var n job.Notice
		var id, at int64
		err := row.Scan(&id, &at, &n.Code, &n.Text, &n.Hint)
		n.ID, n.At = strconv.FormatInt(id, 10), moment(at)
		notices = append(notices, n)
		return err
	})
	return notices, err
}

// Dismiss removes a notice that was seen. One that is not there is no error:
// two views may show it.
func (s *Store) Dismiss(ctx context.Context, id string) error {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil //nolint:nilerr // no notice has such an id
	}
	return s.write(ctx, later, func(t *tx) error {
		return t.exec(`DELETE FROM notices WHERE id = ?`, n)
	})
}
