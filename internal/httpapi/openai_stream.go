package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sluice/internal/board"
	"sluice/internal/fault"
)

// partEvery is how often a stream looks for more text, at most.
const partEvery = time.Second

// openAIEvent is one event of a streamed transcription.
type openAIEvent struct {
	Type  string       `json:"type"`
	Delta string       `json:"delta,omitempty"`
	Text  *string      `json:"text,omitempty"`
	Usage *OpenAIUsage `json:"usage,omitempty"`
}

// openAIStream answers with server-sent events: the text as far as it is kept,
// piece by piece, and at the end all of it. An error comes as an event too, since
// the answer has begun by then.
func (a *api) openAIStream(ctx context.Context, w http.ResponseWriter, r *http.Request, job waiting) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	out := &deltas{stream: stream{w: w, conn: http.NewResponseController(w)}}
	defer out.stream.close()
	if out.stream.send(": waiting for the job\n\n") != nil {
		return
	}
	job.still = func() error { return out.stream.send(": still here\n\n") } // clients give up on silence
	var last time.Time
	j, err := job.end(ctx, func(board.Event) error {
		if time.Since(last) < partEvery {
			return nil
		}
		last = time.Now()
		return a.openAIPart(ctx, job.id, out)
	})
	if err == nil {
		err = a.openAIRest(ctx, job.id, out, usageOf(j))
	}
	if err != nil && r.Context().Err() == nil {
		_ = out.json(openAIErrorOf(a.problem(r.Context(), err))) // a client that has gone is no error of ours
	}
}

// openAIPart sends what has come since it was called last.
func (a *api) openAIPart(ctx context.Context, id string, out *deltas) error {
	t, err := a.said(ctx, id)
	if err != nil {
		if fault.Is(err, fault.NotReady) {
			return nil
		}
		return err
	}
	return out.upTo(plainText(t))
}

// openAIRest sends the end.
func (a *api) openAIRest(ctx context.Context, id string, out *deltas, usage OpenAIUsage) error {
	t, err := a.said(ctx, id)
	if err != nil {
		return err
	}
	text := plainText(t)
	return errors.Join(out.upTo(text), out.json(openAIEvent{Type: "transcript.text.done", Text: &text, Usage: &usage}))
}

// deltas sends a text that grows.
type deltas struct {
	stream stream
	sent   string
}

// upTo sends what a text has more than was sent. One that reads differently
// from there is told whole at the end.
func (d *deltas) upTo(text string) error {
	more, ok := strings.CutPrefix(text, d.sent)
	if !ok || more == "" {
		return nil
	}
	d.sent = text
	return d.json(openAIEvent{Type: "transcript.text.delta", Delta: more})
}

func (d *deltas) json(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	return d.stream.send("data: " + string(body) + "\n\n")
}
