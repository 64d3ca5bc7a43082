package whisper_test

import (
	"math"
	"slices"
	"testing"

	"sluice/internal/pipeline"
)

func TestWordErrorsStayWithinWhatWasMeasured(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		beam      int
		most      int     // word errors
		startsP95 float64 // seconds; 0 = not asked for
	}{
		"demo.mp4":                  {1, 0, 0.1},
		"seen-000.wav":              {1, 0, 0.1},
		"seen-001.wav":              {1, 0, 0.1},
		"seen-002.wav":              {1, 0, 0.1},
		"window-0.wav":              {1, 0, 0.1},
		"seventy-five-seconds.flac": {1, 4, 0},
		"three-minutes.mp4":         {1, 6, 0},
		"sparse-two-minutes.opus":   {1, 2, 0},
	}
	refs := references(t)
	tr := transcriber(t, "real", nil)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := transcribe(t, tr, pipeline.TranscribeRequest{
				Audio: sound(t, clip(name)), Language: "en", Model: tiny(), BeamSize: tt.beam, Threads: 1, Words: true,
			})
			orderly(t, h.segments())
			var want []string
			for _, s := range refs[name].Sentences {
				want = append(want, words(s.Text)...)
			}
			errors := wordErrors(want, words(h.text()))
			p95 := startErrorP95(refs[name].Sentences, h)
			t.Logf("%d of %d words wrong, starts p95 %.2f s, %d spans, %d segments, %d MiB",
				errors, len(want), p95, len(h.spans), len(h.segments()), h.memory>>20)
			if errors > tt.most {
				t.Errorf("%d of %d words are wrong, want at most %d\n%s", errors, len(want), tt.most, h.text())
			}
			if tt.startsP95 > 0 && p95 > tt.startsP95 {
				t.Errorf("starts are %.2f s off (p95), want at most %.2f", p95, tt.startsP95)
			}
		})
	}
}

// startErrorP95 compares the starts of segments and sentences of the same text.
func startErrorP95(want []sentence, h *heard) float64 {
	var off []float64
	for _, s := range want {
		for _, got := range h.segments() {
			if slices.Equal(words(s.Text), words(got.Text)) && math.Abs(s.Start-float64(got.StartMS)/1000) < 5 {
				off = append(off, math.Abs(s.Start-float64(got.StartMS)/1000))
				break
			}
		}
	}
	if len(off) == 0 {
		return math.Inf(1)
	}
	slices.Sort(off)
	return off[min(len(off)-1, int(0.95*float64(len(off))))]
}
