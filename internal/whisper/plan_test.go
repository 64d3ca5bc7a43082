package whisper_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/whisper"
)

// scene is made of loudness: speech is a warbling tone, the rest is noise.
type scene struct {
	seconds float64
	noise   float64 // dBFS
	speech  float64 // dBFS
	said    [][2]float64
}

func (s scene) write(t *testing.T) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	n := int(s.seconds * whisper.SampleRate)
	body := make([]byte, 0, 2*n)
	level := func(db float64) float64 { return 32768 * math.Pow(10, db/20) }
	k := 0
	for i := range n {
		at := float64(i) / whisper.SampleRate
		v := rng.NormFloat64() * level(s.noise)
		for k < len(s.said) && at >= s.said[k][1] {
			k++
		}
		if k < len(s.said) && at >= s.said[k][0] {
			v += math.Sqrt2 * level(s.speech) * math.Sin(2*math.Pi*300*at)
		}
		body = binary.LittleEndian.AppendUint16(body, uint16(int16(min(max(v, -32768), 32767))))
	}
	path := filepath.Join(t.TempDir(), "scene.pcm")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func plan(t *testing.T, path string, from int64, cfg whisper.Planning) []whisper.PlannedSpan {
	t.Helper()
	p, err := whisper.OpenPlan(path, from, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	var spans []whisper.PlannedSpan
	for {
		s, err := p.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return spans
		}
		if err != nil {
			t.Fatal(err)
		}
		spans = append(spans, s)
	}
}

func every(step, length, until float64) [][2]float64 {
	var said [][2]float64
	for at := 0.5; at+length < until; at += step {
		said = append(said, [2]float64{at, at + length})
	}
	return said
}

func TestSoundIsCutIntoSpans(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		scene scene
		cfg   whisper.Planning
		want  string // pieces in seconds, one span per bracket
	}{
		"short sound is heard as it is": {
			scene{12, -65, -25, [][2]float64{{0.6, 5}, {6, 11}}}, whisper.Planning{}, "[0.0-12.0]",
		},
		"nothing said": {
			scene{12, -65, -25, nil}, whisper.Planning{}, "[]",
		},
		"silence at the ends is left out": {
			scene{60, -65, -25, [][2]float64{{20, 25}}}, whisper.Planning{}, "[19.8-25.6]",
		},
		"a long pause ends a span": {
			scene{60, -65, -25, [][2]float64{{0.5, 5}, {30, 35}}}, whisper.Planning{}, "[0.0-5.6][29.8-35.6]",
		},
		"a pause of some seconds is shortened": {
			scene{40, -65, -25, [][2]float64{{0.5, 5}, {12, 17}, {18, 39.5}}}, whisper.Planning{}, "[0.0-6.0 11.0-17.6][17.8-40.0]",
		},
		"sentences share a span, shortened pauses between them": {
			scene{40, -65, -25, [][2]float64{{0.5, 5}, {12, 14}, {20, 22}, {30, 36}}}, whisper.Planning{}, "[0.0-6.0 11.0-15.0 19.0-23.0 29.0-36.6]",
		},
		"a clear noise is no speech": {
			scene{60, -45, -25, [][2]float64{{20, 25}}}, whisper.Planning{}, "[19.8-25.6]",
		},
		"quiet speech is heard": {
			scene{60, -80, -52, [][2]float64{{20, 25}}}, whisper.Planning{}, "[19.8-25.6]",
		},
		"loud noise is all heard": {
			scene{40, -20, -60, nil}, whisper.Planning{}, "[0.0-40.0]",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			for _, s := range plan(t, tt.scene.write(t), 0, tt.cfg) {
				got += "["
				for i, p := range s.Pieces {
					if i > 0 {
						got += " "
					}
					got += fmt.Sprintf("%.1f-%.1f", float64(p.From)/whisper.SampleRate, float64(p.To)/whisper.SampleRate)
				}
				got += "]"
			}
			if got != tt.want {
				t.Errorf("heard %s, want %s", got, tt.want)
			}
		})
	}
}

func TestSpansFollowOneAnotherAndMissNoSpeech(t *testing.T) {
	t.Parallel()
	for _, step := range []float64{2.4, 3.1, 6.5, 9, 14, 31} {
		s := scene{100, -65, -25, every(step, 2, 99)}
		path := s.write(t)
		spans := plan(t, path, 0, whisper.Planning{})
		var at int64
		for _, span := range spans {
			if span.From != at {
				t.Errorf("step %v: a span begins at %d, the one before ends at %d", step, span.From, at)
			}
			at = span.To
			heard := int64(0)
			last := span.From
			for _, p := range span.Pieces {
				if p.From < last || p.To > span.To || p.To <= p.From {
					t.Errorf("step %v: piece %v does not fit span %d to %d", step, p, span.From, span.To)
				}
				last = p.To
				heard += p.To - p.From
			}
			if heard > 30*whisper.SampleRate {
				t.Errorf("step %v: %d samples are more than the model hears at once", step, heard)
			}
		}
		if at != 100*whisper.SampleRate {
			t.Errorf("step %v: the last span ends at %d", step, at)
		}
		for _, said := range s.said {
			if !covered(spans, said) {
				t.Errorf("step %v: %v is not heard", step, said)
			}
		}
		if len(spans) > 2 {
			rest := plan(t, path, spans[1].To, whisper.Planning{})
			if fmt.Sprint(rest) != fmt.Sprint(spans[2:]) {
				t.Errorf("step %v: resumed spans are %v, want %v", step, rest, spans[2:])
			}
		}
	}
}

func TestSpeechWithoutAPauseIsCutAtTheLimit(t *testing.T) {
	t.Parallel()
	var at int64
	spans := plan(t, scene{95, -20, -60, nil}.write(t), 0, whisper.Planning{MostMS: 20_000})
	for _, s := range spans {
		if s.From != at || len(s.Pieces) != 1 || s.Pieces[0] != (whisper.Piece{From: s.From, To: s.To}) {
			t.Errorf("span %v leaves something out after %d", s, at)
		}
		at = s.To
		if s.To-s.From > 20*whisper.SampleRate {
			t.Errorf("span %v is too long", s)
		}
	}
	if at != 95*whisper.SampleRate {
		t.Errorf("the last span ends at %d", at)
	}
}

func covered(spans []whisper.PlannedSpan, said [2]float64) bool {
	from, to := int64(said[0]*whisper.SampleRate), int64(said[1]*whisper.SampleRate)
	for _, s := range spans {
		for _, p := range s.Pieces {
			if p.From <= from && to <= p.To {
				return true
			}
		}
	}
	return false
}

// Words that follow one another quickly are found several in a second. What
// made a span of them may not depend on where that second began.
func TestFromEverySpanOnTheSpansAreTheSame(t *testing.T) {
	t.Parallel()
	for _, step := range []float64{0.52, 0.58, 0.64, 0.7, 0.76, 0.82, 0.88, 0.94} {
		t.Run(fmt.Sprintf("a word every %.2f s", step), func(t *testing.T) {
			t.Parallel()
			path := scene{130, -65, -25, every(step, step-0.3, 129)}.write(t)
			whole := plan(t, path, 0, whisper.Planning{})
			if len(whole) < 4 {
				t.Fatalf("%d spans are too few to resume between", len(whole))
			}
			for k, s := range whole[:len(whole)-1] {
				if diff := cmp.Diff(whole[k+1:], plan(t, path, s.To, whisper.Planning{})); diff != "" {
					t.Errorf("from %.2f s on: -unbroken +resumed\n%s", float64(s.To)/whisper.SampleRate, diff)
				}
			}
		})
	}
}
