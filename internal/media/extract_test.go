package media_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/media"
	"sluice/internal/pipeline"
)

func TestSpeechStaysWhereThePictureHasIt(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	voice := speech(t)
	plain, samples, err := extract(t, f, voice, nil)
	if err != nil {
		t.Fatal(err)
	}
	begins := onset(samples)
	late := create(t, "late.mp4", args(picture(8), is("-itsoffset", "3", "-i", voice, "-map", "0:v", "-map", "1:a", "-c:v", "mpeg4", "-c:a", "aac"))...)
	audio, samples, err := extract(t, f, late, nil)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "start of speech", onset(samples), begins+3, 0.1)
	near(t, "length", seconds(audio), seconds(plain)+3, 0.2)
	if len(audio.Warnings) > 0 {
		t.Errorf("warnings = %+v", audio.Warnings)
	}
}

func TestAGapInTheSoundIsKeptAsSilence(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	gap := create(t, "gap.mkv", args(sine(440, 20), is("-af", "aselect='lt(t,5)+gt(t,15)'", "-c:a", "aac"))...)
	audio, samples, err := extract(t, f, gap, nil)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "length", seconds(audio), 20, 0.2)
	near(t, "middle", rms(samples[6*16000:14*16000]), 0, 1)
	if end := rms(samples[16*16000 : 19*16000]); end < 500 {
		t.Errorf("sound after the gap has rms %.0f", end)
	}
}

func TestTracks(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	// The first track is silent, the second is the default.
	two := create(t, "two.mkv", args(
		is("-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono:d=4"), sine(440, 4),
		is("-map", "0:a", "-map", "1:a", "-c:a", "aac", "-disposition:a:0", "0", "-disposition:a:1", "default",
			"-metadata:s:a:1", "language=kor", "-metadata:s:a:1", "title=해설\n둘째 줄"))...)

	found, err := f.Probe(t.Context(), two)
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Tracks) != 2 || found.Tracks[0].Default || !found.Tracks[1].Default {
		t.Fatalf("tracks = %+v", found.Tracks)
	}
	second := found.Tracks[1]
	if second.Index != 1 || second.Codec != "aac" || second.Language != "kor" || second.Title != "해설 둘째 줄" ||
		second.Channels != 1 || second.SampleRate != 48000 {
		t.Errorf("second track = %+v", second)
	}
	near(t, "duration of the track", float64(second.DurationMS), 4000, 100)
	near(t, "duration of the file", float64(found.DurationMS), 4000, 100)

	first, last, beyond, below := 0, 1, 2, -1
	for name, c := range map[string]struct {
		ask   *int
		track int
		loud  bool
	}{
		"the default one is taken unasked":       {nil, 1, true},
		"the silent one is given when asked for": {&first, 0, false},
		"the other one by its number":            {&last, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			audio, samples, err := extract(t, f, two, c.ask)
			if err != nil {
				t.Fatal(err)
			}
			if audio.Track != c.track || rms(samples) > 500 != c.loud {
				t.Errorf("track %d with rms %.0f", audio.Track, rms(samples))
			}
			if len(audio.Warnings) > 0 {
				t.Errorf("warnings = %+v", audio.Warnings)
			}
		})
	}
	for name, n := range map[string]*int{"a number beyond the last": &beyond, "a number below zero": &below} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := extract(t, f, two, n)
			wantCode(t, err, fault.AudioTrackUnknown)
		})
	}
}

func TestDownmix(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	for name, c := range map[string]struct {
		file string
		args []string // nil = the file is there
		warn bool
		loud bool
	}{
		"opposite channels cancel out and one is taken": {
			wave(t, 3, 1, -1), nil, true, true,
		},
		"opposite channels after lossy coding": {
			"anti.m4a", args(sine(440, 3), is("-af", "pan=stereo|c0=c0|c1=-1*c0", "-c:a", "aac")), true, true,
		},
		"sound on the right only survives the mix": {
			wave(t, 3, 0, 1), nil, false, true,
		},
		"speech in the centre of 5.1 survives the mix": {
			"centre.mp4", args(sine(440, 3), is("-af", "pan=5.1|FC=c0", "-c:a", "aac")), false, true,
		},
		"a few quiet words after a long silence are no accident": {
			"late.mkv", args(is("-f", "lavfi", "-i", "color=size=16x16:rate=1:duration=404", "-itsoffset", "400"), sine(440, 3),
				is("-map", "0:v", "-map", "1:a", "-c:v", "mpeg4", "-af", "volume=0.1,pan=stereo|c0=c0|c1=c0")), false, false,
		},
		"silence in stereo is silence": {
			wave(t, 3, 0, 0), nil, false, false,
		},
		"rumble in the low-frequency channel is no speech": {
			"rumble.wav", args(sine(40, 3), is("-af", "pan=5.1|LFE=c0")), false, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := c.file
			if c.args != nil {
				source = create(t, c.file, c.args...)
			}
			audio, samples, err := extract(t, f, source, nil)
			if err != nil {
				t.Fatal(err)
			}
			if last := len(samples) - 3*16000; last < -1600 {
				t.Errorf("%.1f s came out", seconds(audio))
			}
			if rms(samples) > 300 != c.loud {
				t.Errorf("rms = %.0f", rms(samples))
			}
			if c.warn {
				warning(t, audio, media.WarnDownmix)
			} else if len(audio.Warnings) > 0 {
				t.Errorf("warnings = %+v", audio.Warnings)
			}
		})
	}
}

