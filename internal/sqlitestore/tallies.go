package sqlitestore

import (
	"context"

	"sluice/internal/job"
)

// Reasons gives the number of queued jobs by the reason why they are not next.
// Those whose turn it is not yet are left out: an index holds the others.
func (s *Store) Reasons(ctx context.Context) (map[job.Reason]int, error) {
	return tally[job.Reason](ctx, s, `SELECT reason, COUNT(*) FROM jobs INDEXED BY jobs_waiting
		WHERE state = 'queued' AND reason <> 'turn' GROUP BY reason`)
}

// Messages gives the number of webhook messages by state.
func (s *Store) Messages(ctx context.Context) (map[job.DeliveryState]int, error) {
	counts, err := tally[job.DeliveryState](ctx, s, `SELECT state, COUNT(*) FROM deliveries INDEXED BY deliveries_state GROUP BY state`)
	if err != nil {
		return nil, err
	}
	for _, state := range []job.DeliveryState{job.DeliveryPending, job.DeliveryDelivered, job.DeliveryParked} {
		counts[state] += 0
	}
	return counts, nil
}

func tally[K ~string](ctx context.Context, s *Store, query string) (map[K]int, error) {
	counts := map[K]int{}
	err := s.query(ctx, query, nil, func(row scanner) error {
		var key K
		var n int
		err := row.Scan(&key, &n)
		counts[key] = n
		return err
	})
	return counts, err
}
