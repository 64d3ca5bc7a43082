package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// JobRequest is what a client asks for. What is left out is taken from the
// settings.
type JobRequest struct {
	Source     string            `json:"source" minLength:"1" doc:"Absolute path of a media file on this machine, or upload:ID" example:"/Users/mina/Movies/interview.mp4"`
	Title      string            `json:"title,omitempty" doc:"For people; the file's name when left out" example:"Interview with the harbour master"`
	Language   string            `json:"language,omitempty" maxLength:"16" doc:"ISO 639-1 code, or auto" example:"auto"`
	Model      string            `json:"model,omitempty" maxLength:"200" doc:"Catalog name or file stem of a speech model" example:"large-v3-turbo"`
	AudioTrack *int              `json:"audio_track,omitempty" minimum:"0" maximum:"999" doc:"From 0 among the audio tracks; without it, the default one"`
	BeamSize   int               `json:"beam_size,omitempty" minimum:"1" doc:"1 is greedy" example:"5"`
	Threads    int               `json:"threads,omitempty" minimum:"0" doc:"0 is chosen by the machine"`
	Words      *bool             `json:"words,omitempty" doc:"Whether words get times"`
	Reuse      *bool             `json:"reuse,omitempty" doc:"false: do everything anew, even what another job has finished"`
	Priority   int               `json:"priority,omitempty" doc:"Higher goes first"`
	Metadata   map[string]string `json:"metadata,omitempty" doc:"Carried through untouched"`
}

// TransformSchema takes the bounds from where they are defined.
func (JobRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	bound := func(n int) *float64 { f := float64(n); return &f }
	title := job.MaxTitle
	s.Properties["title"].MaxLength = &title
	s.Properties["beam_size"].Maximum = bound(job.MaxBeamSize)
	s.Properties["threads"].Maximum = bound(job.MaxThreads)
	s.Properties["priority"].Minimum = bound(job.MinPriority)
	s.Properties["priority"].Maximum = bound(job.MaxPriority)
	return s
}

func (q JobRequest) order() job.Order {
	return job.Order{
		Source: q.Source, Title: q.Title, Language: q.Language, Model: q.Model, AudioTrack: q.AudioTrack,
		BeamSize: q.BeamSize, Threads: q.Threads, Words: q.Words, Reuse: q.Reuse,
		Priority: q.Priority, Metadata: q.Metadata,
	}
}

// JobsRequest asks for many jobs at once: all are accepted, or none.
type JobsRequest struct {
	Jobs []JobRequest `json:"jobs" nullable:"false" minItems:"1"`
}

// TransformSchema takes the bound from where it is defined.
func (JobsRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	most := job.MaxOrders
	s.Properties["jobs"].MaxItems = &most
	return s
}

// SubmittedJob is the answer to one order.
type SubmittedJob struct {
	Job
	Existing bool `json:"existing,omitempty" doc:"An identical job was there already, or one with this Idempotency-Key"`
}

// SubmittedJobs is the answer to many.
type SubmittedJobs struct {
	Jobs []SubmittedJob `json:"jobs" nullable:"false"`
}

// Bounds of a request's body without its file.
const (
	maxJSON   = 1 << 20
	maxSubmit = maxJSON + job.MaxOrders*4<<10 // a full batch of ordinary orders
	maxKey    = 255
)

// jsonPatience is how long a client may take to send a body that fits in RAM.
const jsonPatience = 30 * time.Second

func (a *api) submitRoute() {
	single, many := schema[JobRequest](a), schema[JobsRequest](a)
	form := *a.registry.SchemaFromRef(single.Ref)
	form.Required = nil
	form.Properties = map[string]*huma.Schema{"file": {Type: huma.TypeString, Format: "binary", Description: "The media file; then without source"}}
	for name, s := range a.registry.SchemaFromRef(single.Ref).Properties {
		form.Properties[name] = s
	}
	one := SubmittedJob{Job: exampleJob()}
	location := map[string]*huma.Header{"Location": {Description: "Where the job is; only when one was submitted", Schema: &huma.Schema{Type: huma.TypeString}}}
	answer := content("application/json", &huma.Schema{OneOf: []*huma.Schema{schema[SubmittedJob](a), schema[SubmittedJobs](a)}}, one)
	key := textParam("header", "Idempotency-Key", "Names this request: sent again with the same body it gives the same jobs, with another body 409. Without it, an identical live job is returned.")
	most := maxKey
	key.Schema.MaxLength = &most
	a.plain(huma.Operation{
		OperationID: "submit-jobs", Method: http.MethodPost, Path: "/api/v1/jobs", Tags: []string{"jobs"},
		Summary: "Submit jobs",
		Description: "One job, or many with all or none. As multipart/form-data: one file named file, and the same fields " +
			"in any order (metadata as a JSON object).",
		Parameters: []*huma.Param{key},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {
				Schema: &huma.Schema{OneOf: []*huma.Schema{single, many}},
				Examples: map[string]*huma.Example{
					"one": {Summary: "One file", Value: map[string]any{"source": "/Users/mina/Movies/interview.mp4", "language": "ko"}},
					"many": {Summary: "Many files, all or none", Value: map[string]any{"jobs": []any{
						map[string]any{"source": "/Users/mina/Movies/a.mp4"},
						map[string]any{"source": "upload:01KKNZ1M3T8Q2M4R7W9XYABCDE", "title": "B"},
					}}},
				},
			},
			"multipart/form-data": {Schema: &form},
		}},
		Responses: a.answers(map[string]*huma.Response{
			"202": {Description: "Accepted", Headers: location, Content: answer},
			"200": {Description: "All of them were there already", Headers: location, Content: answer},
		}, 400, 409, 413, 415, 422, 503, 507),
	}, a.submit)
}

