package sqlitestore_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"sluice/internal/job"
	"sluice/internal/sqlitestore"
)

// There are fewer readers than there are who ask, and nothing is prepared yet.
func TestManyAskAtOnceWhatIsAheadOfThem(t *testing.T) {
	t.Parallel()
	for range 5 {
		s := open(t, sqlitestore.Config{Readers: 2})
		var drafts []job.Draft
		for i := range 8 {
			drafts = append(drafts, draft(fmt.Sprint("talk ", i)))
		}
		jobs := submit(t, s, drafts...)
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		start := make(chan struct{})
		var wg sync.WaitGroup
		for i, j := range jobs {
			wg.Go(func() {
				<-start
				loads, err := s.Ahead(ctx, j.ID)
				if err != nil || (i > 0 && (len(loads) != 1 || loads[0].Jobs != i)) {
					t.Errorf("ahead of job %d: %+v, %v", i, loads, err)
				}
			})
		}
		close(start)
		wg.Wait()
		stop()
	}
}
