package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/oklog/ulid/v2"

	"sluice/internal/disk"
	"sluice/internal/fault"
	"sluice/internal/httpapi"
	"sluice/internal/job"
)

// shellRoutes is what the page in the window can ask for beside the API. These
// routes open dialogs and write files where the user says, so no listener has
// them.
type shellRoutes struct {
	shell    *shell
	api      http.Handler // the API, bare
	language func(code string)
	resized  func(frame) error
	host     host
	began    time.Time       // when the process did
	ending   <-chan struct{} // closed when nothing behind the routes can be relied on any more
	log      *slog.Logger

	painted sync.Once
	code    atomic.Pointer[string] // the language of the page
}

// ServeHTTP answers the window.
func (h *shellRoutes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-h.ending:
		h.problem(w, r, fault.New(fault.ServerAway, "Sluice is just ending.", nil))
		return
	default:
	}
	// Only a page of the web has such an origin, and only its mistake would bring
	// one into the window.
	if strings.HasPrefix(r.Header.Get("Origin"), "http") {
		h.problem(w, r, fault.New(fault.OriginRefused, "Another web site may not use Sluice.", nil))
		return
	}
	answer := h.find(r)
	if answer == nil {
		h.api.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	v, err := answer(r)
	if err != nil {
		h.problem(w, r, err)
		return
	}
	if k, ok := v.(*kept); ok {
		k.copyTo(w)
		return
	}
	reply(w, http.StatusOK, "application/json", v)
}

// find gives what answers a request; nil = the API does.
func (h *shellRoutes) find(r *http.Request) func(*http.Request) (any, error) {
	if r.Method != http.MethodPost {
		return nil
	}
	switch r.URL.Path {
	case "/window/pick":
		return h.pick
	case "/window/save":
		return h.save
	case "/window/reveal":
		return h.reveal
	case "/window/options":
		return h.want
	case "/window/language":
		return h.speak
	case "/window/painted":
		return h.paint
	case "/window/looking":
		return h.look
	case "/window/resized":
		return h.resize
	case "/window/app":
		return h.state
	case "/window/login":
		return h.login
	case "/window/tool":
		return h.tool
	}
	return nil
}

// pick lets the user choose files and enqueues them; null when none was chosen.
func (h *shellRoutes) pick(r *http.Request) (any, error) {
	paths, err := h.shell.screen.PickFiles(r.Context())
	if err != nil || len(paths) == 0 {
		return nil, err
	}
	accepted, refused, err := h.shell.enqueue(r.Context(), paths)
	if err != nil {
		return nil, err
	}
	return httpapi.DroppedOf(accepted, refused), nil
}

// saved says where a file is now; "" = the user thought better of it.
type saved struct {
	Saved string `json:"saved"`
}

