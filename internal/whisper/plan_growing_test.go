package whisper_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/pipeline"
	"sluice/internal/whisper"
)

// dribble lets the sound of a file grow in steps of so many bytes, one each
// millisecond, and gives it its name in the end.
func dribble(sound *pipeline.Sound, whole []byte, path string, step int) error {
	part, err := os.Create(path + pipeline.PartSuffix)
	if err != nil {
		return err
	}
	defer func() { _ = part.Close() }()
	sound.Begin(0)
	for at := 0; at < len(whole); at += step {
		n, err := part.Write(whole[at:min(at+step, len(whole))])
		if err != nil {
			return err
		}
		sound.Grow(int64(at + n))
		time.Sleep(time.Millisecond)
	}
	if err := os.Rename(part.Name(), path); err != nil {
		return err
	}
	sound.Finish(int64(len(whole)))
	return nil
}

func spansOf(ctx context.Context, path string, from int64, cfg whisper.Planning) ([]whisper.PlannedSpan, error) {
	p, err := whisper.OpenPlan(path, from, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { _ = p.Close() }()
	var spans []whisper.PlannedSpan
	for {
		s, err := p.Next(ctx)
		if errors.Is(err, io.EOF) {
			return spans, nil
		}
		if err != nil {
			return spans, err
		}
		spans = append(spans, s)
	}
}

func TestHowFastTheSoundComesChangesNothing(t *testing.T) {
	t.Parallel()
	scenes := map[string]scene{
		"speech with pauses": {200, -60, -25, every(7.3, 4, 199)},
		"sparse speech":      {150, -65, -30, every(41, 3, 149)},
		"no pause":           {100, -20, -60, nil},
		"silence":            {95.37, -65, -25, nil},
		"short":              {12.34, -65, -25, [][2]float64{{1, 4}, {5, 8}}},
		"half a minute":      {30, -65, -25, [][2]float64{{1, 4}, {25, 29.9}}},
		"a bit more":         {30.01, -65, -25, [][2]float64{{1, 4}, {25, 29.9}}},
		"a tenth of one":     {0.1, -30, -25, nil},
	}
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := scene.write(t)
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want, err := spansOf(t.Context(), path, 0, whisper.Planning{})
			if err != nil {
				t.Fatal(err)
			}
			starts := []int64{0}
			for _, s := range want {
				starts = append(starts, s.To) // where a resumed run begins
			}
			for _, step := range []int{3001, 32_000, 32_768, 320_001, len(body)} {
				for k, from := range starts {
					if k > 0 && step != 32_768 {
						continue
					}
					synctest.Test(t, func(t *testing.T) {
						sound := pipeline.NewSound()
						path := filepath.Join(t.TempDir(), "sound.pcm")
						written := make(chan error, 1)
						go func() { written <- dribble(sound, body, path, step) }()
						if err := sound.Begun(t.Context()); err != nil {
							t.Fatal(err)
						}
						got, err := spansOf(t.Context(), path, from, whisper.Planning{Growing: func(string) *pipeline.Sound { return sound }})
						if err := errors.Join(err, <-written); err != nil {
							t.Fatal(err)
						}
						if d := cmp.Diff(want[k:], got, cmp.Comparer(func(a, b []whisper.Piece) bool { return slices.Equal(a, b) })); d != "" && len(want[k:])+len(got) > 0 {
							t.Errorf("in steps of %d bytes, from %d: -whole +growing\n%s", step, from, d)
						}
					})
				}
			}
		})
	}
}

func TestAPlanEndsWithTheOneWhoMakesTheSound(t *testing.T) {
	t.Parallel()
	damaged, stopped := errors.New("damaged"), errors.New("stopped")
	tests := map[string]struct {
		end  func(sound *pipeline.Sound, cancel context.CancelCauseFunc)
		want error
	}{
		"it fails":             {func(s *pipeline.Sound, _ context.CancelCauseFunc) { s.Fail(damaged) }, damaged},
		"the listener is told": {func(_ *pipeline.Sound, cancel context.CancelCauseFunc) { cancel(stopped) }, stopped},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(scene{60, -65, -25, every(14, 3, 60)}.write(t))
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "sound.pcm")
			if err := os.WriteFile(path+pipeline.PartSuffix, body, 0o600); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				sound := pipeline.NewSound()
				sound.Begin(120_000)
				sound.Grow(int64(len(body)))
				time.AfterFunc(time.Minute, func() { tt.end(sound, cancel) })
				spans, err := spansOf(ctx, path, 0, whisper.Planning{Growing: func(string) *pipeline.Sound { return sound }})
				if !errors.Is(err, tt.want) || len(spans) == 0 {
					t.Errorf("after %d spans: %v", len(spans), err)
				}
			})
		})
	}
}

func TestSoundThatEndsBeforeItShouldIsAFault(t *testing.T) {
	t.Parallel()
	tests := map[string]func(sound *pipeline.Sound, bytes int64){
		"while it grows":   func(s *pipeline.Sound, bytes int64) { s.Grow(bytes) },
		"when it is whole": func(s *pipeline.Sound, bytes int64) { s.Finish(bytes) },
	}
	for name, tell := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := scene{40, -65, -25, every(14, 3, 40)}.write(t)
			sound := pipeline.NewSound()
			sound.Begin(120_000)
			tell(sound, 120*2*whisper.SampleRate)
			p, err := whisper.OpenPlan(path, 0, whisper.Planning{Growing: func(string) *pipeline.Sound { return sound }})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = p.Close() }()
			for range 5 { // it need not be found before the speech in front of it is told
				if _, err = p.Next(t.Context()); err != nil {
					break
				}
			}
			if f := fault.From(err); err == nil || errors.Is(err, io.EOF) || !f.Kind.Retry() {
				t.Errorf("error is %v, want a fault that is tried again", err)
			}
		})
	}
}

func TestWhatGrowsIsHeardAndNotAnOlderSoundOfItsName(t *testing.T) {
	t.Parallel()
	older, newer := scene{8, -65, -25, nil}, scene{12, -65, -25, [][2]float64{{1, 4}, {5, 8}}}
	path := older.write(t)
	body, err := os.ReadFile(newer.write(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+pipeline.PartSuffix, body, 0o600); err != nil {
		t.Fatal(err)
	}
	sound := pipeline.NewSound()
	sound.Finish(int64(len(body)))
	spans, err := spansOf(t.Context(), path, 0, whisper.Planning{Growing: func(string) *pipeline.Sound { return sound }})
	if err != nil || len(spans) != 1 || len(spans[0].Pieces) == 0 || spans[0].To != int64(len(body)/2) {
		t.Errorf("spans are %+v: %v", spans, err)
	}
}
