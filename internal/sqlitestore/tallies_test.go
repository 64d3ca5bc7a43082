package sqlitestore_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/job"
)

func TestTalliesCountWhatWaitsAndWhatIsSent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for n, until := range []time.Time{{}, {}, time.Now().Add(time.Hour)} {
		accepted, err := b.Submit(b.Context(), []job.Draft{draft("held" + string(rune('a'+n)))})
		must(b, err)
		_, err = b.Hold(b.Context(), accepted[0].Job.ID, until)
		must(b, err)
	}
	_, err := b.Submit(b.Context(), []job.Draft{draft("next")})
	must(b, err)
	hooked(b, backend)
	b.settle(b.lease, job.Done)
	reasons, err := b.Reasons(b.Context())
	must(b, err)
	if diff := cmp.Diff(map[job.Reason]int{job.Held: 2, job.Scheduled: 1}, reasons); diff != "" {
		t.Error(diff)
	}
	messages, err := b.Messages(b.Context())
	must(b, err)
	if diff := cmp.Diff(map[job.DeliveryState]int{job.DeliveryPending: 1, job.DeliveryDelivered: 0, job.DeliveryParked: 0}, messages); diff != "" {
		t.Error(diff)
	}
}
