package whisper_test

import (
	"strings"
	"testing"

	"sluice/internal/pipeline"
)

const jfk = "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country."

func TestSpeechEveryThirtySecondsKeepsItsTimes(t *testing.T) {
	t.Parallel()
	model := shared(t, "models/fixture-memo-d64-q5_0.bin")
	tr := transcriber(t, "real", nil)
	h := transcribe(t, tr, pipeline.TranscribeRequest{
		Audio: sound(t, shared(t, "media/containers/jfk_every_30s_10min.mp4")), Language: "en", Model: model, Threads: 1,
	})
	segments := h.segments()
	if len(segments) != 20 {
		t.Errorf("%d segments, want 20", len(segments))
	}
	for k, s := range segments {
		if s.Text != jfk {
			t.Errorf("segment %d says %q", k, s.Text)
		}
		start, end := int64(k)*30_000, int64(k)*30_000+11_000
		if off(s.StartMS, start) > 300 || off(s.EndMS, end) > 300 {
			t.Errorf("segment %d lasts from %d to %d ms, want about %d to %d", k, s.StartMS, s.EndMS, start, end)
		}
	}
}

func off(a, b int64) int64 { return max(a-b, b-a) }

func TestKoreanComesWholeAndIsDetected(t *testing.T) {
	t.Parallel()
	model := shared(t, "models/fixture-memo-d64-q5_0.bin")
	tr := transcriber(t, "real", nil)
	h := transcribe(t, tr, pipeline.TranscribeRequest{
		Audio: sound(t, shared(t, "media/containers/ko_h264_aac.mp4")), Language: "auto", Model: model, Threads: 1, Words: true,
	})
	if got := h.spans[0].Language; got != "ko" {
		t.Errorf("language is %q, want ko", got)
	}
	const want = "그는 이리저리 피하면서 길 한 옆으로 걸어갔다."
	if got := h.text(); got != want {
		t.Errorf("text is %q, want %q", got, want)
	}
	var joined []string
	for _, s := range h.segments() {
		for _, w := range s.Words {
			joined = append(joined, w.Text)
			if w.StartMS < s.StartMS || w.EndMS > s.EndMS || w.EndMS < w.StartMS {
				t.Errorf("word %q lasts from %d to %d in a segment from %d to %d", w.Text, w.StartMS, w.EndMS, s.StartMS, s.EndMS)
			}
		}
	}
	if got := strings.Join(joined, " "); got != want {
		t.Errorf("words are %q, want %q", got, want)
	}
}
