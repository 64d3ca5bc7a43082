package whisper_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"sluice/internal/whisper"
)

// beep is so many seconds of something that is as loud as speech.
func beep(seconds float64) []byte {
	var b []byte
	for i := range int(seconds * whisper.SampleRate) {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(3000*math.Sin(2*math.Pi*300*float64(i)/whisper.SampleRate))))
	}
	return b
}

// Half a day with three seconds of speech every few minutes; what is not
// written of the file takes no disk. It runs alone, since it measures memory.
//
//nolint:paralleltest // see above
func TestManyHoursArePlannedInLittleMemory(t *testing.T) {
	const hours = 4
	path := filepath.Join(t.TempDir(), "day.pcm")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := f.Truncate(hours * 3600 * 2 * whisper.SampleRate); err != nil {
		t.Fatal(err)
	}
	var said []int64
	voice := beep(3)
	for at := int64(100); at < hours*3600-10; at += 200 + at%97 {
		said = append(said, at*whisper.SampleRate)
		if _, err := f.WriteAt(voice, 2*at*whisper.SampleRate); err != nil {
			t.Fatal(err)
		}
	}
	p, err := whisper.OpenPlan(path, 0, whisper.Planning{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	spans, end := 0, int64(0)
	for {
		s, err := p.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if s.From != end {
			t.Errorf("a span begins at %d, the one before ends at %d", s.From, end)
		}
		end = s.To
		if len(s.Pieces) == 0 {
			continue
		}
		if spans >= len(said) || len(s.Pieces) != 1 || s.Pieces[0].From > said[spans] || s.Pieces[0].To < said[spans]+3*whisper.SampleRate {
			t.Fatalf("span %d is %+v", spans, s)
		}
		spans++
	}
	runtime.ReadMemStats(&after)
	if spans != len(said) || end != p.Total() {
		t.Errorf("%d spans up to %d of %d for %d utterances", spans, end, p.Total(), len(said))
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("planning took %d bytes of memory in all", grown)
	}
}

func TestTheLeastSoundIsPlanned(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body  []byte
		heard bool
	}{
		"nothing at all":             {nil, false},
		"half a sample":              {[]byte{1}, false},
		"one sample":                 {[]byte{1, 2}, false},
		"a tenth of a second of it":  {make([]byte, 3200), false},
		"a tenth of one with a word": {beep(0.1), true},
		"an odd byte at the end":     {append(beep(0.1), 9), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "sound.pcm")
			if err := os.WriteFile(path, tt.body, 0o600); err != nil {
				t.Fatal(err)
			}
			spans := plan(t, path, 0, whisper.Planning{})
			whole := int64(len(tt.body) / 2)
			switch {
			case whole == 0 && len(spans) == 0:
			case len(spans) != 1 || spans[0].From != 0 || spans[0].To != whole:
				t.Errorf("spans %+v of %d samples", spans, whole)
			case (len(spans[0].Pieces) > 0) != tt.heard:
				t.Errorf("heard is %+v", spans[0].Pieces)
			}
		})
	}
}

// What was loud a while ago must not make what is quiet now silence.
func TestSpeechIsToldFromTheNoiseAroundIt(t *testing.T) {
	t.Parallel()
	tests := map[string][]scene{
		"quiet speech after applause":      {{20, -75, -30, nil}, {9, -14, -90, nil}, {31, -75, -48, [][2]float64{{2, 6}, {20, 24}}}},
		"quiet speech between slams":       {{30, -80, -48, [][2]float64{{2, 6}}}, {0.4, -8, -90, nil}, {12, -80, -48, [][2]float64{{1, 4}}}, {0.4, -8, -90, nil}, {30, -80, -48, [][2]float64{{1, 4}}}},
		"the noise rises":                  {{40, -72, -30, [][2]float64{{20, 24}}}, {60, -46, -28, [][2]float64{{4, 8}, {40, 44}}}},
		"the noise falls":                  {{60, -46, -28, [][2]float64{{4, 8}, {50, 54}}}, {60, -75, -50, [][2]float64{{4, 8}, {40, 44}}}},
		"one speaker is far from the mike": {{90, -70, -24, [][2]float64{{1, 9}, {20, 29}}}, {60, -70, -49, [][2]float64{{1, 9}, {20, 29}}}},
	}
	for name, parts := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var body bytes.Buffer
			var said [][2]float64
			at := 0.0
			for _, p := range parts {
				one, err := os.ReadFile(p.write(t))
				if err != nil {
					t.Fatal(err)
				}
				body.Write(one)
				for _, s := range p.said {
					said = append(said, [2]float64{at + s[0], at + s[1]})
				}
				at += p.seconds
			}
			path := filepath.Join(t.TempDir(), "parts.pcm")
			if err := os.WriteFile(path, body.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			spans := plan(t, path, 0, whisper.Planning{})
			for _, s := range said {
				if !covered(spans, s) {
					t.Errorf("%v is not heard in %+v", s, spans)
				}
			}
		})
	}
}

func FuzzAnySoundIsPlannedWithoutHolesAndPiecesStayInside(f *testing.F) {
	f.Add([]byte{}, uint16(0), uint8(1))
	f.Add(beep(0.1), uint16(1), uint8(40))
	f.Add(bytes.Repeat([]byte{0, 0x80, 0xff, 0x7f}, 300), uint16(7), uint8(200))
	f.Add(append(make([]byte, 3000), beep(0.2)...), uint16(500), uint8(255))
	f.Fuzz(func(t *testing.T, seed []byte, from uint16, times uint8) {
		body := bytes.Repeat(seed[:min(len(seed), 20_000)], int(times))
		path := filepath.Join(t.TempDir(), "sound.pcm")
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		start, whole := int64(from), int64(len(body)/2)
		at := start
		for _, s := range plan(t, path, start, whisper.Planning{WholeMS: 1000, FillMS: 900, MostMS: 5000, BreakMS: 700}) {
			if s.From != at || s.To <= s.From || s.To > whole {
				t.Fatalf("span %+v after %d of %d", s, at, whole)
			}
			last := s.From
			for _, p := range s.Pieces {
				if p.From < last || p.To <= p.From || p.To > s.To {
					t.Fatalf("piece %+v in span %+v", p, s)
				}
				last = p.To
			}
			at = s.To
		}
		if at != max(start, whole) {
			t.Errorf("planned up to %d of %d", at, whole)
		}
	})
}
