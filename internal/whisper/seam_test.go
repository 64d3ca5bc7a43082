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
		for i := range h.spans[1:] {
			before, after := h.spans[i], h.spans[i+1]
			n := slices.IndexFunc(refs, func(s sentence) bool { return int64(1000*s.End)+int64(late) > before.ToMS })
			if n < 1 {
				t.Errorf("%d ms later a span ends at %d, amid no sentences", late, before.ToMS)
				continue
			}
			said := slices.Concat(wordsIn(before), wordsIn(after))
			if at := len(wordsIn(before)); at < 1 || at >= len(said) || !slices.Equal(said[at-1:at+1], border(refs, n)) {
				t.Errorf("%d ms later the words around %d ms are not %q: %q, %q", late, before.ToMS, border(refs, n), wordsIn(before), wordsIn(after))
			}
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

func wordsIn(s pipeline.Span) []string {
	var all []string
	for _, g := range s.Segments {
		all = append(all, words(g.Text)...)
	}
	return all
}

// border gives the last word before sentence n and its first.
func border(refs []sentence, n int) []string {
	before, after := words(refs[n-1].Text), words(refs[n].Text)
	return []string{before[len(before)-1], after[0]}
}

func TestFromWhereverItIsResumedTheWordsAreTheSame(t *testing.T) {
	t.Parallel()
	audio := sound(t, clip(seamClip))
	refs := references(t)[seamClip].Sentences
	tr := transcriber(t, "real", nil)
	unbroken := transcribe(t, tr, pipeline.TranscribeRequest{Audio: audio, Language: "en", Model: tiny(), BeamSize: 1, Threads: 1}).segments()
	for k := range seams(1, len(refs)-1) {
		n := (7*k+3)%(len(refs)-1) + 1
		from := int64(500 * (refs[n-1].End + refs[n].Start)) // ms: amid the pause
		var want []string
		for _, s := range unbroken {
			if s.StartMS >= from-500 { // a segment may begin so much before its sentence
				want = append(want, words(s.Text)...)
			}
		}
		h := transcribe(t, tr, pipeline.TranscribeRequest{Audio: audio, FromMS: from / 20 * 20, Language: "en", Model: tiny(), BeamSize: 1, Threads: 1})
		if got := len(h.segments()); got != len(refs[n:]) {
			t.Errorf("from %d ms on %d sentences are heard, want %d", from, got, len(refs[n:]))
		}
		if got := words(h.text()); len(got) == 0 || got[0] != want[0] {
			t.Errorf("from %d ms on it begins with %q, the unbroken run goes on with %q", from, got, want[0])
		}
		if wrong := wordErrors(want, words(h.text())); wrong > seamHeard {
			t.Errorf("from %d ms on %d of %d words are wrong\n%s", from, wrong, len(want), h.text())
		}
	}
}