func (a *api) submit(w http.ResponseWriter, r *http.Request) {
	s, err := a.readOrders(w, r)
	if err != nil {
		a.discard(r, s.file)
		a.fail(w, r, err)
		return
	}
	accepted, err := a.order(r, s.orders, s.file)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	jobs, status := make([]SubmittedJob, 0, len(accepted)), http.StatusOK
	for _, got := range accepted {
		v := SubmittedJob{Job: JobOf(got.Job), Existing: got.Existing}
		if err := a.place(r.Context(), &v.Job); err != nil {
			a.Log.WarnContext(r.Context(), "position not known", "job", v.ID, "err", err) // the job is accepted all the same
		}
		if !got.Existing {
			status = http.StatusAccepted
		}
		jobs = append(jobs, v)
	}
	if s.batch {
		writeJSON(w, status, SubmittedJobs{jobs})
		return
	}
	w.Header().Set("Location", "/api/v1/jobs/"+url.PathEscape(jobs[0].ID))
	writeJSON(w, status, jobs[0])
}

// order hands orders to the desk, and removes the file of a form that no job
// is going to read. An answer for another number of jobs than were asked for
// would be a defect of the desk.
func (a *api) order(r *http.Request, orders []job.Order, file *savedFile) ([]queue.Accepted, error) {
	accepted, err := a.Desk.Submit(r.Context(), orders)
	if err == nil && len(accepted) != len(orders) {
		err = fmt.Errorf("desk answered %d orders of %d", len(accepted), len(orders))
	}
	switch {
	case err != nil && fault.From(err).Kind == fault.KindInternal: // a job may have been made before it failed
	case err != nil:
		a.discard(r, file)
	case file != nil && accepted[0].Existing && accepted[0].Job.Source.Upload != file.upload:
		a.discard(r, file)
	}
	return accepted, err
}

// submission is a request of any shape.
type submission struct {
	orders []job.Order
	batch  bool
	file   *savedFile // of a form; also when its request is refused
}

// readOrders reads a request of any shape into orders.
func (a *api) readOrders(w http.ResponseWriter, r *http.Request) (s submission, err error) {
	key, err := idempotencyKey(r)
	if err != nil {
		return s, err
	}
	var requests []JobRequest
	var body string // what KeyBody is a hash of
	switch mediaType(r) {
	case "", "application/json":
		v, err := readJSON(w, r, maxSubmit)
		if err != nil {
			return s, err
		}
		if m, ok := v.(map[string]any); ok && m["jobs"] != nil {
			s.batch = true
		}
		requests, body, err = a.decodeRequests(v, s.batch)
		if err != nil {
			return s, err
		}
	case "multipart/form-data":
		f, err := a.readForm(w, r, "file", key != "")
		s.file = f.file
		if err != nil {
			return s, err
		}
		requests, body, err = a.decodeForm(f)
		if err != nil {
			return s, err
		}
	default:
		return s, errMediaType("JSON (application/json) or multipart/form-data")
	}
	hash := sha256.Sum256([]byte(body))
	for i, q := range requests {
		if err := checkSource(r, q.Source, fieldOf(s.batch, i, "source")); err != nil {
			return s, err
		}
		o := q.order()
		if key != "" {
			o.Key, o.KeyBody = key, hex.EncodeToString(hash[:])
			if i > 0 { // a key names one job in the line; no header holds a line break
				o.Key += "\n" + strconv.Itoa(i)
			}
		}
		s.orders = append(s.orders, o)
	}
	return s, nil
}

func fieldOf(batch bool, i int, name string) string {
	if batch {
		return fmt.Sprintf("jobs[%d].%s", i, name)
	}
	return name
}

