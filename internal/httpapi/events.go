package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/board"
)

const (
	heartbeat     = 15 * time.Second // of silence, before a comment shows that the stream lives
	writePatience = 30 * time.Second // how long one event may take to go out
)

func (a *api) eventsRoute() {
	a.plain(huma.Operation{
		OperationID: "get-events", Method: http.MethodGet, Path: "/api/v1/events", Tags: []string{"live"},
		Summary: "Follow the board",
		Description: "Server-sent events. Each has an id of the form `<boot>-<n>`, its kind as event name, and as data an Event " +
			"in JSON. Send the last id as Last-Event-ID to go on where you were; `reset` means that this is not possible " +
			"and the board must be fetched again. Connect first, then fetch the board: what it already contains has ids up to the board's. " +
			"A comment comes after 15 seconds of silence.",
		Parameters: []*huma.Param{textParam("header", "Last-Event-ID", "Id of the last event seen")},
		Responses: a.answers(map[string]*huma.Response{
			"200": {Description: "A stream without end", Content: content("text/event-stream", a.eventStream(), nil)},
		}, 503),
	}, a.events)
}

// eventStream is the schema of the stream, and puts that of its data down too.
func (a *api) eventStream() *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: "Server-sent events; the data of each is as " + schema[Event](a).Ref}
}

func (a *api) events(w http.ResponseWriter, r *http.Request) {
	if !a.readers.take() {
		a.fail(w, r, errBusy("Too many clients follow the board."))
		return
	}
	defer a.readers.leave()
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	if closing, ok := ctx.Value(closingKey{}).(context.Context); ok {
		defer context.AfterFunc(closing, stop)() //nolint:contextcheck // it is the server's life, not the request's
	}

	last := r.Header.Get("Last-Event-ID")
	reader := a.Board.Follow(last)

	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	out := stream{w: w, conn: http.NewResponseController(w)}
	defer out.close()
	opening := "retry: 2000\n\n"
	if last == "" {
		// A client that loses the connection before the first event must be able
		// to go on too, so it is told where it starts.
		opening = "id: " + reader.ID() + "\n" + opening
	}
	if out.send(opening) != nil {
		return
	}
	for {
		e, err := next(ctx, reader)
		switch {
		case err == nil:
			err = out.event(e)
		case ctx.Err() == nil: // only the heartbeat is due
			err = out.send(": still here\n\n")
		}
		if err != nil {
			return
		}
	}
}

// next waits for an event no longer than a heartbeat.
func next(ctx context.Context, reader *board.Reader) (board.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	return reader.Next(ctx)
}

// stream writes blocks that go out at once.
type stream struct {
	w    http.ResponseWriter
	conn *http.ResponseController
}

func (s stream) event(e board.Event) error {
	data, err := json.Marshal(EventOf(e))
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	return s.send(fmt.Sprintf("id: %s\nevent: %s\ndata: %s\n\n", e.ID, e.Kind, data))
}

func (s stream) send(block string) error {
	_ = s.conn.SetWriteDeadline(time.Now().Add(writePatience)) // not every transport can
	if _, err := s.w.Write([]byte(block)); err != nil {
		return err
	}
	return s.conn.Flush()
}

func (s stream) close() { _ = s.conn.SetWriteDeadline(time.Time{}) }
