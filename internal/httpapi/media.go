package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/fault"
)

// mediaPolicy is what a browser may do with media that is opened by itself:
// show it, and nothing that it might bring along.
const mediaPolicy = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"

// MediaTicket opens the media of one job for a while, for players that cannot
// send what the other routes ask for.
type MediaTicket struct {
	Ticket    string    `json:"ticket" example:"1773488813-5f0c"`
	Path      string    `json:"path" doc:"Of the media, with the ticket" example:"/api/v1/jobs/01KKNZ1M3T8Q2M4R7W9XYABCDE/media?ticket=1773488813-5f0c"`
	URL       string    `json:"url,omitempty" doc:"The same as a whole address, where the server listens on one" example:"http://127.0.0.1:7584/api/v1/jobs/01KKNZ1M3T8Q2M4R7W9XYABCDE/media?ticket=1773488813-5f0c"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (a *api) mediaRoutes() {
	ticket := textParam("query", "ticket", "Of the media's ticket; without one, the request must come as to every other route")
	ranges := textParam("header", "Range", "Which bytes are wanted, after RFC 9110")
	file := &huma.Response{
		Description: "The media, or all of it",
		Headers: map[string]*huma.Header{
			"Accept-Ranges": {Schema: &huma.Schema{Type: huma.TypeString}},
			"ETag":          {Schema: &huma.Schema{Type: huma.TypeString}},
		},
		Content: map[string]*huma.MediaType{},
	}
	for _, kind := range []string{"audio/*", "video/*", "application/octet-stream"} {
		file.Content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	part := *file
	part.Description = "The bytes that were asked for"
	a.plain(huma.Operation{
		OperationID: "get-media", Method: http.MethodGet, Path: "/api/v1/jobs/{id}/media", Tags: []string{"jobs"},
		Summary: "Play the media",
		Description: "The file that the job was made from, whole or in ranges; HEAD too. Only one that was found to be audio or video, " +
			"and that is still the file that was submitted.",
		Parameters: []*huma.Param{textParam("path", "id", "Id of the job"), ticket, ranges},
		Responses:  a.answers(map[string]*huma.Response{"200": file, "206": &part, "304": {Description: "The player has it already"}}, 403, 404, 409, 416, 422),
	}, a.media)
	register(a, huma.Operation{
		OperationID: "post-media-ticket", Method: http.MethodPost, Path: "/api/v1/jobs/{id}/media/ticket", Tags: []string{"jobs"},
		Summary:     "Get a ticket for the media",
		Description: "Whoever has it may play the media of this job for four hours, or until Sluice is started again, and do nothing else. The app's own window needs one.",
		Errors:      []int{404}, Responses: example(exampleTicket()),
	}, a.ticket)
}

func (a *api) ticket(ctx context.Context, in *idInput) (*output[MediaTicket], error) {
	j, err := a.Desk.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	text, expires := a.Tickets.issue(j.ID, time.Now())
	t := MediaTicket{Ticket: text, Path: "/api/v1/jobs/" + url.PathEscape(j.ID) + "/media?ticket=" + text, ExpiresAt: expires}
	if base := a.address(); base != "" {
		t.URL = base + t.Path
	}
	return &output[MediaTicket]{t}, nil
}

// address is where this machine's programs find the listener; "" = there is none.
func (a *api) address() string {
	if a.Address == nil {
		return ""
	}
	return strings.TrimSuffix(a.Address(), "/")
}

func (a *api) media(w http.ResponseWriter, r *http.Request) {
	for name := range r.URL.Query() {
		if name != "ticket" {
			a.fail(w, r, invalidField(name, "unknown query parameter"))
			return
		}
	}
	may, _ := r.Context().Value(sourceKey{}).(func(string) error)
	m, err := a.Media.OpenMedia(r.Context(), r.PathValue("id"), may)
	if err != nil {
		a.fail(w, r, a.mediaProblem(r, err))
		return
	}
	defer func() { _ = m.File.Close() }()
	h := w.Header()
	h.Set("Content-Type", m.Type)
	h.Set("Content-Disposition", inline(m.Name))
	h.Set("Content-Security-Policy", mediaPolicy)
	h.Set("Cache-Control", "private, no-cache") // a player goes back in what it has
	h.Set("ETag", `"`+m.Tag+`"`)
	if ticketed(r.Context()) {
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
	out := &ranged{ResponseWriter: w}
	http.ServeContent(out, r, "", m.Modified, m.File)
	if out.refused {
		h.Set("Content-Security-Policy", closedPolicy)
		writeProblem(w, invalid("The media has no such bytes.").withStatus(http.StatusRequestedRangeNotSatisfiable).withHint("Ask for a range within its length."))
	}
}

// ranged keeps back what net/http says in plain text about a range that is not
// there.
type ranged struct {
	http.ResponseWriter
	refused bool
}

func (w *ranged) WriteHeader(status int) {
	if status == http.StatusRequestedRangeNotSatisfiable {
		w.refused = true
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *ranged) Write(p []byte) (int, error) {
	if w.refused {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *ranged) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// mediaProblem gives what became of a source the status that it has for a
// reader: a job ends with it, here it is the thing that was asked for.
func (a *api) mediaProblem(r *http.Request, err error) error {
	status := map[fault.Code]int{
		fault.SourceMissing: http.StatusNotFound, fault.SourceChanged: http.StatusConflict, fault.SourceDenied: http.StatusForbidden,
	}[fault.From(err).Code]
	if status == 0 {
		return err
	}
	return a.problem(r.Context(), err).withStatus(status)
}

// inline says that a browser shows a file, and what it is called when it is kept.
func inline(name string) string {
	return "inline" + strings.TrimPrefix(disposition(name, ""), "attachment")
}

func exampleTicket() MediaTicket {
	const path = "/api/v1/jobs/01KKNZ1M3T8Q2M4R7W9XYABCDE/media?ticket=1773488813-5f0c"
	return MediaTicket{Ticket: "1773488813-5f0c", Path: path, URL: "http://127.0.0.1:7584" + path, ExpiresAt: exampleTime().Add(ticketLasts)}
}
