package media_test

import (
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/internal/fault"
	"sluice/internal/media"
)

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

func TestASmallFileCannotFillTheDisk(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	// Five seconds of sound, with 25 minutes between them that take no byte.
	crafted := create(t, "holes.mkv", args(sine(440, 5), is("-af", "asetpts='PTS+floor(T)*1500/TB'", "-ar", "8000", "-c:a", "aac", "-b:a", "8k"))...)
	_, _, err := extract(t, f, crafted, nil)
	wantCode(t, err, fault.FileDamaged)
	if err != nil && !strings.Contains(err.Error(), "time stamps") {
		t.Errorf("err = %v", err)
	}
}

func TestPlausible(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bytes int64
		sound time.Duration
		want  bool
	}{
		"20 KB with five holes of an hour":                {20 * kib, 5 * time.Hour, false},
		"39 KB with five holes of an hour":                {39 * kib, 5 * time.Hour, false},
		"a word after 50 minutes of nothing":              {2 * kib, 50 * time.Minute, true},
		"a minute on the phone with a pause of two hours": {600 * 60, 2*time.Hour + time.Minute, true},
		"twelve hours on the phone with one missing":      {600 * 11 * 3600, 12 * time.Hour, true},
		"a day with every second minute missing":          {600 * 12 * 3600, 24 * time.Hour, true},
		"ten hours of silence as AAC":                     {63 * 36000, 10 * time.Hour, true},
		"two days of silence as WavPack":                  {17 * 24 * 3600, 48 * time.Hour, true},
		"an empty file":                                   {0, 2 * time.Hour, false},
		"a film of a terabyte":                            {1 << 40, 48 * time.Hour, true},
		"a file of every byte there is":                   {1<<63 - 1, 48 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := media.Plausible(c.bytes); got >= c.sound != c.want {
				t.Errorf("at most %s", got)
			}
		})
	}
}

// tells is an ffprobe that tells of so many seconds of sound.
func tells(t *testing.T, seconds string) string {
	t.Helper()
	return script(t, "ffprobe", `echo '{"streams":[{"codec_name":"pcm_s16le","channels":1,"sample_rate":"16000"}],`+
		`"format":{"format_name":"wav","nb_streams":1,"duration":"`+seconds+`"}}'`)
}

// told is an extractor with that ffprobe and an ffmpeg that gives so many bytes.
func told(t *testing.T, seconds string, bytes int, cfg media.Config) *media.FFmpeg {
	t.Helper()
	cfg.FFprobe = tells(t, seconds)
	cfg.FFmpeg = script(t, "ffmpeg", "exec head -c "+strconv.Itoa(bytes)+" /dev/zero")
	return media.New(cfg, nil)
}

func TestTheLongestSound(t *testing.T) {
	t.Parallel()
	source := write(t, "a.wav", []byte("RIFF\x00\x00\x00\x00WAVE"))
	for name, c := range map[string]struct {
		bytes int
		code  fault.Code
	}{
		"as long as it may be": {64_000, ""},
		"a little longer":      {64_032, fault.FileDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			audio, _, err := extract(t, told(t, "2", c.bytes, media.Config{Longest: 2 * time.Second}), source, nil)
			switch {
			case c.code != "":
				wantCode(t, err, c.code)
			case err != nil || audio.DurationMS != 2000:
				t.Errorf("%+v, %v", audio, err)
			}
		})
	}
}

func TestRoomOnTheDisk(t *testing.T) {
	t.Parallel()
	source := write(t, "a.wav", []byte("RIFF\x00\x00\x00\x00WAVE"))
	for name, c := range map[string]struct {
		seconds string // as the file states
		bytes   int    // as they come
		minFree int64
		free    []int64 // one after another, the last one again and again
		code    fault.Code
		hint    string
	}{
		"2 GiB stay free unless something else is said": {"2", 64_000, 0, []int64{2*gib + 63_999}, fault.DiskFull, "Free 1 B"},
		"what just fits is taken":                       {"2", 64_000, 0, []int64{2*gib + 64_000}, "", ""},
		"another space that stays free":                 {"2", 64_000, 5 * gib, []int64{4 * gib}, fault.DiskFull, "GB"},
		"a disk that may be filled":                     {"2", 64_000, -1, []int64{64_000}, "", ""},
		"a disk that may be filled and is full":         {"2", 64_000, -1 << 40, []int64{63_000}, fault.DiskFull, "Free 1"},
		"a length that nobody states":                   {"N/A", 64_000, 0, []int64{2 * gib}, "", ""},
		"a length that cannot be true":                  {"9000000", 64_000, 0, []int64{2*gib + 3601*32_000}, "", ""},
		"a disk that fills up meanwhile":                {"2", 65 * mib, 0, []int64{1 << 40, gib}, fault.DiskFull, "GB"},
		"a disk that does not":                          {"2", 65 * mib, 0, []int64{1 << 40, 1 << 40}, "", ""},
		"a disk that does not tell":                     {"2", 64_000, 0, nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			looks := 0
			f := told(t, c.seconds, c.bytes, media.Config{MinFree: c.minFree}).OnDisk(func(string) (int64, error) {
				if c.free == nil {
					return 0, errors.New("no idea")
				}
				looks++
				return c.free[min(looks, len(c.free))-1], nil
			})
			_, _, err := extract(t, f, source, nil)
			switch {
			case c.code == "" && err != nil:
				t.Errorf("err = %v", err)
			case c.code != "":
				wantCode(t, err, c.code)
				if !strings.Contains(fault.From(err).Hint, c.hint) {
					t.Errorf("hint = %q", fault.From(err).Hint)
				}
			}
			if looks != len(c.free) {
				t.Errorf("looked %d times", looks)
			}
		})
	}
}

func TestTheRealDiskIsAsked(t *testing.T) {
	t.Parallel()
	source := write(t, "a.wav", []byte("RIFF\x00\x00\x00\x00WAVE"))
	_, _, err := extract(t, told(t, "2", 64_000, media.Config{MinFree: 1 << 60}), source, nil)
	wantCode(t, err, fault.DiskFull)
}

func TestASlowDiskLosesNoSound(t *testing.T) {
	t.Parallel()
	source := write(t, "a.wav", []byte("RIFF\x00\x00\x00\x00WAVE"))
	f := told(t, "2", 64_000, media.Config{Grace: time.Millisecond})
	out := filepath.Join(t.TempDir(), "x")
	audio, err := f.Extract(t.Context(), request(source, out), func(float64) {
		<-time.After(150 * time.Millisecond) // ffmpeg has long ended
	})
	if err != nil || audio.Bytes != 64_000 || len(read(t, out)) != 64_000 {
		t.Errorf("%+v, %v", audio, err)
	}
}
