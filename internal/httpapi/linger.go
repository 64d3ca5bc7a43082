package httpapi

import (
	"io"
	"net/http"
	"time"
)

// lingers is how long the rest of a body that was refused is still read, and
// thrown away. A client that sends first and reads then would otherwise find its
// connection broken, and never see why.
const lingers = 5 * time.Second

// soaked is what net/http by itself reads of a body that nobody wanted.
const soaked = 256 << 10

// lingering lets who is refused in the midst of sending read the refusal.
func lingering(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.ProtoMajor != 1 || (r.ContentLength >= 0 && r.ContentLength <= soaked) {
			h.ServeHTTP(w, r)
			return
		}
		body := &endedBody{ReadCloser: r.Body}
		out := &lingeringResponse{ResponseWriter: w, body: body}
		r.Body = body
		h.ServeHTTP(out, r)
		if !out.refused {
			return
		}
		conn := http.NewResponseController(w)
		if conn.Flush() == nil && conn.SetReadDeadline(time.Now().Add(lingers)) == nil {
			_, _ = io.Copy(io.Discard, body.ReadCloser)
		}
	})
}

// lingeringResponse ends the connection of a request that is refused before all
// of it has arrived. It keeps net/http from doing so at once.
type lingeringResponse struct {
	http.ResponseWriter
	body    *endedBody
	begun   bool
	refused bool
}

func (w *lingeringResponse) WriteHeader(status int) {
	if status >= http.StatusOK && !w.begun {
		w.begun = true
		if status >= http.StatusBadRequest && !w.body.ended && http.NewResponseController(w.ResponseWriter).EnableFullDuplex() == nil {
			w.refused = true
			w.Header().Set("Connection", "close")
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *lingeringResponse) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// endedBody knows whether it was read to its end.
type endedBody struct {
	io.ReadCloser
	ended bool
}

func (b *endedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err != nil
	return n, err
}
