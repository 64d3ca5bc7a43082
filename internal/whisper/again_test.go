package whisper_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/job"
	"sluice/internal/pipeline"
	"sluice/internal/whisper"
)

// tone is a sound that speech recognisers invent words for.
func tone(t *testing.T, seconds int) pipeline.Audio {
	t.Helper()
	pcm := make([]byte, 0, 2*whisper.SampleRate*seconds)
	for i := range whisper.SampleRate * seconds {
		v := 8000 * math.Sin(2*math.Pi*440*float64(i)/whisper.SampleRate)
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(int16(v)))
	}
	path := filepath.Join(t.TempDir(), "tone.pcm")
	if err := os.WriteFile(path, pcm, 0o600); err != nil {
		t.Fatal(err)
	}
	return audioAt(t, path)
}

func codes(warnings []job.Warning) []string {
	all := []string{}
	for _, w := range warnings {
		all = append(all, w.Code)
	}
	return all
}

func TestALoopOfTheRealModelIsTakenOut(t *testing.T) {
	t.Parallel()
	tr := transcriber(t, "real", nil)
	h := transcribe(t, tr, pipeline.TranscribeRequest{Audio: tone(t, 20), Language: "en", Model: tiny(), BeamSize: 1, Threads: 1})
	if loop := strings.Repeat("zero ", 8); !strings.Contains(h.live[0].Text, loop) {
		t.Fatalf("there is no loop to take out: %q", h.live[0].Text)
	} else if strings.Contains(h.text(), loop) || !h.spans[0].HeardAgain {
		t.Errorf("text is %q, heard again %v", h.text(), h.spans[0].HeardAgain)
	}
}

// The fake engine's answers depend on what it is asked: the whole sound, a half
// of it, or a text drawn by chance.
func TestWhatLooksWrongIsHeardAgainAndTheBestStays(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		role  string
		want  string
		codes []string
		asked string // what the engine was asked for: w, h, c = whole, half, by chance
	}{
		"a good text is heard once":                 {"good", "A good text", []string{}, "w"},
		"halves free it from a loop":                {"loops as a whole", "Half of it. Half of it.", []string{}, "whh"},
		"chance frees it where halves do not":       {"loops without chance", "A text drawn by chance.", []string{}, "whhc"},
		"a loop that stays is left out":             {"loops always", "Then he said it again.", []string{whisper.WarnRemoved}, "whhc"},
		"silence where speech is is heard in parts": {"says nothing", "", []string{whisper.WarnNoText}, "whh"},
		"a text that is too fast is kept":           {"talks too fast", muchText(), []string{whisper.WarnFast}, "whhc"},
		"a text of few words is kept":               {"says little", little(), []string{whisper.WarnRepeats}, "whhc"},
		"what is sure wins with a little less":      {"is unsure as a whole", "A good text A good text", []string{}, "whh"},
		"words that nobody spoke are left out":      {"hears ghosts", "A good text", []string{whisper.WarnSilence}, "whhc"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := filepath.Join(t.TempDir(), "asked")
			tr := transcriber(t, tt.role, func(c *whisper.Config) { c.Env = append(c.Env, askedFile+"="+asked) })
			h := transcribe(t, tr, pipeline.TranscribeRequest{Audio: tone(t, 12), Language: "en", Model: tiny(), BeamSize: 1})
			if got := h.text(); got != strings.TrimSpace(tt.want) {
				t.Errorf("text is %q, want %q", got, tt.want)
			}
			if diff := cmp.Diff(tt.codes, codes(h.spans[0].Warnings)); diff != "" {
				t.Error(diff)
			}
			got, err := os.ReadFile(asked)
			if err != nil || string(got) != tt.asked {
				t.Errorf("it was asked for %q, want %q (%v)", got, tt.asked, err)
			}
			if again := len(tt.asked) > 1; h.spans[0].HeardAgain != again {
				t.Errorf("heard again is %v, want %v", h.spans[0].HeardAgain, again)
			}
			if len(h.live) > 1 {
				t.Errorf("%d live segments: what is heard again is not told live", len(h.live))
			}
		})
	}
}

func TestLoopsAreCutAfterTheFirstTime(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		segments []string
		want     []string
	}{
		"the same segment again and again":      {[]string{"We begin.", "Thank you for watching.", "Thank you for watching!", "thank you for watching", "Thank you for watching.", "The end."}, []string{"We begin.", "Thank you for watching.", "The end."}},
		"three times is a way to talk":          {[]string{"Again and again and again.", "Again and again and again."}, []string{"Again and again and again.", "Again and again and again."}},
		"a chorus of short words stays":         {[]string{"Yes we can. Yes we can. Yes we can. Yes we can."}, []string{"Yes we can. Yes we can. Yes we can. Yes we can."}},
		"a short word eight times is too much":  {[]string{"And then no, no, no, no, no, no, no, no, no."}, []string{"And then no,"}},
		"a loop inside a segment":               {[]string{"So he went to the river, he went to the river, he went to the river, he went to the river, and home."}, []string{"So he went to the river, and home."}},
		"a loop over the borders of segments":   {[]string{"one long way two", "three one long way", "two three one long", "way two three one long way two three"}, []string{"one long way two", "three"}},
		"Korean":                                {[]string{"오늘 회의를 시작하겠습니다. 시청해 주셔서 감사합니다. 시청해 주셔서 감사합니다. 시청해 주셔서 감사합니다. 시청해 주셔서 감사합니다."}, []string{"오늘 회의를 시작하겠습니다. 시청해 주셔서 감사합니다."}},
		"Japanese, which has no spaces":         {[]string{"はい。ご視聴ありがとうございました。ご視聴ありがとうございました。ご視聴ありがとうございました。ご視聴ありがとうございました。"}, []string{"はい。ご視聴ありがとうございました。"}},
		"a segment that was nothing else":       {[]string{strings.Repeat("zero ", 29)}, []string{}},
		"numbers that are read out are no loop": {[]string{"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"}, []string{"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"}},
		"the same between other words is no loop": {
			[]string{"Good morning everybody here.", "First point.", "Good morning everybody here.", "Second point.", "Good morning everybody here.", "Third.", "Good morning everybody here."},
			[]string{"Good morning everybody here.", "First point.", "Good morning everybody here.", "Second point.", "Good morning everybody here.", "Third.", "Good morning everybody here."},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, whisper.CutLoops(tt.segments)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzCuttingLoopsLosesNoOtherWord(f *testing.F) {
	f.Add("he went home he went home he went home he went home he went home and slept", "no no no no no no no no no")
	f.Add("시청해 주셔서 감사합니다. 시청해 주셔서 감사합니다.", "ありがとう\xff\u0301")
	f.Fuzz(func(t *testing.T, first, second string) {
		kept, removed := whisper.CutWords([]string{first, second})
		if kept+removed != whisper.CountWords(first)+whisper.CountWords(second) {
			t.Errorf("%d words stay and %d go of %d", kept, removed, whisper.CountWords(first)+whisper.CountWords(second))
		}
	})
}
