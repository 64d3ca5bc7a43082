package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// Upload is a file that has arrived.
type Upload struct {
	ID     string `json:"id" example:"01KKNZ1M3T8Q2M4R7W9XYABCDE"`
	Source string `json:"source" doc:"What to give as the source of a job" example:"upload:01KKNZ1M3T8Q2M4R7W9XYABCDE"`
	Name   string `json:"name" example:"interview.mp4"`
	Size   int64  `json:"size" doc:"Bytes" example:"734003200"`
}

// uploadPatience is how long an upload may stand still before it is given up.
const uploadPatience = 5 * time.Minute

func (a *api) uploadRoute() {
	a.plain(huma.Operation{
		OperationID: "put-upload", Method: http.MethodPut, Path: "/api/v1/uploads/{name}", Tags: []string{"jobs"},
		Summary:     "Upload a file",
		Description: "The body is the file itself, of any size; it goes straight to disk. Name it as source of a job within a day.",
		Parameters:  []*huma.Param{textParam("path", "name", "The file's own name, for people")},
		RequestBody: &huma.RequestBody{Required: true, Content: content("application/octet-stream", &huma.Schema{Type: huma.TypeString, Format: "binary"}, nil)},
		Responses: a.answers(map[string]*huma.Response{
			"201": {Description: "Stored", Content: content("application/json", schema[Upload](a), nil)},
		}, 400, 413, 422, 503, 507),
	}, a.upload)
}

func (a *api) upload(w http.ResponseWriter, r *http.Request) {
	body, rest := awake(w, r.Body)
	id, src, err := a.save(r, r.PathValue("name"), body, r.ContentLength)
	rest()
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusCreated, Upload{ID: id, Source: uploadPrefix + id, Name: src.Name, Size: src.Size})
}

// save streams a body to the uploads. When the body itself broke, that is what
// went wrong, whatever the store makes of it.
func (a *api) save(r *http.Request, name string, body io.Reader, length int64) (string, job.Source, error) {
	clean, err := fileName(name)
	if err != nil {
		return "", job.Source{}, err
	}
	if !a.arrivals.take() {
		return "", job.Source{}, errBusy("Too many uploads arrive at once.")
	}
	defer a.arrivals.leave()
	watched := &watchedReader{r: body}
	id, src, err := a.Uploads.Save(r.Context(), clean, watched, length)
	if err != nil && watched.err != nil {
		err = fault.New(fault.UploadBroken, "The upload ended early.", watched.err)
	}
	return id, src, err
}

// discard removes the file of a form that came to nothing, also when the
// client has gone. What stays after an error goes with time, as any upload
// without a job.
func (a *api) discard(r *http.Request, f *savedFile) {
	if f == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 5*time.Second)
	defer cancel()
	if err := a.Uploads.Discard(ctx, f.upload); err != nil {
		a.Log.WarnContext(ctx, "upload not discarded", "upload", f.upload, "err", err)
	}
}

// fileName takes the last element of what a client calls a file: it is for
// people, and must not smuggle a path or a control character anywhere.
func fileName(name string) (string, error) {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	if !utf8.ValidString(name) {
		name = strings.ToValidUTF8(name, "_")
	}
	name = strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return -1
		}
		return c
	}, name))
	if name == "" || name == "." || name == ".." || len(name) > 255 {
		return "", invalidField("name", "expected the name of a file, of at most 255 bytes")
	}
	return name, nil
}

// watchedReader remembers how reading failed.
type watchedReader struct {
	r   io.Reader
	err error
}

func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// awake gives up on a body that stands still, however long it may take as a
// whole; rest ends the watch. Not every transport can.
func awake(w http.ResponseWriter, body io.ReadCloser) (watched io.ReadCloser, rest func()) {
	conn := http.NewResponseController(w)
	return &awakeBody{body, conn}, func() { _ = conn.SetReadDeadline(time.Time{}) }
}

type awakeBody struct {
	io.ReadCloser
	conn *http.ResponseController
}

func (b *awakeBody) Read(p []byte) (int, error) {
	_ = b.conn.SetReadDeadline(time.Now().Add(uploadPatience))
	return b.ReadCloser.Read(p)
}
