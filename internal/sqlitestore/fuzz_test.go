package sqlitestore_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
	"sluice/internal/storetest"
)

// FuzzADamagedFileIsRestoredOrRefused writes anything anywhere into the file of
// a database, or cuts it: it opens with what is left and takes another job, or
// says that it is damaged.
func FuzzADamagedFileIsRestoredOrRefused(f *testing.F) {
	f.Add(uint32(0), []byte("no database"), uint32(0))
	f.Add(uint32(18), []byte{2, 2}, uint32(0))
	f.Add(uint32(100), []byte{0xa5, 0xa5, 0xff, 0xff, 0xff, 0xff}, uint32(0))
	f.Add(uint32(4096), make([]byte, 4096), uint32(0))
	f.Add(uint32(8200), []byte{0x0d, 0, 0, 0xff, 0xff}, uint32(9000))
	f.Add(uint32(43), []byte("00000"), uint32(0))
	f.Add(uint32(60), []byte{0xff, 0xff, 0xff, 0xff}, uint32(1))
	dir, clock := f.TempDir(), storetest.NewClock()
	open := func(t testing.TB, path string) (*sqlitestore.Store, error) {
		t.Helper()
		return sqlitestore.Open(context.WithoutCancel(t.Context()), sqlitestore.Config{Path: path, Now: clock.Now}, quiet())
	}
	whole := filepath.Join(dir, "whole.db")
	s, err := open(f, whole)
	must(f, err)
	must(f, s.Fill(f.Context(), 30, job.Turn))
	must(f, s.Close())
	good, err := os.ReadFile(whole)
	must(f, err)
	f.Fuzz(func(t *testing.T, at uint32, damage []byte, cut uint32) {
		body := bytes.Clone(good)
		copy(body[int(at)%len(body):], damage)
		if cut > 0 {
			body = body[:int(cut)%len(body)]
		}
		path := filepath.Join(t.TempDir(), "sluice.db")
		must(t, os.WriteFile(path, body, 0o600))
		s, err := open(t, path)
		if err != nil {
			if code := fault.From(err).Code; code != fault.StoreDamaged && code != fault.StoreTooNew {
				t.Errorf("it is refused with %v", err)
			}
			return
		}
		defer func() { must(t, s.Close()) }()
		if err := s.Verify(t.Context()); err != nil {
			if !fault.Is(err, fault.StoreDamaged) {
				t.Errorf("it is found damaged with %v", err)
			}
			return
		}
		page, err := s.List(t.Context(), queue.Filter{Limit: 100})
		must(t, err)
		if len(page.Jobs) > 30 {
			t.Errorf("there are %d jobs of 30", len(page.Jobs))
		}
		submit(t, s, draft("another"))
	})
}
