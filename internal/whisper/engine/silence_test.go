package engine_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"sluice/internal/whisper"
	"sluice/internal/whisper/engine"
)

func inRoot(parts ...string) string {
	return filepath.Join(append([]string{"..", "..", ".."}, parts...)...)
}

// shared is where the models and media are that are not ours to ship.
func shared(parts ...string) string {
	dir := os.Getenv("SLUICE_SHARED")
	if dir == "" {
		dir = inRoot("..", "shared")
	}
	return filepath.Join(append([]string{dir}, parts...)...)
}

// samplesOf gives the first seconds of a medium as 16-bit samples.
func samplesOf(t *testing.T, source string, seconds int) []byte {
	t.Helper()
	pcm, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-i", source, "-vn", "-ac", "1", "-ar", "16000", "-f", "s16le", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return pcm[:min(len(pcm), 2*seconds*whisper.SampleRate)]
}

// hear asks one engine for one span after another.
func hear(t *testing.T, model string, asked ...whisper.Request) []whisper.Message {
	t.Helper()
	var in, out bytes.Buffer
	for i, r := range asked {
		r.ID, r.Op, r.Threads = int64(i+1), whisper.OpSpan, 1
		if err := json.NewEncoder(&in).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	answered, input := make(chan struct{}), make(chan error, 1)
	end := sync.OnceFunc(func() { close(answered) })
	lines, feed := io.Pipe()
	go func() {
		_, err := feed.Write(in.Bytes())
		<-answered // the end of the input ends the engine
		_ = feed.Close()
		input <- err
	}()
	read, write := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := engine.Run(t.Context(), lines, write, engine.Config{Model: model, NoGPU: true})
		_ = write.Close()
		done <- err
	}()
	var results []whisper.Message
	for told := json.NewDecoder(io.TeeReader(read, &out)); ; {
		var m whisper.Message
		if told.Decode(&m) != nil {
			break
		}
		if m.Type == whisper.MsgResult || m.Type == whisper.MsgError {
			results = append(results, m)
		}
		if len(results) == len(asked) {
			end()
		}
	}
	if err := <-done; err != nil || len(results) != len(asked) {
		t.Fatalf("%d answers: %v\n%s", len(results), err, out.Bytes())
	}
	if err := <-input; err != nil {
		t.Fatal(err)
	}
	return results
}

// What came before a span, and how its language is found, says nothing of
// whether somebody speaks in it.
func TestWhetherSomebodySpeaksDependsOnTheSpanAlone(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		model, clip string
		spoken      string
	}{
		"the demo model": {inRoot("build", "models", "sluice-tiny", "sluice-tiny.bin"), inRoot("build", "models", "sluice-tiny", "clips", "seventy-five-seconds.flac"), ""},
		"many languages": {shared("models", "fixture-memo-d64-q5_0.bin"), shared("media", "containers", "jfk.m4a"), "en"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { // one engine in a process
			if _, err := os.Stat(tt.model); err != nil {
				t.Skipf("no shared test data: %v", err)
			}
			voice := samplesOf(t, tt.clip, 31) // two windows
			path := filepath.Join(t.TempDir(), "sound.pcm")
			if err := os.WriteFile(path, append(voice, make([]byte, 20*2*whisper.SampleRate)...), 0o600); err != nil {
				t.Fatal(err)
			}
			whole := int64(len(voice) / 2)
			speech := whisper.Request{PCM: path, Language: "en", Pieces: []whisper.Piece{{From: 0, To: whole}}}
			silence := whisper.Request{PCM: path, Language: "en", Pieces: []whisper.Piece{{From: whole, To: whole + 20*whisper.SampleRate}}}
			looked, prompted := speech, speech
			looked.Language, looked.Spoken = whisper.Auto, tt.spoken
			prompted.Prompt = "He said that"

			fresh := hear(t, tt.model, speech)[0]
			warm := hear(t, tt.model, silence, looked, speech, prompted)
			for i, m := range warm[1:] {
				for k := range min(len(m.Segments), len(fresh.Segments)) {
					if got, want := m.Segments[k].NoSpeech, fresh.Segments[k].NoSpeech; math.Abs(math.Log(got/want)) > 0.05 || want <= 0 || want > 0.01 {
						t.Errorf("answer %d, segment %d: nobody speaks with %v, with %v when it is heard alone", i+1, k, got, want)
					}
				}
			}
			if len(fresh.Segments) == 0 {
				t.Error("nothing was heard")
			}
			for _, s := range warm[0].Segments {
				if s.NoSpeech < 0.5 { // only one of the models has words for silence
					t.Errorf("in silence nobody speaks with %v", s.NoSpeech)
				}
			}
		})
	}
}
