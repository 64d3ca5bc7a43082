package whisper_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/pipeline"
	"sluice/internal/transcript"
	"sluice/internal/whisper"
)

const korean = "그는 이리저리 피하면서 길 한 옆으로 걸어갔다."

func fixture(t *testing.T) string {
	t.Helper()
	return shared(t, "models/fixture-memo-d64-q5_0.bin")
}

// meeting is speech of several people with long pauses between them.
func meeting(t *testing.T, names ...string) pipeline.Audio {
	t.Helper()
	var all []byte
	for i, name := range names {
		pcm, err := os.ReadFile(sound(t, shared(t, name)).Path)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			all = append(all, make([]byte, 12*2*whisper.SampleRate)...)
		}
		all = append(all, pcm...)
	}
	path := filepath.Join(t.TempDir(), "meeting.pcm")
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return audioAt(t, path)
}

const (
	inEnglish = "media/containers/jfk.m4a"
	inKorean  = "media/containers/ko_h264_aac.mp4"
)

// The model knows its clips only from about where they begin, and theirs is
// another silence before the first word each: hence the leads.
func TestEverySpanKeepsItsOwnLanguageAlsoAfterAResume(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		clips     []string
		leadMS    int64
		languages []string
		texts     []string
	}{
		"Korean after English": {[]string{inEnglish, inKorean, inKorean}, 600, []string{"en", "ko", "ko"}, []string{jfk, korean, korean}},
		"English after Korean": {[]string{inKorean, inEnglish, inEnglish}, 200, []string{"ko", "en", "en"}, []string{korean, jfk, jfk}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := transcriber(t, "real", func(c *whisper.Config) { c.Planning.LeadMS = tt.leadMS })
			req := pipeline.TranscribeRequest{
				Audio: meeting(t, tt.clips...), Language: "auto", Model: fixture(t), BeamSize: 1, Threads: 1, Words: true,
			}
			h := transcribe(t, tr, req)
			var languages, texts []string
			for _, s := range h.spans {
				languages = append(languages, s.Language)
				for _, g := range s.Segments {
					texts = append(texts, g.Text)
				}
			}
			if diff := cmp.Diff(tt.languages, languages); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.texts, texts); diff != "" {
				t.Error(diff)
			}
			for i := range len(h.spans) - 1 {
				req.FromMS, req.Spoken = h.spans[i].ToMS, h.spans[i].Language
				if diff := cmp.Diff(h.spans[i+1:], transcribe(t, tr, req).spans); diff != "" {
					t.Errorf("resumed after span %d:\n%s", i, diff)
				}
			}
		})
	}
}

func TestAShortSpanStaysInTheLanguageBeforeIt(t *testing.T) {
	t.Parallel()
	tr := transcriber(t, "real", nil)
	audio := meeting(t, inKorean)
	pcm, err := os.ReadFile(audio.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(audio.Path, pcm[:3*whisper.SampleRate], 0o600); err != nil {
		t.Fatal(err)
	}
	h := transcribe(t, tr, pipeline.TranscribeRequest{
		Audio: audioAt(t, audio.Path), Language: "auto", Spoken: "en", Model: fixture(t), BeamSize: 1, Threads: 1,
	})
	if got := h.spans[0].Language; got != "en" {
		t.Errorf("1.5 s are heard in %q", got)
	}
}

func TestTheModelTranslatesToEnglish(t *testing.T) {
	t.Parallel()
	tr := transcriber(t, "real", nil)
	req := pipeline.TranscribeRequest{Audio: meeting(t, inKorean), Language: "auto", Model: fixture(t), BeamSize: 1, Threads: 1, ToEnglish: true}
	// The model has learnt nothing of the token that asks for a translation: it
	// is enough that its text is another one.
	h := transcribe(t, tr, req)
	if s := h.spans[0]; s.Language != "en" || s.Spoken != "ko" || h.text() == korean {
		t.Errorf("language is %q, spoken %q, text %q", s.Language, s.Spoken, h.text())
	}
	english := request(t, "seen-000.wav")
	english.ToEnglish = true
	if err := tr.Transcribe(t.Context(), english, pipeline.Watch{}); !fault.Is(err, fault.LanguageUnknown) {
		t.Errorf("fault of a model for English only is %v, want %s", err, fault.LanguageUnknown)
	}
}

func TestThePromptIsToldBeforeEverySpan(t *testing.T) {
	t.Parallel()
	tr := transcriber(t, "real", nil)
	req := pipeline.TranscribeRequest{Audio: meeting(t, inEnglish, inEnglish), Language: "en", Model: fixture(t), BeamSize: 1, Threads: 1}
	texts := func(prompt string) (texts []string) {
		req.Prompt = prompt
		for _, s := range transcribe(t, tr, req).spans {
			texts = append(texts, fmt.Sprint(s.Segments, s.Warnings))
		}
		return texts
	}
	// A model that never saw a prompt is led astray by one: so it shows.
	without, with := texts(""), texts("The captain, the doctor and the market.")
	if len(with) != 2 || with[0] == without[0] || with[1] == without[1] {
		t.Errorf("without a prompt %q, with one %q", without, with)
	}
	// Of one that is too long only the end counts.
	req.Audio = meeting(t, inEnglish)
	end := strings.Repeat(" the market", 230)
	if diff := cmp.Diff(texts(end), texts("Something else that was said long ago."+end)); diff != "" {
		t.Errorf("the beginning of a prompt that is too long is heard:\n%s", diff)
	}
}

// orderly says what is wrong with the words of segments.
func orderly(t *testing.T, segments []transcript.Segment) {
	t.Helper()
	for _, s := range segments {
		at := s.StartMS
		var text []string
		for _, w := range s.Words {
			if w.StartMS < at || w.EndMS < w.StartMS || w.EndMS > s.EndMS {
				t.Errorf("word %q lasts from %d to %d, after %d in a segment from %d to %d", w.Text, w.StartMS, w.EndMS, at, s.StartMS, s.EndMS)
			}
			at = w.EndMS
			text = append(text, w.Text)
		}
		if got, want := strings.Join(text, ""), strings.ReplaceAll(s.Text, " ", ""); got != want {
			t.Errorf("words spell %q, the segment says %q", got, want)
		}
	}
}

// The clips that are not looked at here are those of the accuracy test.
func TestWordsFollowOneAnotherInsideTheirSegment(t *testing.T) {
	t.Parallel()
	tr := transcriber(t, "real", nil)
	hear := func(name, model, language string) {
		h := transcribe(t, tr, pipeline.TranscribeRequest{Audio: sound(t, name), Language: language, Model: model, BeamSize: 2, Threads: 1, Words: true})
		if len(h.segments()) == 0 {
			t.Errorf("%s: no text", name)
		}
		orderly(t, h.segments())
	}
	for _, name := range []string{"seen-004", "seen-005", "seen-006", "seen-007", "seen-008", "unseen-000", "unseen-001", "unseen-002"} {
		hear(clip(name+".wav"), tiny(), "en")
	}
	for _, name := range []string{inEnglish, inKorean, "media/speech/leopard_test_ja.wav", "media/speech/fleurs-es-000.ogg"} {
		hear(shared(t, name), fixture(t), "auto")
	}
}
