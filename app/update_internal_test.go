package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/job"
	"sluice/internal/settings"
)

const heard = `{"feed":"https://sluice.example/latest","next":"2001-01-01T00:00:00Z","release":{"version":"1.3.0","url":"https://sluice.example/1.3.0"},"found":"2000-01-01T00:00:00Z"}`

// newsOf is a lookout that has heard of 1.3.0, with one notice in its store.
func newsOf(t *testing.T, kept *fakeKept, changed func()) (*updates, *atomic.Bool) {
	t.Helper()
	var on atomic.Bool
	on.Store(true)
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "update.json"), []byte(heard), 0o600); err != nil {
		t.Fatal(err)
	}
	set := setting(func() *settings.Settings {
		return &settings.Settings{Updates: settings.Updates{Check: on.Load(), Feed: "https://sluice.example/latest"}}
	})
	u := &updates{kept: kept, version: "v1.2.0", changed: changed}
	u.Lookout = u.lookout(set, data, slog.New(slog.DiscardHandler))
	return u, &on
}

type setting func() *settings.Settings

func (s setting) Now() *settings.Settings { return s() }

// fakeKept is a store with one notice.
type fakeKept struct {
	dismissed []string
	broken    error
}

func (k *fakeKept) Notices(context.Context) ([]job.Notice, error) {
	return []job.Notice{{ID: "1", Code: job.StartedEmpty}}, k.broken
}

func (k *fakeKept) Dismiss(_ context.Context, id string) error {
	k.dismissed = append(k.dismissed, id)
	return k.broken
}

func TestANewerVersionStandsBehindTheStoresNotices(t *testing.T) {
	t.Parallel()
	kept := &fakeKept{}
	u, on := newsOf(t, kept, func() {})
	want := []job.Notice{
		{ID: "1", Code: job.StartedEmpty},
		{
			ID: "update-1.3.0", At: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), Code: job.UpdateAvailable,
			Text: "Sluice 1.3.0 is available; this is 1.2.0.", Hint: "See what is new, and get it, at https://sluice.example/1.3.0",
			Version: "1.3.0", URL: "https://sluice.example/1.3.0",
		},
	}
	check := func(want []job.Notice) {
		t.Helper()
		got, err := u.Notices(t.Context())
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v: %s", err, diff)
		}
	}
	check(want)
	on.Store(false)
	check(want[:1])
	on.Store(true)
	for _, id := range []string{"1", "update-1.2.9"} {
		if err := u.Dismiss(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	check(want)
	if err := u.Dismiss(t.Context(), "update-1.3.0"); err != nil {
		t.Error(err)
	}
	check(want[:1])
	if diff := cmp.Diff([]string{"1"}, kept.dismissed); diff != "" {
		t.Errorf("the store was asked otherwise: %s", diff)
	}
	kept.broken = errors.New("no disk")
	if _, err := u.Notices(t.Context()); !errors.Is(err, kept.broken) {
		t.Error(err)
	}
}

func TestWhoFollowsUpdatesHearsOfEachChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		changes := 0
		u, on := newsOf(t, &fakeKept{}, func() { changes++ })
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- u.Run(ctx) }()
		synctest.Wait()
		var told []string
		u.Follow(func(version, url string) { told = append(told, version+" "+url) }) // late, and yet told at once
		on.Store(false)
		u.Wake()
		synctest.Wait()
		on.Store(true)
		u.Wake()
		synctest.Wait()
		const one = "1.3.0 https://sluice.example/1.3.0"
		if diff := cmp.Diff([]string{one, " ", one}, told); diff != "" || changes != 3 {
			t.Errorf("after %d changes: %s", changes, diff)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
