package whisper_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sluice/internal/pipeline"
	"sluice/internal/whisper"
)

// take is a scene as the engine has it.
func (s scene) take(t *testing.T) []float32 {
	t.Helper()
	body, err := os.ReadFile(s.write(t))
	if err != nil {
		t.Fatal(err)
	}
	samples := make([]float32, len(body)/2)
	for i := range samples {
		samples[i] = float32(int16(uint16(body[2*i])|uint16(body[2*i+1])<<8)) / 32768
	}
	return samples
}

func level(samples []float32) float64 {
	var sum float64
	for _, s := range samples {
		sum += float64(s) * float64(s)
	}
	return 10 * math.Log10(sum/float64(len(samples)))
}

func TestSpeechThatIsFarQuieterIsLifted(t *testing.T) {
	t.Parallel()
	near := [][2]float64{{1, 4}}
	tests := map[string]struct {
		second scene
		want   float64 // dB that its speech, from 2 to 5 s, is louder in the end
		noise  float64 // and its end
	}{
		"of one loudness":              {scene{8, -70, -25, [][2]float64{{2, 5}}}, 0, 0},
		"a bit quieter":                {scene{8, -70, -42, [][2]float64{{2, 5}}}, 0, 0},
		"much quieter":                 {scene{8, -70, -50, [][2]float64{{2, 5}}}, 13, 0},
		"hardly to be heard":           {scene{8, -90, -58, [][2]float64{{2, 5}}}, 21, 0},
		"silence":                      {scene{8, -66, -90, nil}, 0, 0},
		"noise is never taken for it":  {scene{8, -50, -90, nil}, 0, 0},
		"a knock is nothing to listen": {scene{8, -70, -50, [][2]float64{{3, 3.2}}}, 0, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := scene{5, tt.second.noise, -25, near}.take(t)
			samples := append(slices.Clone(first), tt.second.take(t)...)
			before := slices.Clone(samples)
			whisper.Even(samples)
			if !slices.Equal(samples[:len(first)], before[:len(first)]) {
				t.Error("what is loud has changed")
			}
			at := func(from, to float64) (db float64) {
				a, b := len(first)+int(from*whisper.SampleRate), len(first)+int(to*whisper.SampleRate)
				return level(samples[a:b]) - level(before[a:b])
			}
			if got := at(2.2, 4.8); math.Abs(got-tt.want) > 1.5 {
				t.Errorf("lifted by %.1f dB, want %.1f", got, tt.want)
			}
			if got := at(6, 8); math.Abs(got-tt.noise) > 0.1 {
				t.Errorf("the silence after it is lifted by %.1f dB", got)
			}
		})
	}
	whisper.Even(nil)
	whisper.Even(make([]float32, 7))
}

func TestSomebodyFarFromTheMicrophoneLosesNoWords(t *testing.T) {
	t.Parallel()
	const name, wrongAtMost = "seventy-five-seconds.flac", 4 // 2 at one loudness, 14 without evening
	body, err := os.ReadFile(sound(t, clip(name)).Path)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for n, s := range references(t)[name].Sentences {
		want = append(want, words(s.Text)...)
		if n%2 == 0 {
			continue
		}
		from, to := 2*int((s.Start-0.15)*whisper.SampleRate), 2*int((s.End+0.3)*whisper.SampleRate)
		for i := from; i+1 < min(to, len(body)); i += 2 {
			v := float64(int16(uint16(body[i])|uint16(body[i+1])<<8)) * math.Pow(10, -25.0/20)
			q := uint16(int16(math.Round(v)))
			body[i], body[i+1] = byte(q), byte(q>>8)
		}
	}
	path := filepath.Join(t.TempDir(), "sound.pcm")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	h := transcribe(t, transcriber(t, "real", nil), pipeline.TranscribeRequest{
		Audio: audioAt(t, path), Language: "en", Model: tiny(), BeamSize: 1, Threads: 1,
	})
	if wrong := wordErrors(want, words(h.text())); wrong > wrongAtMost {
		t.Errorf("%d of %d words are wrong, want at most %d\n%s", wrong, len(want), wrongAtMost, h.text())
	}
}
