package sqlitestore_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"sluice/internal/job"
	"sluice/internal/library"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
	"sluice/internal/transcript"
)

// talks makes a store with so many transcripts of so many segments, of
// words as frequent as in a language.
func talks(b *testing.B, jobs, segments int) *sqlitestore.Store {
	b.Helper()
	s := open(b, sqlitestore.Config{})
	random := rand.New(rand.NewPCG(1, 2))
	frequency := rand.NewZipf(random, 1.1, 2, 20_000)
	for range jobs {
		j := submit(b, s, draft("talk"))[0]
		lease := take(b, s, j.ID)
		tr := transcript.Transcript{Language: "en"}
		for n := range segments {
			words := make([]string, 12)
			for i := range words {
				words[i] = word(frequency.Uint64())
			}
			tr.Segments = append(tr.Segments, transcript.Segment{ID: n + 1, StartMS: int64(n) * 1000, EndMS: int64(n+1) * 1000, Text: strings.Join(words, " ")})
		}
		must(b, s.SaveTranscript(b.Context(), lease, tr, nil))
		_, err := s.Settle(b.Context(), lease, queue.Outcome{State: job.Done})
		must(b, err)
	}
	return s
}

// word makes a number a word of two to eight letters.
func word(n uint64) string {
	n = n*2654435761 + 7
	var b strings.Builder
	for n > 0 && b.Len() < 8 {
		b.WriteByte("etaoinshrdlucmfw"[n%16])
		n /= 16
	}
	return b.String()
}

func BenchmarkSearch(b *testing.B) {
	s := talks(b, 1000, 500)
	for _, q := range []struct{ name, text string }{
		{"frequent", word(0)},
		{"usual", word(100)},
		{"rare", word(15_000)},
		{"two letters", word(3)[:2]},
		{"one letter", "e"},
		{"two words", word(5) + " " + word(300)},
		{"nothing", "zzzz"},
	} {
		b.Run(strings.ReplaceAll(q.name, " ", "-"), func(b *testing.B) {
			n := 0
			for b.Loop() {
				found, err := s.Search(b.Context(), library.Query{Text: q.text})
				must(b, err)
				n = len(found.Hits)
			}
			b.ReportMetric(float64(n), "hits")
		})
	}
}
