package media_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/pipeline"
)

func TestSoundIsToldOfWhileItGrowsAndNeverChangesThen(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	for name, c := range map[string]struct {
		file string
		warn bool
	}{
		"one channel":                 {tone(t, 600), false},
		"two channels":                {wave(t, 600, 0.5, 0.5), false},
		"opposite ones, one is taken": {wave(t, 600, 1, -1), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sound, out := pipeline.NewSound(), filepath.Join(t.TempDir(), "sound.pcm")
			var early []byte
			heard := make(chan error, 1)
			go func() {
				there, _, err := sound.Await(t.Context(), 1)
				if err == nil {
					early, err = os.ReadFile(out + pipeline.PartSuffix)
				}
				early = early[:min(there, int64(len(early)))]
				heard <- err
			}()
			audio, err := f.Extract(t.Context(), pipeline.ExtractRequest{Source: c.file, Out: out, Sound: sound}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := <-heard; err != nil {
				t.Fatalf("nothing was told before the end: %v", err)
			}
			if sound.Expected() != 600_000 {
				t.Errorf("%d ms are expected", sound.Expected())
			}
			if len(early) == 0 || int64(len(early)) > audio.Bytes/2 {
				t.Errorf("first told of %d bytes of %d", len(early), audio.Bytes)
			}
			whole, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(early, whole[:len(early)]) {
				t.Error("what was there early is not what came out")
			}
			if (len(audio.Warnings) > 0) != c.warn {
				t.Errorf("warnings = %+v", audio.Warnings)
			}
			alone := filepath.Join(t.TempDir(), "sound.pcm")
			if _, err := f.Extract(t.Context(), pipeline.ExtractRequest{Source: c.file, Out: alone}, nil); err != nil {
				t.Fatal(err)
			}
			if same, err := os.ReadFile(alone); err != nil || !bytes.Equal(same, whole) {
				t.Errorf("a listener changes the sound: %v", err)
			}
		})
	}
}

func TestWholeSoundOfAnEarlierRunIsGoneBeforeTheNewOneIsToldOf(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	sound, out := pipeline.NewSound(), filepath.Join(t.TempDir(), "sound.pcm")
	if err := os.WriteFile(out, []byte("other words"), 0o600); err != nil {
		t.Fatal(err)
	}
	looks := 0
	_, err := f.Extract(t.Context(), pipeline.ExtractRequest{Source: tone(t, 600), Out: out, Sound: sound}, func(fraction float64) {
		if fraction == 1 {
			return
		}
		looks++
		if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("at %v the old sound is still there: %v", fraction, err)
		}
	})
	if err != nil || looks == 0 {
		t.Errorf("looked %d times, err = %v", looks, err)
	}
}

func TestNothingIsExpectedOfWhatIsNoMedia(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	sound := pipeline.NewSound()
	_, err := f.Extract(t.Context(), pipeline.ExtractRequest{
		Source: write(t, "a.mp4", []byte("no media")), Out: filepath.Join(t.TempDir(), "sound.pcm"), Sound: sound,
	}, nil)
	wantCode(t, err, fault.NotMedia)
	if sound.Expected() != 0 {
		t.Error("a length is expected")
	}
}
