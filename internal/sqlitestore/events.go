package sqlitestore

import (
	"context"
	"time"

	"sluice/internal/job"
)

// Event is one transition of a job, as it was written with it.
type Event struct {
	Seq    int64
	At     time.Time
	Verb   string    // submit, take, settle, defer, release, cancel, recover, begin, finish
	From   job.State // "" for submit
	To     job.State
	Reason job.Reason
	Stage  job.Stage
	Token  int64
	Owner  string
	Code   string // of the failure, if it was one
}

// record writes the event of what was just done to a job: the job's columns
// are read as they are now.
func (s *Store) record(t *tx, seq int64, verb string, from job.State, code string) error {
	return t.exec(`INSERT INTO events (job, at, verb, from_state, to_state, reason, stage, token, owner, code)
		SELECT seq, ?, ?, ?, state, reason, stage, token, owner, ? FROM jobs WHERE seq = ?`,
		s.now(), verb, from, code, seq)
}

// History gives the events of a job, oldest first.
func (s *Store) History(ctx context.Context, id string) ([]Event, error) {
	if _, err := s.Get(ctx, id); err != nil {
		return nil, err
	}
	var events []Event
	err := s.query(ctx, `SELECT seq, at, verb, from_state, to_state, reason, stage, token, owner, code
		FROM events INDEXED BY events_job WHERE job = (SELECT seq FROM jobs WHERE id = ?) ORDER BY seq`, []any{id},
		func(row scanner) error {
			var e Event
			var at int64
			err := row.Scan(&e.Seq, &at, &e.Verb, &e.From, &e.To, &e.Reason, &e.Stage, &e.Token, &e.Owner, &e.Code)
			e.At = moment(at)
			events = append(events, e)
			return err
		})
	return events, err
}
