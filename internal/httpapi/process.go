package httpapi

import (
	"math"
	"net/http"
	"net/url"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/job"
)

// ProcessAnswer is what the old server answered.
type ProcessAnswer struct {
	Message string `json:"message" example:"The job is in the queue."`
	TaskID  string `json:"task_id" doc:"Id of the job" example:"01KKNZ1M3T8Q2M4R7W9XYABCDE"`
}

// processRequest is what the old server took, however it was sent.
type processRequest struct {
	VideoID   string
	Path      string
	URL       string
	Prompt    string // "" = of the settings
	ToEnglish bool
	File      *savedFile
}

const (
	videoIDKey   = "video_id" // where the id lies in a job's metadata
	promptKey    = "prompt"
	toEnglishKey = "to_english"

	maxVideoID = 500 // bytes
)

func (a *api) processRoute() {
	text := func(doc string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: doc} }
	fields := func(file bool) *huma.Schema {
		s := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{
			videoIDKey: text("Carried through as metadata.video_id"),
			"path":     text("Absolute path of a media file on this machine"),
			"url":      text("Address of a media file on the web"),
			promptKey:  text("Names and words that are likely to come"),

			toEnglishKey: {Type: huma.TypeBoolean, Description: "The recogniser translates to English"},
		}}
		if file {
			s.Properties["file"] = &huma.Schema{Type: huma.TypeString, Format: "binary", Description: "The media file, under any name"}
		}
		return s
	}
	a.plain(huma.Operation{
		OperationID: "process", Method: http.MethodPost, Path: "/process", Tags: []string{"compatibility"},
		Summary:     "Submit one file, as the old server took it",
		Description: "Either path, url or a file. Other fields that the old server did not know are ignored. Use `POST /api/v1/jobs` for anything new.",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json":                  {Schema: fields(false), Example: map[string]string{videoIDKey: "4711", "path": "/Users/mina/Movies/interview.mp4"}},
			"application/x-www-form-urlencoded": {Schema: fields(false)},
			"multipart/form-data":               {Schema: fields(true)},
		}},
		Responses: a.answers(map[string]*huma.Response{
			"202": {Description: "Accepted", Content: content("application/json", schema[ProcessAnswer](a), nil)},
		}, 400, 413, 415, 422, 503, 507),
	}, a.process)
}

func (a *api) process(w http.ResponseWriter, r *http.Request) {
	var o job.Order
	q, err := a.readProcess(w, r)
	if err == nil {
		o, err = q.order(r)
	}
	if err != nil {
		a.discard(r, q.File)
		a.fail(w, r, err)
		return
	}
	accepted, err := a.order(r, []job.Order{o}, q.File)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusAccepted, ProcessAnswer{Message: "The job is in the queue.", TaskID: accepted[0].Job.ID})
}

func (q processRequest) order(r *http.Request) (job.Order, error) {
	given := 0
	for _, is := range []bool{q.Path != "", q.URL != "", q.File != nil} {
		if is {
			given++
		}
	}
	field, o := "path", job.Order{Source: q.Path}
	switch {
	case given == 0:
		return o, invalidField("path", "expected a path, an address, or a file").
			withHint("Name a media file on this machine in path or one on the web in url, or send one as multipart/form-data.")
	case given > 1:
		return o, invalidField("path", "expected one of path, url and a file, got more")
	case len(q.VideoID) > maxVideoID:
		return o, invalidField(videoIDKey, "expected at most "+strconv.Itoa(maxVideoID)+" bytes")
	case q.URL != "" && !onWeb(q.URL):
		return o, invalidField("url", "expected an address that starts with https:// or http://")
	case q.URL != "":
		field, o.Source = "url", q.URL
	case q.File != nil:
		field, o.Source = "file", q.File.source()
	}
	if q.VideoID != "" {
		o.Metadata = map[string]string{videoIDKey: q.VideoID}
	}
	if o.ToEnglish = q.ToEnglish; q.Prompt != "" {
		o.Prompt = &q.Prompt
	}
	return o, checkSource(r, o.Source, field)
}

func (a *api) readProcess(w http.ResponseWriter, r *http.Request) (processRequest, error) {
	switch mediaType(r) {
	case "application/json":
		v, err := readJSON(w, r, maxJSON)
		if err != nil {
			return processRequest{}, err
		}
		return processJSON(v)
	case "multipart/form-data":
		f, err := a.readForm(w, r, "", false)
		if err != nil {
			return processRequest{File: f.file}, err
		}
		q := processFields(func(name string) string { return f.fields[name] })
		q.File = f.file
		return q, nil
	case "", "application/x-www-form-urlencoded":
		data, err := readAll(w, r, maxJSON)
		if err != nil {
			return processRequest{}, err
		}
		values, err := url.ParseQuery(string(data))
		if err != nil {
			return processRequest{}, invalid("The body is not a form.").withStatus(http.StatusBadRequest)
		}
		return processFields(values.Get), nil
	}
	return processRequest{}, errMediaType("a form, multipart/form-data or JSON")
}

func processFields(get func(string) string) processRequest {
	q := processRequest{VideoID: get(videoIDKey), Path: get("path"), URL: get("url"), Prompt: get(promptKey)}
	q.ToEnglish, _ = strconv.ParseBool(get(toEnglishKey)) // what is no yes is a no, as with the old server
	return q
}

// processJSON is lenient where the old server was: an id may be a number.
func processJSON(v any) (processRequest, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return processRequest{}, invalid("Expected a JSON object.")
	}
	texts := map[string]string{}
	for _, name := range []string{videoIDKey, "path", "url", promptKey, toEnglishKey} {
		switch v := m[name].(type) {
		case nil:
		case string:
			texts[name] = v
		case bool:
			if name != toEnglishKey {
				return processRequest{}, invalidField(name, "expected string")
			}
			texts[name] = strconv.FormatBool(v)
		case float64:
			if name != videoIDKey || v != math.Trunc(v) || math.Abs(v) > 1<<53 {
				return processRequest{}, invalidField(name, "expected string")
			}
			texts[name] = strconv.FormatInt(int64(v), 10)
		default:
			return processRequest{}, invalidField(name, "expected string")
		}
	}
	return processFields(func(name string) string { return texts[name] }), nil
}
