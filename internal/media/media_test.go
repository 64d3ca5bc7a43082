package media_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/media"
	"sluice/internal/pipeline"
)

// needFFmpeg skips where the programs under test are not installed.
func needFFmpeg(t *testing.T) {
	t.Helper()
	for _, name := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed: nothing to test against", name)
		}
	}
}

func newFFmpeg(t *testing.T) *media.FFmpeg {
	t.Helper()
	needFFmpeg(t)
	return media.New(media.Config{}, nil)
}

// create runs ffmpeg to make a media file and returns its path.
func create(t *testing.T, name string, args ...string) string {
	t.Helper()
	needFFmpeg(t)
	path := filepath.Join(t.TempDir(), name)
	args = append([]string{"-nostdin", "-y", "-loglevel", "error"}, args...)
	out, err := exec.CommandContext(t.Context(), "ffmpeg", append(args, "file:"+path)...).CombinedOutput()
	if err != nil {
		t.Fatalf("make %s: %v\n%s", name, err, out)
	}
	return path
}

// speech has a voice say something and returns the path of the WAV.
func speech(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "speech.wav")
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Skip("espeak-ng is not installed: no voice to test with")
	}
	out, err := exec.CommandContext(t.Context(), "espeak-ng", "-w", path, "A sluice is a gate that lets water through.").CombinedOutput()
	if err != nil {
		t.Fatalf("speak: %v\n%s", err, out)
	}
	return path
}

// tone writes a WAV of 440 Hz in one channel: what most tests need is no more
// than some sound, and starting ffmpeg to make it takes longer than the test.
func tone(t *testing.T, secs int) string {
	t.Helper()
	return wave(t, secs, 1)
}

// wave writes a WAV of 440 Hz and 16 kHz, as loud in each channel as is said.
func wave(t *testing.T, secs int, channels ...float64) string {
	t.Helper()
	var second []byte
	for i := range 16000 {
		for _, volume := range channels {
			v := volume * 4096 * math.Sin(2*math.Pi*440*float64(i)/16000)
			second = binary.LittleEndian.AppendUint16(second, uint16(int16(v)))
		}
	}
	width := len(channels)
	var b bytes.Buffer
	for _, field := range []any{
		[]byte("RIFF"), uint32(36 + secs*len(second)), []byte("WAVEfmt "), uint32(16),
		uint16(1), uint16(width), uint32(16000), uint32(len(second)), uint16(2 * width), uint16(16),
		[]byte("data"), uint32(secs * len(second)), bytes.Repeat(second, secs),
	} {
		if err := binary.Write(&b, binary.LittleEndian, field); err != nil {
			t.Fatal(err)
		}
	}
	return write(t, "tone.wav", b.Bytes())
}

// write makes a file of bytes.
func write(t *testing.T, name string, body []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// extract runs the default extraction and checks what every result promises.
func extract(t *testing.T, f *media.FFmpeg, source string, track *int) (pipeline.Audio, []int16, error) {
	t.Helper()
	dir := t.TempDir()
	out := filepath.Join(dir, "sound.pcm")
	var seen []float64
	audio, err := f.Extract(t.Context(), pipeline.ExtractRequest{Source: source, Track: track, Out: out},
		func(fraction float64) { seen = append(seen, fraction) })
	if err != nil {
		empty(t, dir)
		return audio, nil, err
	}
	only(t, dir, "sound.pcm")
	checkProgress(t, seen)
	raw := read(t, out)
	if audio.Path != out || audio.Bytes != int64(len(raw)) || audio.DurationMS != int64(len(raw))/32 {
		t.Errorf("audio = %+v, but the file has %d bytes", audio, len(raw))
	}
	samples := make([]int16, len(raw)/2)
	for i := range samples {
		samples[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	return audio, samples, nil
}

func checkProgress(t *testing.T, seen []float64) {
	t.Helper()
	last := 0.0
	for _, s := range seen {
		if s < last || s > 1 {
			t.Fatalf("progress goes from %v to %v", last, s)
		}
		last = s
	}
	if last != 1 {
		t.Fatalf("progress ends at %v: %v", last, seen)
	}
	for i, s := range seen {
		if s == 1 && i != len(seen)-1 {
			t.Fatalf("progress is 1 before the end: %v", seen)
		}
	}
}

func empty(t *testing.T, dir string) {
	t.Helper()
	only(t, dir)
}

// only checks what a folder holds.
func only(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("folder holds %q, want %q", got, want)
	}
}

// onset is where sound first rises above -40 dBFS, in seconds.
func onset(samples []int16) float64 {
	for i, s := range samples {
		if s > 328 || s < -328 {
			return float64(i) / 16000
		}
	}
	return math.Inf(1)
}

func rms(samples []int16) float64 {
	sum := 0.0
	for _, s := range samples {
		sum += float64(s) * float64(s)
	}
	return math.Sqrt(sum / float64(max(1, len(samples))))
}

func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Fatalf("err = %v, want %s", err, code)
	}
	var f *fault.Fault
	if errors.As(err, &f) && (f.Say == "" || f.Hint == "" || strings.Contains(f.Say, "/")) {
		t.Errorf("words for people: %q, %q", f.Say, f.Hint)
	}
}

func warning(t *testing.T, a pipeline.Audio, code string) job.Warning {
	t.Helper()
	for _, w := range a.Warnings {
		if w.Code == code {
			return w
		}
	}
	t.Fatalf("warnings = %+v, want %s", a.Warnings, code)
	return job.Warning{}
}

func near(t *testing.T, what string, got, want, by float64) {
	t.Helper()
	if math.Abs(got-want) > by {
		t.Errorf("%s = %.3f, want %.3f", what, got, want)
	}
}

func seconds(a pipeline.Audio) float64 { return float64(a.DurationMS) / 1000 }

func sine(hz, secs int) []string {
	return []string{"-f", "lavfi", "-i", "sine=frequency=" + strconv.Itoa(hz) + ":sample_rate=48000:duration=" + strconv.Itoa(secs)}
}

func picture(secs int) []string {
	return []string{"-f", "lavfi", "-i", "testsrc=size=64x64:rate=10:duration=" + strconv.Itoa(secs)}
}

func args(parts ...[]string) []string {
	var all []string
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func is(words ...string) []string { return words }

// canceled is a context that has ended for a reason of its own.
func canceled(t *testing.T, why error) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	return ctx
}
