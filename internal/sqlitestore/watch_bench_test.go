package sqlitestore_test

import (
	"path/filepath"
	"testing"

	"sluice/internal/job"
	"sluice/internal/sqlitestore"
)

// long makes a file with so many jobs in line.
func long(b *testing.B, depth int) (path string) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "sluice.db")
	s, err := sqlitestore.Open(b.Context(), sqlitestore.Config{Path: path}, quiet())
	must(b, err)
	for n := 0; n < depth; n += 1000 {
		drafts := make([]job.Draft, 1000)
		for i := range drafts {
			drafts[i] = draft("a talk of usual length")
		}
		submit(b, s, drafts...)
	}
	must(b, s.Index(b.Context()))
	must(b, s.Close())
	return path
}

func BenchmarkOpen(b *testing.B) {
	path := long(b, 100_000)
	for b.Loop() {
		s, err := sqlitestore.Open(b.Context(), sqlitestore.Config{Path: path}, quiet())
		must(b, err)
		_, err = s.Next(b.Context())
		must(b, err)
		b.StopTimer()
		must(b, s.Close())
		b.StartTimer()
	}
}

func BenchmarkVerify(b *testing.B) {
	path := long(b, 100_000)
	s := open(b, sqlitestore.Config{Path: path})
	for b.Loop() {
		must(b, s.Verify(b.Context()))
	}
}

func BenchmarkBackup(b *testing.B) {
	path := long(b, 100_000)
	s := open(b, sqlitestore.Config{Path: path})
	for b.Loop() {
		must(b, s.Backup(b.Context()))
	}
}