// decodeRequests checks a decoded body against the schema and gives it in its
// canonical form too: names sorted, no space, numbers in one way.
func (a *api) decodeRequests(v any, batch bool) (requests []JobRequest, canonical string, err error) {
	var s *huma.Schema
	if batch {
		s = schema[JobsRequest](a)
	} else {
		s = schema[JobRequest](a)
	}
	if err := a.validate(s, v, batch); err != nil {
		return nil, "", err
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, "", fmt.Errorf("canonical request: %w", err)
	}
	if batch {
		var q JobsRequest
		err = json.Unmarshal(text, &q)
		requests = q.Jobs
	} else {
		requests = make([]JobRequest, 1)
		err = json.Unmarshal(text, &requests[0])
	}
	if err != nil { // a value that the schema lets pass and Go does not
		return nil, "", invalid("The request does not follow the schema.")
	}
	return requests, string(text), nil
}

// validate lets huma check v. Names are checked here first: huma and Go's
// decoder take "Source" for "source", and a request with both could slip a
// value past the check.
func (a *api) validate(s *huma.Schema, v any, batch bool) error {
	var unknown []error
	top, _ := v.(map[string]any)
	unknown = append(unknown, a.unknownNames(s, top, "")...)
	if list, ok := top["jobs"].([]any); ok && batch {
		for i, item := range list {
			m, _ := item.(map[string]any)
			unknown = append(unknown, a.unknownNames(schema[JobRequest](a), m, fmt.Sprintf("jobs[%d].", i))...)
		}
	}
	if len(unknown) > 0 {
		return invalidFields(unknown)
	}
	var res huma.ValidateResult
	path := huma.NewPathBuffer([]byte("body"), 4)
	huma.Validate(a.registry, s, path, huma.ModeWriteToServer, v, &res)
	if len(res.Errors) > 0 {
		return invalidFields(res.Errors)
	}
	return nil
}

func (a *api) unknownNames(s *huma.Schema, m map[string]any, prefix string) []error {
	known := a.registry.SchemaFromRef(s.Ref).Properties
	var errs []error
	for name := range m {
		if known[name] == nil {
			errs = append(errs, &huma.ErrorDetail{Location: "body." + prefix + name, Message: "there is no such field"})
		}
	}
	return errs
}

// readJSON reads a body that must fit in RAM.
func readJSON(w http.ResponseWriter, r *http.Request, limit int64) (any, error) {
	data, err := readAll(w, r, limit)
	if err != nil {
		return nil, err
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, invalid("The body is not JSON: " + clip(err.Error(), 200) + ".").withStatus(http.StatusBadRequest)
	}
	return v, nil
}

// readAll reads a small body, patiently but not for ever.
func readAll(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Now().Add(jsonPatience)) // not every transport can
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	_ = conn.SetReadDeadline(time.Time{})
	if err != nil {
		return nil, bodyError(err)
	}
	return data, nil
}

// bodyError says why a body could not be read.
func bodyError(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return errTooLarge()
	}
	return fault.New(fault.UploadBroken, "The request ended early.", err)
}

func errMediaType(want string) *Problem {
	return invalid("The body has a media type that this route does not take.").
		withStatus(http.StatusUnsupportedMediaType).withHint("Send " + want + ".")
}

// mediaType is the media type of the body without its parameters.
func mediaType(r *http.Request) string {
	v := r.Header.Get("Content-Type")
	if v == "" {
		return ""
	}
	t, _, err := mime.ParseMediaType(v)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return "?"
	}
	return t
}

func idempotencyKey(r *http.Request) (string, error) {
	values := r.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", nil
	}
	printable := func(c rune) bool { return c > ' ' && c < 0x7f }
	key := values[0]
	if len(values) > 1 || key == "" || len(key) > maxKey || slices.ContainsFunc([]rune(key), func(c rune) bool { return !printable(c) }) {
		return "", invalidField("Idempotency-Key", fmt.Sprintf("expected one key of 1 to %d printable ASCII characters", maxKey))
	}
	return key, nil
}

// checkSource refuses what cannot be a source, and paths that this door does
// not serve. Whether the file is there is the desk's question.
func checkSource(r *http.Request, source, field string) error {
	lower := strings.ToLower(source)
	switch {
	case strings.HasPrefix(lower, "http://"), strings.HasPrefix(lower, "https://"):
		return invalidField(field, "addresses on the web are not taken yet").
			withHint("Download the file and give its path, or send it with PUT /api/v1/uploads/{name}.")
	case strings.HasPrefix(source, uploadPrefix) && len(source) > len(uploadPrefix):
		return nil
	case !filepath.IsAbs(source), strings.ContainsRune(source, 0):
		return invalidField(field, "expected an absolute path, or upload:ID").
			withHint("Give the path from / on, such as /Users/mina/Movies/interview.mp4.")
	}
	if check, ok := r.Context().Value(sourceKey{}).(func(string) error); ok {
		return check(source)
	}
	return nil
}

const uploadPrefix = "upload:"

// sourceKey is where the guard leaves its check of paths.
type sourceKey struct{}
