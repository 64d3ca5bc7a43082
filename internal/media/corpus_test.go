package media_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/media"
)

// expectation is what a file of the corpus must come to. Files that are not
// named below give their whole sound, without a warning, as long as the index
// measured it.
type expectation struct {
	secs float64    // 0 = the index's figure
	warn string     // part of the one warning
	code fault.Code // "" = there is a result
}

// The index was measured without the timeline filter. With it the sound begins
// where the picture has it, and holes keep their length.
var corpus = map[string]expectation{
	"containers/jfk_audio_starts_3s_late.mp4":       {secs: 14.01},
	"video/ax_mp4_sample_eac3.mp4":                  {secs: 1.67}, // 0.29 s of frames spread over 1.7 s
	"video/mei_sample.3gp":                          {secs: 4.84}, // the same: 1 s spread over 4.9 s
	"video/mei_FLIR_Thermal.mp4":                    {secs: 11.26},
	"video/ax_mp4_sample_ac3_aac.mp4":               {warn: "some of its sound"}, // a real fault in the sample
	"broken/corrupt_middle.mp4":                     {secs: 11.01, warn: "the first at 0:03"},
	"broken/truncated_60pct_faststart.mp4":          {warn: "6.6 of 11.0 s"},
	"broken/truncated_half.mkv":                     {warn: "5.6 of 11.0 s"},
	"broken/truncated_moov_missing.mp4":             {code: fault.FileDamaged},
	"broken/zero_length.mp4":                        {code: fault.FileEmpty},
	"broken/text_file.mov":                          {code: fault.NotMedia},
	"broken/random_bytes.mp4":                       {code: fault.NotMedia},
	"broken/hls_ssrf.mp4":                           {code: fault.NotMedia},
	"broken/ffconcat_ssrf.mp4":                      {code: fault.NotMedia},
	"broken/ffconcat_relative_reads_other_file.mp4": {code: fault.NotMedia},
	"containers/video_without_audio.mp4":            {code: fault.NoAudioTrack},
	"video/ax_mp4_sample_video_only.mp4":            {code: fault.NoAudioTrack},
	"video/ft_fixture.flv":                          {code: fault.NoAudioTrack},
	"video/ft_fixture.mpg":                          {code: fault.NoAudioTrack},
	"video/mei_xmp480qt.mov":                        {code: fault.NoAudioTrack},
	"video/ax_mp4_sample_ac4.mp4":                   {code: fault.UnsupportedCodec},
	"video/ax_mp4_sample_missing_stsd.mp4":          {code: fault.UnsupportedCodec},
	"video/ft_fixture-corrupt.mkv":                  {code: fault.FileDamaged},
	"video/ft_fixture-moov.mov":                     {code: fault.FileDamaged},
	"containers/jfk_antiphase_stereo.wav":           {warn: "cancel each other out"},
}

// TestCorpus goes through a folder of real and broken media that is too large
// and too mixed in its licences to be part of the project. 'make test' decodes
// all of it (SLUICE_TEST_ALL=1) but looks only into more of the same; a plain
// 'go test', which people run all day, decodes what has a row above, looks
// into the rest and leaves out the plain recordings of speech: the easy ones.
func TestCorpus(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	root, files := index(t)
	for name := range corpus {
		if _, ok := files[name]; !ok {
			t.Errorf("%s is not in the index", name)
		}
	}
	all := os.Getenv("SLUICE_TEST_ALL") != ""
	for name, secs := range files {
		_, special := corpus[name]
		if strings.HasPrefix(name, "speech/") && !special && !all {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := corpus[name]
			if want.secs == 0 {
				want.secs = secs
			}
			if sameKind(name) || !special && !all {
				found, err := f.Probe(t.Context(), filepath.Join(root, name))
				if err != nil {
					t.Fatal(err)
				}
				near(t, "length", float64(found.DurationMS)/1000, want.secs, 3) // the container's; its sound may be shorter
				return
			}
			audio, samples, err := extract(t, f, filepath.Join(root, name), nil)
			if want.code != "" {
				wantCode(t, err, want.code)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			near(t, "length", seconds(audio), want.secs, 0.2)
			switch {
			case want.warn == "" && len(audio.Warnings) > 0:
				t.Errorf("warnings = %+v", audio.Warnings)
			case want.warn != "" && (len(audio.Warnings) != 1 || !strings.Contains(audio.Warnings[0].Text, want.warn)):
				t.Errorf("warnings = %+v, want %q", audio.Warnings, want.warn)
			}
			if strings.Contains(name, "jfk") && rms(samples) < 300 {
				t.Errorf("rms = %.0f: the speech is lost", rms(samples))
			}
			if strings.Contains(name, "starts_3s_late") {
				near(t, "start of speech", onset(samples), 3.1, 0.3)
			}
			if strings.Contains(name, "default_second") && audio.Track != 1 {
				t.Errorf("track = %d", audio.Track)
			}
			if strings.Contains(name, "corrupt_middle") {
				if w := warning(t, audio, media.WarnPartial); w.AtMS < 3000 || w.AtMS > 3600 {
					t.Errorf("hole at %d ms", w.AtMS)
				}
			}
		})
	}
}

// sameKind says that a file is one more of a row of like ones - ten clips of
// one speaker's language, cut and coded the same way - of which only the first
// is worth its decoding; the others are looked into.
func sameKind(name string) bool {
	base := strings.TrimSuffix(strings.TrimSuffix(name, ".ogg"), ".wav")
	return strings.HasPrefix(name, "speech/fleurs-") && !strings.HasSuffix(base, "-000") ||
		strings.HasPrefix(name, "speech/sb_spk") && !strings.HasSuffix(base, "_snt1")
}

// index finds the corpus and reads the table of its INDEX.md: name and seconds of sound.
func index(t *testing.T) (root string, files map[string]float64) {
	t.Helper()
	shared := os.Getenv("SLUICE_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared") // beside the project
	}
	root, err := filepath.Abs(filepath.Join(shared, "media"))
	if err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(filepath.Join(root, "INDEX.md"))
	if err != nil {
		t.Skipf("no shared test data (SLUICE_SHARED names its folder): %v", err)
	}
	files = map[string]float64{}
	for line := range strings.Lines(string(body)) {
		cells := strings.Split(line, "|")
		if len(cells) < 6 || !strings.Contains(cells[1], "/") {
			continue
		}
		secs, err := strconv.ParseFloat(cells[4], 64)
		if err != nil {
			t.Fatalf("read the index: %q", line)
		}
		files[cells[1]] = secs
	}
	if len(files) < 150 {
		t.Fatalf("the index lists %d files: is it read right?", len(files))
	}
	return root, files
}
