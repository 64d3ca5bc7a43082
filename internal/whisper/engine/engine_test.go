package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/whisper"
	"sluice/internal/whisper/engine"
)

var errParentGone = errors.New("the parent is gone")

// request asks for a second of sound.
func request(path string) whisper.Request {
	return whisper.Request{
		ID: 1, Op: whisper.OpSpan, PCM: path, Language: "en", Pieces: []whisper.Piece{{From: 0, To: whisper.SampleRate}},
	}
}

func silence(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "silence.pcm")
	if err := os.WriteFile(path, make([]byte, 2*whisper.SampleRate), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// answer gives the code of the last error that was told.
func answer(t *testing.T, out *bytes.Buffer) string {
	t.Helper()
	code := ""
	for line := range bytes.Lines(out.Bytes()) {
		var m whisper.Message
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatal(err)
		}
		if m.Type == whisper.MsgError {
			code = m.Code
		}
	}
	return code
}

func TestTheModelIsClosedWhenNobodyAbortsItAnyMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &engine.FakeModel{OnAbort: func() { time.Sleep(time.Second) }}
		if err := engine.Serve(t.Context(), strings.NewReader(""), io.Discard, m); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if n := m.Late.Load(); n > 0 {
			t.Errorf("%d aborts after the model was closed", n)
		}
	})
}

func TestNoSpanIsBegunWhenTheParentIsGone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errParentGone)
	var out bytes.Buffer
	m := &engine.FakeModel{}
	engine.Answer(ctx, request(silence(t)), &out, m)
	if n := m.Computed.Load(); n > 0 {
		t.Errorf("%d spans were computed for nobody", n)
	}
	if code := answer(t, &out); code != whisper.CodeCanceled {
		t.Errorf("code is %q, want %q", code, whisper.CodeCanceled)
	}
}

func TestASpanThatBeginsWhileTheParentGoesIsAborted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	aborted := make(chan struct{})
	in, parent := io.Pipe()
	m := &engine.FakeModel{
		Computes: 10 * time.Second,
		OnAbort:  func() { close(aborted) },
		OnAllow: func() {
			cancel(errParentGone)
			select { // an abort that came now would be lifted
			case <-aborted:
			case <-time.After(50 * time.Millisecond):
			}
		},
	}
	ask := request(silence(t))
	written := make(chan struct{})
	go func() {
		defer close(written)
		_ = json.NewEncoder(parent).Encode(ask)
	}()
	var out bytes.Buffer
	if err := engine.Serve(ctx, in, &out, m); !errors.Is(err, errParentGone) {
		t.Errorf("error is %v, want %v", err, errParentGone)
	}
	_ = in.Close()
	<-written
	if n := m.Computed.Load(); n > 0 {
		t.Errorf("%d spans were computed for nobody", n)
	}
	if code := answer(t, &out); code != whisper.CodeCanceled {
		t.Errorf("code is %q, want %q", code, whisper.CodeCanceled)
	}
}

func TestASpanInAnotherLanguageIsToldLiveOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sound.pcm")
	if err := os.WriteFile(path, make([]byte, 4*whisper.SampleRate), 0o600); err != nil {
		t.Fatal(err)
	}
	ask := request(path)
	ask.Language, ask.Spoken, ask.Pieces[0].To = whisper.Auto, "en", 2*whisper.SampleRate
	var out bytes.Buffer
	m := &engine.FakeModel{Sounds: "de"}
	engine.Answer(t.Context(), ask, &out, m)
	if live := bytes.Count(out.Bytes(), []byte(`"type":"segment"`)); m.Computed.Load() != 2 || live != 1 {
		t.Errorf("it was heard %d times, and %d segments were told live, want 2 and 1", m.Computed.Load(), live)
	}
}
