package media_test

import (
	"encoding/binary"
	"slices"
	"testing"
	"unicode"
	"unicode/utf8"

	"sluice/internal/media"
)

func FuzzWhatFFprobeAnswersIsReadOrRefused(f *testing.F) {
	f.Add([]byte(`{"streams":[{"codec_name":"aac","sample_rate":"48000","channels":2,"start_time":"0.021","duration":"7255.3","disposition":{"default":1},"tags":{"language":"kor","title":"해설\n둘"}}],"format":{"nb_streams":2,"format_name":"mov,mp4","start_time":"0.0","duration":"7255.4"}}`))
	f.Add([]byte(`{"streams":[{"codec_name":"opus","tags":{"DURATION":"00:00:11.021000000"}},{"codec_name":"unknown"}],"format":{"nb_streams":2,"format_name":"matroska,webm","duration":"404.000000"}}`))
	f.Add([]byte(`{"streams":[{"tags":{"DURATION":"1999:9223372036854775807:1e300"},"duration":"-1e400","start_time":"NaN"}],"format":{"format_name":"x","duration":"Inf","start_time":"-999999"}}`))
	f.Add([]byte(`{"streams":null,"format":{"format_name":"mp3","duration":"N/A"}}`))
	f.Add([]byte(`{"streams":[{}]}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		found, expected, err := media.ParseProbe(answer)
		if err != nil {
			return
		}
		if found.Container == "" || expected < 0 {
			t.Errorf("%d ms are expected of %+v", expected, found)
		}
		for i, track := range found.Tracks {
			if track.Index != i || track.DurationMS < 0 {
				t.Errorf("track %d is %+v", i, track)
			}
			for _, text := range []string{track.Title, track.Language} {
				if utf8.RuneCountInString(text) > 200 || slices.ContainsFunc([]rune(text), unicode.IsControl) {
					t.Errorf("track %d has a text %q", i, text)
				}
			}
		}
	})
}

func FuzzAListOfFramesIsReadTheSameHoweverItComes(f *testing.F) {
	f.Add([]byte("best_effort_timestamp_time=0.000000|nb_samples=1024\nbest_effort_timestamp_time=3.297052|nb_samples=1024\n"), uint8(7))
	f.Add([]byte("best_effort_timestamp_time=N/A|nb_samples=\n\n|=|\nnb_samples=-9223372036854775808|best_effort_timestamp_time=1e7\n"), uint8(1))
	f.Fuzz(func(t *testing.T, list []byte, step uint8) {
		first, lost := media.Holes(list, len(list)+1)
		if again, more := media.Holes(list, int(step)+1); again != first || more != lost {
			t.Errorf("%v from %v in one piece, %v from %v in pieces of %d", lost, first, more, again, step)
		}
		if lost < 0 {
			t.Errorf("lost %v", lost)
		}
	})
}

func FuzzChannelsAreMeasuredTheSameHoweverTheyCome(f *testing.F) {
	f.Add([]byte{0, 0x80, 1, 0, 0xff, 0x7f}, uint8(2), uint8(1))
	f.Add(make([]byte, 99), uint8(6), uint8(13))
	f.Fuzz(func(t *testing.T, samples []byte, channels, step uint8) {
		n := int(channels%8) + 1
		want := make([]int, n)
		for at := 0; at+1 < len(samples); at += 2 {
			v := int(int16(binary.LittleEndian.Uint16(samples[at:])))
			c := at / 2 % n
			want[c] = max(want[c], v, -v)
		}
		if got := media.Loudness(samples, n, int(step)+1); !slices.Equal(got, want) {
			t.Errorf("peaks are %v, want %v", got, want)
		}
	})
}
