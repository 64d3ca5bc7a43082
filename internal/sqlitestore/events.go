package sqlitestore

import (
	"context"

	"sluice/internal/job"
)

// record writes the event of what was just done to a job: the job's columns
// are read as they are now.
func (s *Store) record(t *tx, seq int64, verb job.Verb, from job.State, code string) error {
	return t.exec(`INSERT INTO events (job, at, verb, from_state, to_state, reason, stage, token, owner, code)
		SELECT seq, ?, ?, ?, state, reason, stage, token, owner, ? FROM jobs WHERE seq = ?`,
		s.now(), verb, from, code, seq)
}

// History lists the events of a job. See queue.Reader.
func (s *Store) History(ctx context.Context, id string) ([]job.Event, error) {
	var events []job.Event
	err := s.query(ctx, `SELECT at, verb, from_state, to_state, reason, stage, token, owner, code
		FROM events INDEXED BY events_job WHERE job = (SELECT seq FROM jobs WHERE id = ?) ORDER BY seq`, []any{id},
		func(row scanner) error {
			var e job.Event
			var at int64
			err := row.Scan(&at, &e.Verb, &e.From, &e.To, &e.Reason, &e.Stage, &e.Token, &e.Owner, &e.Code)
			e.At = moment(at)
			events = append(events, e)
			return err
		})
	if err == nil && len(events) == 0 { // its submit is an event, so there is no job
		_, err = s.Get(ctx, id)
	}
	return events, err
}