func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	whole := create(t, "whole.mp4", args(sine(440, 10), is("-c:a", "aac", "-movflags", "+faststart"))...)
	body := read(t, whole)

	t.Run("cut off, it gives what is there and says where it ends", func(t *testing.T) {
		t.Parallel()
		audio, _, err := extract(t, f, write(t, "cut.mp4", body[:len(body)*6/10]), nil)
		if err != nil {
			t.Fatal(err)
		}
		w := warning(t, audio, media.WarnPartial)
		if seconds(audio) < 4 || seconds(audio) > 7 || w.AtMS != audio.DurationMS || !strings.Contains(w.Text, "of 10.0 s") {
			t.Errorf("%.1f s, %+v", seconds(audio), w)
		}
	})
	t.Run("broken in the middle, it keeps its length and says where the hole is", func(t *testing.T) {
		t.Parallel()
		broken := bytes.Clone(body)
		for i := len(broken) / 2; i < len(broken)*6/10; i++ {
			broken[i] = byte(i * 31)
		}
		audio, _, err := extract(t, f, write(t, "broken.mp4", broken), nil)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "length", seconds(audio), 10, 0.2)
		if w := warning(t, audio, media.WarnPartial); w.AtMS < 3500 || w.AtMS > 6500 {
			t.Errorf("hole at %d ms: %s", w.AtMS, w.Text)
		}
	})
	t.Run("with its index missing, it cannot be opened", func(t *testing.T) {
		t.Parallel()
		atEnd := read(t, create(t, "end.mp4", args(sine(440, 5), is("-c:a", "aac"))...))
		_, _, err := extract(t, f, write(t, "cut.mp4", atEnd[:len(atEnd)/2]), nil)
		wantCode(t, err, fault.FileDamaged)
	})
	t.Run("with all sound overwritten, nothing can be read", func(t *testing.T) {
		t.Parallel()
		broken := bytes.Clone(body)
		from := bytes.Index(broken, []byte("mdat")) + 4
		clear(broken[from:])
		_, _, err := extract(t, f, write(t, "blank.mp4", broken), nil)
		wantCode(t, err, fault.FileDamaged)
	})
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	body := read(t, tone(t, 1))
	for _, name := range []string{
		// What a name begins with may make it an option, an address or a protocol.
		"-i", "--help.wav", "-", "http://x", "concat:a|b.wav", "data:,x", "file:x",
		// What is in it may be taken for a pattern, a quotation or an end.
		"two\nlines.wav", `100%d %s%% quo"te's $(x).wav`, " 회의 녹음 \u1112\u1161\u11ab 🎬🎧 ", strings.Repeat("가", 80) + ".wav",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), strings.ReplaceAll(name, "/", ":"))
			if err := os.WriteFile(path, body, 0o600); err != nil {
				t.Fatal(err)
			}
			audio, samples, err := extract(t, f, path, nil)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "length", seconds(audio), 1, 0.2)
			if rms(samples) < 500 {
				t.Error("there is no sound")
			}
		})
	}
}

func TestARelativeSourceIsNoProtocol(t *testing.T) {
	f := newFFmpeg(t)
	body := read(t, tone(t, 1))
	t.Chdir(t.TempDir())
	if err := os.WriteFile("concat:x", body, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Probe(t.Context(), "concat:x"); err != nil {
		t.Fatal(err)
	}
}

func TestProgressOfALongFile(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	long := tone(t, 300)
	var seen []float64
	_, err := f.Extract(t.Context(), pipeline.ExtractRequest{Source: long, Out: filepath.Join(t.TempDir(), "x")},
		func(fraction float64) { seen = append(seen, fraction) })
	if err != nil {
		t.Fatal(err)
	}
	checkProgress(t, seen)
	if len(seen) < 20 || len(seen) > 1001 {
		t.Errorf("%d reports", len(seen))
	}
}

// Nobody is told of the progress here: that is fine too.
func TestAnOldResultAndLeftoversAreReplaced(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	source := tone(t, 1)
	dir := t.TempDir()
	out := filepath.Join(dir, "sound.pcm")
	for _, name := range []string{out, out + ".part"} {
		if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	audio, err := f.Extract(t.Context(), pipeline.ExtractRequest{Source: source, Out: out}, nil)
	if err != nil {
		t.Fatal(err)
	}
	only(t, dir, "sound.pcm")
	if got := int64(len(read(t, out))); got != audio.Bytes || got < 30000 {
		t.Errorf("%d bytes", got)
	}
}

func TestAnEndedContextStartsNothing(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	source := tone(t, 1)
	why := errors.New("lease lost")
	dir := t.TempDir()
	_, err := f.Extract(canceled(t, why), pipeline.ExtractRequest{Source: source, Out: filepath.Join(dir, "x")}, nil)
	if !errors.Is(err, why) {
		t.Errorf("err = %v", err)
	}
	empty(t, dir)
}
