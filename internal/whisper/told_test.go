package whisper_test

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/pipeline"
	"sluice/internal/transcript"
	"sluice/internal/whisper"
)

func TestProgressDoesNotFallWhenASpanIsHeardAnew(t *testing.T) {
	t.Parallel()
	tr := transcriber(t, "begins anew", nil)
	h := transcribe(t, tr, pipeline.TranscribeRequest{Audio: tone(t, 12), Language: "en", Model: tiny()})
	if !slices.IsSorted(h.progress) || len(h.progress) < 3 {
		t.Errorf("progress is %v", h.progress)
	}
}

func TestProgressIsToldOfMediaThatStateNoLength(t *testing.T) {
	t.Parallel()
	audio := tone(t, 12)
	if err := os.Rename(audio.Path, audio.Path+pipeline.PartSuffix); err != nil {
		t.Fatal(err)
	}
	sound := pipeline.NewSound()
	sound.Begin(0)
	sound.Finish(audio.Bytes)
	tr := transcriber(t, "good", func(c *whisper.Config) { c.Planning.Growing = func(string) *pipeline.Sound { return sound } })
	h := transcribe(t, tr, pipeline.TranscribeRequest{Audio: audio, Language: "en", Model: tiny()})
	if len(h.progress) == 0 || h.progress[len(h.progress)-1] != 1 {
		t.Errorf("progress is %v", h.progress)
	}
}

// What an engine took for a wide search is not what a narrow one needs.
func TestTheFootprintIsToldOnlyOfTheWidestSearch(t *testing.T) {
	t.Parallel()
	tr := transcriber(t, "good", nil)
	for _, ask := range []struct {
		beam int
		told bool
	}{{0, true}, {1, true}, {5, true}, {1, false}, {0, false}, {5, true}} {
		h := transcribe(t, tr, pipeline.TranscribeRequest{Audio: tone(t, 12), Language: "en", Model: tiny(), BeamSize: ask.beam})
		if told := h.memory > 0; told != ask.told {
			t.Errorf("the footprint of a search with %d is told: %v, want %v", ask.beam, told, ask.told)
		}
	}
}

func TestSpeechWithoutAWordIsFoundBetweenSegments(t *testing.T) {
	t.Parallel()
	// Speech is given in seconds.
	tests := map[string]struct {
		speech   [][2]int64
		segments []transcript.Segment
		want     []int64
	}{
		"nothing is heard at all":          {[][2]int64{{2, 4}, {6, 8}}, nil, []int64{2000}},
		"too little to ask for words":      {[][2]int64{{2, 4}}, nil, []int64{}},
		"all of it has words":              {[][2]int64{{0, 10}}, []transcript.Segment{{StartMS: 500, EndMS: 9000}}, []int64{}},
		"a sentence is missing in between": {[][2]int64{{0, 20}}, []transcript.Segment{{EndMS: 5000}, {StartMS: 12_000, EndMS: 20_000}}, []int64{6000}},
		"the rest is missing":              {[][2]int64{{0, 3}, {10, 14}}, []transcript.Segment{{EndMS: 3000}}, []int64{10_000}},
		"little here and little there":     {[][2]int64{{0, 20}}, []transcript.Segment{{StartMS: 3000, EndMS: 9000}, {StartMS: 13_000, EndMS: 17_000}}, []int64{}},
		"silence in between":               {[][2]int64{{0, 3}, {20, 23}}, []transcript.Segment{{EndMS: 3000}, {StartMS: 20_000, EndMS: 23_000}}, []int64{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var speech []whisper.Piece
			for _, s := range tt.speech {
				speech = append(speech, whisper.Piece{From: s[0] * whisper.SampleRate, To: s[1] * whisper.SampleRate})
			}
			if diff := cmp.Diff(tt.want, whisper.Missing(tt.segments, speech)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
