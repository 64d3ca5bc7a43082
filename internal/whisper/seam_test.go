package whisper_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sluice/internal/pipeline"
	"sluice/internal/transcript"
)

// seams is how many cuts are tried: 'make test' tries more than people do all day.
func seams(few, all int) int {
	if os.Getenv("SLUICE_TEST_ALL") != "" {
		return all
	}
	return few
}

const (
	seamClip  = "seventy-five-seconds.flac"
	seamWords = 4 // word errors; 2 were measured wherever it was cut
	seamHeard = 7 // and from one of the places it was resumed at: a sentence of eight words is taken for another
)

func TestNoWordIsLostOrDoubledWhereverTheSoundIsCut(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile(sound(t, clip(seamClip)).Path)
	if err != nil {
		t.Fatal(err)
	}
	refs := references(t)[seamClip].Sentences
	var want []string
	for _, s := range refs {
		want = append(want, words(s.Text)...)
	}
	tr := transcriber(t, "real", nil)
	for k := range seams(1, 12) {
		late := (5*k + 3) % 12 * 370 // ms: the spans are cut elsewhere in the clip each time
		path := filepath.Join(t.TempDir(), "sound.pcm")
		if err := os.WriteFile(path, append(make([]byte, 32*late), body...), 0o600); err != nil {
			t.Fatal(err)
		}
		h := transcribe(t, tr, pipeline.TranscribeRequest{Audio: audioAt(t, path), Language: "en", Model: tiny(), BeamSize: 1, Threads: 1})
		if wrong := wordErrors(want, words(h.text())); wrong > seamWords {
			t.Errorf("%d ms later %d of %d words are wrong\n%s", late, wrong, len(want), h.text())
		}
		for _, s := range refs {
			i := slices.IndexFunc(h.segments(), func(got transcript.Segment) bool { return slices.Equal(words(got.Text), words(s.Text)) })
			if i < 0 {
				continue // a word is wrong, or two sentences are one segment
			}
			if at, want := h.segments()[i].StartMS, int64(1000*s.Start)+int64(late); off(at, want) > 300 {
				t.Errorf("%q starts at %d ms, want %d", s.Text, at, want)
			}
		}
	}
}

func TestFromWhereverItIsResumedTheWordsAreTheSame(t *testing.T) {
	t.Parallel()
	audio := sound(t, clip(seamClip))
	refs := references(t)[seamClip].Sentences
	tr := transcriber(t, "real", nil)
	for k := range seams(1, len(refs)-1) {
		n := (7*k+3)%(len(refs)-1) + 1
		from := int64(500 * (refs[n-1].End + refs[n].Start)) // ms: amid the pause
		var want []string
		for _, s := range refs[n:] {
			want = append(want, words(s.Text)...)
		}
		h := transcribe(t, tr, pipeline.TranscribeRequest{Audio: audio, FromMS: from / 20 * 20, Language: "en", Model: tiny(), BeamSize: 1, Threads: 1})
		if got := len(h.segments()); got != len(refs[n:]) {
			t.Errorf("from %d ms on %d sentences are heard, want %d", from, got, len(refs[n:]))
		}
		if wrong := wordErrors(want, words(h.text())); wrong > seamHeard {
			t.Errorf("from %d ms on %d of %d words are wrong\n%s", from, wrong, len(want), h.text())
		}
	}
}
