package sqlitestore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

const backend = "https://ann:pw@example.com/hook?key=secret"

// hooked makes all jobs of a store want to be told of.
func hooked(b *bench, url string) {
	b.Helper()
	script(b.T, b.path, `PRAGMA busy_timeout = 5000; UPDATE jobs SET options = json_set(options, '$.webhook', '`+url+`')`)
}

func (b *bench) list(f job.DeliveryFilter) []job.Delivery {
	b.Helper()
	found, err := b.Deliveries(b.Context(), f)
	must(b, err)
	return found
}

func (b *bench) due() []job.Delivery {
	b.Helper()
	found, err := b.DueDeliveries(b.Context())
	must(b, err)
	return found
}

func (b *bench) settle(lease job.Lease, s job.State) {
	b.Helper()
	_, err := b.Settle(b.Context(), lease, queue.Outcome{State: s, Error: &job.Failure{Code: "x"}})
	must(b, err)
}

func TestADeliveryComesWithTheEndOfItsJob(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		end  func(b *bench)
		want []job.DeliveryEvent
	}{
		"a job that is done":    {func(b *bench) { b.settle(b.lease, job.Done) }, []job.DeliveryEvent{job.EventDone}},
		"a job that has failed": {func(b *bench) { b.settle(b.lease, job.Failed) }, []job.DeliveryEvent{job.EventFailed}},
		"a running job that was canceled": {func(b *bench) {
			_, err := b.Cancel(b.Context(), b.lease.ID)
			must(b, err)
			b.settle(b.lease, job.Queued)
		}, []job.DeliveryEvent{job.EventCanceled}},
		"a waiting job that was canceled": {func(b *bench) {
			b.settle(b.lease, job.Queued)
			_, err := b.Cancel(b.Context(), b.lease.ID)
			must(b, err)
		}, []job.DeliveryEvent{job.EventCanceled}},
		"a job that took the app down too often": {func(b *bench) {
			_, err := b.Recover(b.Context(), "the next start", 0)
			must(b, err)
		}, []job.DeliveryEvent{job.EventFailed}},
		"a job that goes back to the line": {func(b *bench) { b.settle(b.lease, job.Queued) }, nil},
		"a job whose lease is lost": {func(b *bench) {
			stale := b.lease
			stale.Token++
			_, err := b.Settle(b.Context(), stale, queue.Outcome{State: job.Done})
			if !errors.Is(err, job.ErrLeaseLost) {
				b.Error(err)
			}
		}, nil},
		"a job that ends once more after a retry": {func(b *bench) {
			b.settle(b.lease, job.Failed)
			_, err := b.Retry(b.Context(), b.lease.ID, job.Retry{})
			must(b, err)
			b.settle(take(b, b.Store, b.lease.ID), job.Done)
		}, []job.DeliveryEvent{job.EventDone, job.EventFailed}},
		"a job nobody wants to be told of": {func(b *bench) {
			hooked(b, "")
			b.settle(b.lease, job.Done)
		}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			hooked(b, backend)
			test.end(b)
			var events []job.DeliveryEvent
			ids := map[string]bool{}
			for _, d := range b.list(job.DeliveryFilter{JobID: b.lease.ID}) {
				events, ids[d.ID] = append(events, d.Event), true
			}
			b.same("events", events, test.want)
			b.same("different ids", len(ids), len(test.want))
		})
	}
}

func TestADeliveryTellsAllAboutItselfButTheSecret(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	hooked(b, backend)
	b.settle(b.lease, job.Done)
	got := b.list(job.DeliveryFilter{})[0]
	now := b.clock.Now().Truncate(time.Millisecond).UTC()
	want := job.Delivery{
		ID: got.ID, JobID: b.lease.ID, Event: job.EventDone, URL: backend, To: "https://example.com/…",
		State: job.DeliveryPending, CreatedAt: now, Since: now, NextAt: now,
	}
	b.same("delivery", got, want)
	b.same("due", b.due(), []job.Delivery{want})
}

func TestEachReceiverHasItsOldestDeliveryDue(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ends := func(url string) string {
		lease := b.another()
		hooked(b, url)
		b.settle(lease, job.Done)
		return b.list(job.DeliveryFilter{Limit: 1})[0].ID
	}
	first, second, other := ends("https://one.example.com"), ends("https://one.example.com"), ends("https://two.example.com")
	ids := func() map[string]bool {
		out := map[string]bool{}
		for _, d := range b.due() {
			out[d.ID] = true
		}
		return out
	}
	b.same("due", ids(), map[string]bool{first: true, other: true})
	later := b.clock.Now().Add(time.Minute)
	must(t, b.RecordDelivery(t.Context(), first, job.Tried{State: job.DeliveryPending, Status: 500, Error: "No.", NextAt: later}))
	b.same("due while the first waits", ids(), map[string]bool{second: true, other: true})
	next, err := b.NextDelivery(t.Context())
	must(t, err)
	b.same("next", next.UnixMilli(), later.UnixMilli())
	b.clock.Advance(time.Minute)
	b.same("due in time", ids(), map[string]bool{first: true, other: true})
	next, err = b.NextDelivery(t.Context())
	must(t, err)
	b.same("next when all are due", next.IsZero(), true)
}

func TestTheOutcomeOfAnAttemptIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	hooked(b, backend)
	b.settle(b.lease, job.Done)
	id := b.due()[0].ID
	body, err := b.DeliveryBody(t.Context(), id)
	must(t, err)
	b.same("body before", body == nil, true)
	must(t, b.KeepDeliveryBody(t.Context(), id, []byte("message")))
	must(t, b.RecordDelivery(t.Context(), id, job.Tried{State: job.DeliveryParked, Status: 410, Error: "Gone."}))
	got := b.list(job.DeliveryFilter{State: job.DeliveryParked})[0]
	b.same("parked", []any{got.Attempts, got.LastStatus, got.LastError, got.NextAt.IsZero()}, []any{1, 410, "Gone.", true})
	b.same("due", len(b.due()), 0)
	if err := b.RecordDelivery(t.Context(), id, job.Tried{State: job.DeliveryDelivered}); !errors.Is(err, job.ErrDeliveryUnknown) {
		t.Errorf("a parked one was recorded: %v", err)
	}
	b.clock.Advance(time.Hour)
	again, err := b.Redeliver(t.Context(), id)
	must(t, err)
	b.same("again", []any{again.ID, again.State, again.Attempts, again.Since.UnixMilli()}, []any{id, job.DeliveryPending, 0, b.clock.Now().UnixMilli()})
	body, err = b.DeliveryBody(t.Context(), id)
	must(t, err)
	b.same("body", string(body), "message")
	must(t, b.RecordDelivery(t.Context(), b.due()[0].ID, job.Tried{State: job.DeliveryDelivered, Status: 200}))
	got = b.list(job.DeliveryFilter{State: job.DeliveryDelivered})[0]
	b.same("delivered", []any{got.LastError, got.DeliveredAt.UnixMilli()}, []any{"", b.clock.Now().UnixMilli()})
	body, err = b.DeliveryBody(t.Context(), id)
	must(t, err)
	b.same("body of one that has arrived", body == nil, true)
}

func TestDeliveriesAreListedByPages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 5 {
		lease := b.another()
		hooked(b, backend)
		b.settle(lease, job.Done)
	}
	var pages [][]job.Delivery
	before := ""
	for range 3 {
		page := b.list(job.DeliveryFilter{Limit: 2, Before: before})
		pages, before = append(pages, page), page[len(page)-1].ID
	}
	b.same("lengths", []int{len(pages[0]), len(pages[1]), len(pages[2])}, []int{2, 2, 1})
	all := append(append(pages[0], pages[1]...), pages[2]...)
	b.same("together", all, b.list(job.DeliveryFilter{}))
	for _, limit := range []int{-1, 501} {
		if _, err := b.Deliveries(t.Context(), job.DeliveryFilter{Limit: limit}); !fault.Is(err, fault.RequestInvalid) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

func TestADeliveryGoesWithItsJob(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	hooked(b, backend)
	b.settle(b.lease, job.Done)
	id := b.due()[0].ID
	must(t, b.Delete(t.Context(), b.lease.ID))
	b.same("due", len(b.due()), 0)
	_, err := b.DeliveryBody(t.Context(), id)
	_, again := b.Redeliver(t.Context(), id)
	for what, err := range map[string]error{
		"body": err, "redeliver": again,
		"keep":   b.KeepDeliveryBody(t.Context(), id, nil),
		"record": b.RecordDelivery(t.Context(), id, job.Tried{State: job.DeliveryDelivered}),
	} {
		if !errors.Is(err, job.ErrDeliveryUnknown) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestExportsAreRemembered(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	told := func() []string {
		owner, sum, err := b.Exported(t.Context(), "/out/a.srt")
		must(t, err)
		return []string{owner, sum}
	}
	b.same("before", told(), []string{"", ""})
	must(t, b.SetExported(t.Context(), "/out/a.srt", "job", "sum"))
	must(t, b.SetExported(t.Context(), "/out/a.srt", "job", "another sum"))
	b.same("after", told(), []string{"job", "another sum"})
}

// A restore keeps what was delivered, and does not deliver it again.
func TestASavedJobKeepsItsDelivery(t *testing.T) {
	t.Parallel()
	w := blank(t)
	s := w.open()
	id := submit(t, s, draft("talk"))[0].ID
	script(t, w.path, `PRAGMA busy_timeout = 5000; UPDATE jobs SET options = json_set(options, '$.webhook', 'https://example.com')`)
	must(t, s.Backup(t.Context()))
	_, err := s.Settle(t.Context(), take(t, s, id), queue.Outcome{State: job.Done})
	must(t, err)
	due, err := s.DueDeliveries(t.Context())
	must(t, err)
	must(t, s.RecordDelivery(t.Context(), due[0].ID, job.Tried{State: job.DeliveryDelivered, Status: 204}))
	before, err := s.Deliveries(t.Context(), job.DeliveryFilter{})
	must(t, err)
	must(t, s.Close())
	overwrite(t, w.path, rootOf(w, "peaks"), badPage)
	after, err := w.restored().Deliveries(t.Context(), job.DeliveryFilter{})
	must(t, err)
	if d := cmp.Diff(before, after); d != "" {
		t.Errorf("deliveries differ (-before +after):\n%s", d)
	}
}
