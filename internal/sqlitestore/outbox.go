package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// What is to be delivered is written by a trigger of the table of jobs, in the
// transaction that ends a job: see migrations/5.sql.

const deliveryColumns = `d.id, (SELECT id FROM jobs WHERE seq = d.job), d.event, d.url, d.state, d.attempts, d.since, d.next_at,
	d.last_status, d.last_error, d.created_at, d.tried_at, d.delivered_at`

func scanDelivery(row scanner) (job.Delivery, error) {
	var d job.Delivery
	var since, next, created, tried, delivered int64
	err := row.Scan(&d.ID, &d.JobID, &d.Event, &d.URL, &d.State, &d.Attempts, &since, &next,
		&d.LastStatus, &d.LastError, &created, &tried, &delivered)
	d.Since, d.CreatedAt, d.TriedAt, d.DeliveredAt = moment(since), moment(created), moment(tried), moment(delivered)
	if d.State == job.DeliveryPending {
		d.NextAt = moment(next)
	}
	d.To = job.ShownURL(d.URL)
	return d, err
}

// mostDue bounds how many receivers one look at what is due tells of.
const mostDue = 100

// dueDeliveries: the oldest of each receiver, so that one that is slow, or far
// behind, is no reason for others to wait.
const dueDeliveries = `SELECT ` + deliveryColumns + ` FROM deliveries AS d WHERE d.rowid IN (
	SELECT min(rowid) FROM deliveries INDEXED BY deliveries_due WHERE state = 'pending' AND next_at <= ? GROUP BY url)
	ORDER BY d.next_at, d.rowid LIMIT ?`

// DueDeliveries gives what is to be sent now. See delivery.Outbox.
func (s *Store) DueDeliveries(ctx context.Context) ([]job.Delivery, error) {
	return s.deliveries(ctx, dueDeliveries, s.now(), mostDue)
}

// NextDelivery is when the next one falls due. See delivery.Outbox.
func (s *Store) NextDelivery(ctx context.Context) (time.Time, error) {
	var at sql.NullInt64
	err := s.askOne(ctx, `SELECT min(next_at) FROM deliveries INDEXED BY deliveries_next WHERE state = 'pending' AND next_at > ?`, s.now()).Scan(&at)
	return moment(at.Int64), s.explain(err)
}

// DeliveryBody is the message that was put together. See delivery.Outbox.
func (s *Store) DeliveryBody(ctx context.Context, id string) ([]byte, error) {
	var body []byte
	err := s.askOne(ctx, `SELECT body FROM deliveries WHERE id = ?`, id).Scan(&body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, job.ErrDeliveryUnknown
	case err != nil:
		return nil, s.explain(err)
	case body == nil:
		return nil, nil
	}
	return inflate(body)
}

// KeepDeliveryBody stores the message. See delivery.Outbox.
func (s *Store) KeepDeliveryBody(ctx context.Context, id string, body []byte) error {
	small, err := deflate(body)
	if err != nil {
		return err
	}
	return s.write(ctx, later, func(t *tx) error {
		return oneDelivery(t.change(`UPDATE deliveries SET body = ? WHERE id = ? AND state = 'pending'`, small, id))
	})
}

// RecordDelivery stores the outcome of an attempt. See delivery.Outbox.
func (s *Store) RecordDelivery(ctx context.Context, id string, tried job.Tried) error {
	return s.write(ctx, later, func(t *tx) error {
		now := s.now()
		delivered := int64(0)
		if tried.State == job.DeliveryDelivered {
			delivered = now
		}
		return oneDelivery(t.change(`UPDATE deliveries SET state = ?, attempts = attempts + 1, next_at = ?, last_status = ?, last_error = ?,
				tried_at = ?, delivered_at = iif(? > 0, ?, delivered_at), body = iif(? > 0, NULL, body)
			WHERE id = ? AND state = 'pending'`,
			tried.State, millis(tried.NextAt), tried.Status, tried.Error, now, delivered, delivered, delivered, id))
	})
}

// Redeliver has a delivery sent now, whatever became of it, with its id and a
// new day of attempts. The error is job.ErrDeliveryUnknown for one that is gone.
func (s *Store) Redeliver(ctx context.Context, id string) (job.Delivery, error) {
	var d job.Delivery
	err := s.write(ctx, first, func(t *tx) error {
		now := s.now()
		err := oneDelivery(t.change(`UPDATE deliveries SET state = 'pending', attempts = 0, since = ?, next_at = ? WHERE id = ?`, now, now, id))
		if err != nil {
			return err
		}
		return t.one(`SELECT `+deliveryColumns+` FROM deliveries AS d WHERE d.id = ?`, []any{id}, func(row scanner) error {
			d, err = scanDelivery(row)
			return err
		})
	})
	return d, err
}

// Deliveries lists them, the newest first. Fault request_invalid: a limit
// outside 0..500.
func (s *Store) Deliveries(ctx context.Context, f job.DeliveryFilter) ([]job.Delivery, error) {
	const usual, most = 50, 500
	if f.Limit < 0 || f.Limit > most {
		return nil, fault.New(fault.RequestInvalid, fmt.Sprintf("The limit is not between 0 and %d.", most), nil)
	}
	if f.Limit == 0 {
		f.Limit = usual
	}
	query, args := `SELECT `+deliveryColumns+` FROM deliveries AS d WHERE TRUE`, []any{}
	if f.JobID != "" {
		query, args = query+` AND d.job = (SELECT seq FROM jobs WHERE id = ?)`, append(args, f.JobID)
	}
	if f.State != "" {
		query, args = query+` AND d.state = ?`, append(args, f.State)
	}
	if f.Before != "" {
		query, args = query+` AND d.rowid < (SELECT rowid FROM deliveries WHERE id = ?)`, append(args, f.Before)
	}
	return s.deliveries(ctx, query+` ORDER BY d.rowid DESC LIMIT ?`, append(args, f.Limit)...)
}

func (s *Store) deliveries(ctx context.Context, query string, args ...any) ([]job.Delivery, error) {
	var found []job.Delivery
	err := s.query(ctx, query, args, func(row scanner) error {
		d, err := scanDelivery(row)
		found = append(found, d)
		return err
	})
	return found, err
}

// oneDelivery says so when there was none to change.
func oneDelivery(n int64, err error) error {
	if err == nil && n == 0 {
		return job.ErrDeliveryUnknown
	}
	return err
}