// save writes a text of a job where the user says: the transcript, in the
// language it was spoken in or another, or the summary.
func (h *shellRoutes) save(r *http.Request) (any, error) {
	var in struct {
		Job    string `json:"job"`
		Format string `json:"format"`
		Lang   string `json:"lang"`
		Part   string `json:"part"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	// The API knows the formats, the file's name, and what to say when there is
	// no transcript: it is asked like by anybody else.
	part, query := "transcript", url.Values{"format": {in.Format}}
	switch {
	case in.Part == "summary":
		part = in.Part
	case in.Part != "":
		return nil, invalid("part: expected summary.")
	case in.Lang != "":
		query.Set("lang", in.Lang)
	}
	t, err := h.get(r.Context(), "/api/v1/jobs/"+url.PathEscape(in.Job)+"/"+part+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	if t.status != http.StatusOK {
		return t, nil
	}
	_, named, err := mime.ParseMediaType(t.header.Get("Content-Disposition"))
	if err != nil {
		return nil, fmt.Errorf("name export: %w", err)
	}
	path, err := h.shell.screen.PickTarget(r.Context(), named["filename"])
	if err != nil || path == "" {
		return saved{}, err
	}
	if err := writeWhole(path, t.body.Bytes()); err != nil {
		return nil, err
	}
	return saved{path}, nil
}

// reveal shows the file of a job among its neighbours. Only the job says which
// file that is.
func (h *shellRoutes) reveal(r *http.Request) (any, error) {
	var in struct {
		Job string `json:"job"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	answer, err := h.get(r.Context(), "/api/v1/jobs/"+url.PathEscape(in.Job))
	if err != nil {
		return nil, err
	}
	if answer.status != http.StatusOK {
		return answer, nil
	}
	var of struct {
		Source struct {
			Path string `json:"path"`
		} `json:"source"`
	}
	if err := json.Unmarshal(answer.body.Bytes(), &of); err != nil {
		return nil, fmt.Errorf("read job: %w", err)
	}
	path := of.Source.Path
	if !filepath.IsAbs(path) {
		return nil, invalid("The file of this job lies in no folder of yours.")
	}
	if _, err := os.Lstat(path); err != nil {
		return nil, fault.New(fault.SourceMissing, "The file is not where it was.", err)
	}
	if err := h.shell.screen.Reveal(r.Context(), path); err != nil {
		return nil, fmt.Errorf("show file: %w", err)
	}
	return struct{}{}, nil
}

// want hears what is wanted of the files that come by themselves: dropped,
// opened or picked. What it leaves out is that of the settings.
func (h *shellRoutes) want(r *http.Request) (any, error) {
	var in struct {
		TranslateTo *[]string `json:"translate_to"`
		Summarize   *bool     `json:"summarize"`
		Summary     struct {
			Template string `json:"template"`
		} `json:"summary"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	h.shell.want(job.Order{TranslateTo: in.TranslateTo, Summarize: in.Summarize, Summary: job.Summary{Template: in.Summary.Template}})
	return struct{}{}, nil
}

// speak tells the parts outside the page which language it is in.
func (h *shellRoutes) speak(r *http.Request) (any, error) {
	var in struct {
		Language string `json:"language"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if n := len(in.Language); n < 2 || n > 16 || strings.Trim(in.Language, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		return nil, invalid("language: expected a code such as en or ko.")
	}
	h.code.Store(&in.Language)
	h.language(in.Language)
	return in, nil
}

// paint hears that the page stands, which is when a start is over for the user.
func (h *shellRoutes) paint(*http.Request) (any, error) {
	h.shell.stand()
	h.painted.Do(func() {
		h.log.Info("window painted", "dur", time.Since(h.began).Round(time.Millisecond))
	})
	return struct{}{}, nil
}

func (h *shellRoutes) problem(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.From(err)
	if f.Kind == fault.KindInternal {
		h.log.Error("request failed", "route", r.URL.Path, "err", err)
	}
	reply(w, f.Status(), "application/problem+json", httpapi.Problem{
		Title: http.StatusText(f.Status()), Status: f.Status(), Code: f.Code, Detail: f.Say, Hint: f.Hint,
	})
}

func reply(w http.ResponseWriter, status int, kind string, v any) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the window that asked is our own
}

// read decodes the body of a request; what is unknown in it is refused.
func read(r *http.Request, into any) error {
	const most = 64 << 10
	d := json.NewDecoder(io.LimitReader(r.Body, most))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fault.New(fault.RequestInvalid, "The request is not what this route takes.", err)
	}
	return nil
}

// get asks the API in process.
func (h *shellRoutes) get(ctx context.Context, target string) (*kept, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, fmt.Errorf("ask api: %w", err)
	}
	out := &kept{header: http.Header{}, status: http.StatusOK}
	h.api.ServeHTTP(out, r)
	return out, nil
}

// kept is an answer of the API, held in memory.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header         { return k.header }
func (k *kept) Write(p []byte) (int, error) { return k.body.Write(p) }
func (k *kept) WriteHeader(status int)      { k.status = status }

// copyTo gives the answer on as it is.
func (k *kept) copyTo(w http.ResponseWriter) {
	w.Header().Set("Content-Type", k.header.Get("Content-Type"))
	w.WriteHeader(k.status)
	_, _ = w.Write(k.body.Bytes())
}

// writeWhole writes a file that is there whole or not at all. One that it
// replaces leaves its rights to it.
func writeWhole(path string, body []byte) (err error) {
	defer func() {
		switch {
		case disk.Full(err):
			err = fault.New(fault.DiskFull, "The disk is full: the file was not written.", err)
		case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
			err = fault.New(fault.RequestInvalid, "Sluice may not write to that folder.", err).WithHint("Choose another folder.")
		case err != nil:
			err = fmt.Errorf("write %s: %w", filepath.Base(path), err)
		}
	}()
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a link goes on pointing there
	}
	draft := filepath.Join(filepath.Dir(path), ".sluice-"+ulid.Make().String())
	f, err := os.OpenFile(draft, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666) // less what the user's umask takes
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft) }() // gone already when all went well
	if old, err := os.Stat(path); err == nil {
		_ = f.Chmod(old.Mode().Perm()) // not every disk has rights
	}
	_, err = f.Write(body)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(draft, path)
}
