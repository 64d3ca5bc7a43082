package queue_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
)

// BenchmarkPickup is how soon an idle worker is at work: from the call of
// Submit, through two durable writes, to the call of its runner.
func BenchmarkPickup(b *testing.B) {
	log := slog.New(slog.DiscardHandler)
	store, err := sqlitestore.Open(b.Context(), sqlitestore.Config{Path: filepath.Join(b.TempDir(), "sluice.db")}, log)
	if err != nil {
		b.Fatal(err)
	}
	started, idle := make(chan time.Time, 1), make(chan struct{}, 1)
	q := queue.New(queue.Deps{
		Store: store, Gate: openGate(), Check: anything{}, Log: log,
		Runner: worker(func(context.Context, job.Job, func(job.Progress)) error {
			started <- time.Now()
			return nil
		}),
		Idle: func() {
			select {
			case idle <- struct{}{}:
			default:
			}
		},
	}, queue.Config{Owner: "me"})
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error)
	go func() { ended <- q.Run(ctx) }()

	var took []time.Duration
	for n := 0; b.Loop(); n++ {
		<-idle
		began := time.Now()
		if _, err := q.Submit(b.Context(), []job.Draft{{Title: fmt.Sprint("talk ", n)}}); err != nil {
			b.Fatal(err)
		}
		took = append(took, (<-started).Sub(began))
		select { // a look that came before the submit has found nothing, too
		case <-idle:
		default:
		}
	}
	cancel()
	if err := <-ended; err != nil {
		b.Error(err)
	}
	if err := store.Close(); err != nil {
		b.Error(err)
	}
	slices.Sort(took)
	b.ReportMetric(0, "ns/op") // it would count the wait for the worker to be idle
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
}
