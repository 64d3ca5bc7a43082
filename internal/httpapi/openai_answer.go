package httpapi

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// openAIFormat is what OpenAI calls a response_format.
type openAIFormat string

const (
	openAIJSON    openAIFormat = "json"
	openAIText    openAIFormat = "text"
	openAISRT     openAIFormat = "srt"
	openAIVerbose openAIFormat = "verbose_json"
	openAIVTT     openAIFormat = "vtt"
)

func openAIFormats() []openAIFormat {
	return []openAIFormat{openAIJSON, openAIText, openAISRT, openAIVerbose, openAIVTT}
}

func openAIFormatNames() string {
	names := make([]string, 0, len(openAIFormats()))
	for _, f := range openAIFormats() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

// OpenAIText is the answer of response_format json.
type OpenAIText struct {
	Text  string      `json:"text" example:"Good morning."`
	Usage OpenAIUsage `json:"usage"`
}

// OpenAIUsage is what OpenAI would have charged for.
type OpenAIUsage struct {
	Type    string `json:"type" enum:"duration" example:"duration"`
	Seconds int64  `json:"seconds" doc:"Length of the sound" example:"4"`
}

// OpenAIVerbose is the answer of response_format verbose_json.
type OpenAIVerbose struct {
	Task     string          `json:"task" enum:"transcribe,translate" example:"transcribe"`
	Language string          `json:"language" doc:"English name of the language, in small letters" example:"english"`
	Duration float64         `json:"duration" doc:"Seconds" example:"3.4"`
	Text     string          `json:"text" example:"Good morning."`
	Segments []OpenAISegment `json:"segments,omitzero"`
	Words    []OpenAIWord    `json:"words,omitzero"`
	Usage    OpenAIUsage     `json:"usage"`
}

// OpenAISegment is a segment as OpenAI's clients know it. Times are seconds.
type OpenAISegment struct {
	ID               int     `json:"id" doc:"From 0" example:"0"`
	Seek             int64   `json:"seek" doc:"Where it begins, in hundredths of a second" example:"0"`
	Start            float64 `json:"start" example:"0.2"`
	End              float64 `json:"end" example:"3.2"`
	Text             string  `json:"text" example:"Good morning."`
	Tokens           []int   `json:"tokens" nullable:"false" doc:"Not measured: empty"`
	Temperature      float64 `json:"temperature" doc:"0: the recogniser is never made to guess"`
	AvgLogprob       float64 `json:"avg_logprob" doc:"Not measured: 0"`
	CompressionRatio float64 `json:"compression_ratio" doc:"Of the text" example:"0.62"`
	NoSpeechProb     float64 `json:"no_speech_prob" doc:"Not measured: 0"`
}

// OpenAIWord is a word with its time in seconds.
type OpenAIWord struct {
	Word  string  `json:"word" example:"Good"`
	Start float64 `json:"start" example:"0.2"`
	End   float64 `json:"end" example:"0.9"`
}

// OpenAIModelList is the answer of /v1/models.
type OpenAIModelList struct {
	Object string        `json:"object" enum:"list" example:"list"`
	Data   []OpenAIModel `json:"data" nullable:"false"`
}

// OpenAIModel is a model as OpenAI's clients know it.
type OpenAIModel struct {
	ID      string `json:"id" example:"whisper-1"`
	Object  string `json:"object" enum:"model" example:"model"`
	Created int64  `json:"created" doc:"Not known: 0" example:"0"`
	OwnedBy string `json:"owned_by" example:"sluice"`
}

// OpenAIError is an error as OpenAI's clients know it.
type OpenAIError struct {
	Error OpenAIProblem `json:"error"`
}

// OpenAIProblem is what is in it.
type OpenAIProblem struct {
	Message string     `json:"message" doc:"What happened, and what to do" example:"There is no such model."`
	Type    string     `json:"type" enum:"invalid_request_error,server_error" example:"invalid_request_error"`
	Param   *string    `json:"param" nullable:"true" doc:"Field of the request that is wrong, if one is" example:"model"`
	Code    fault.Code `json:"code" doc:"Stable name of the failure" example:"model_unknown"`
}

// openAIPath says whether a path is one of OpenAI's routes.
func openAIPath(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/v1/") }

// refuse answers with a problem, in the shape that the route's clients know.
func refuse(w http.ResponseWriter, r *http.Request, p *Problem) {
	if !openAIPath(r) {
		writeProblem(w, p)
		return
	}
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	writeJSON(w, openAIStatus(p), openAIErrorOf(p))
}

// openAIStatus is what OpenAI answers a wrong request with: it knows no 422,
// and a model that is not there is one that was not found.
func openAIStatus(p *Problem) int {
	switch {
	case p.Code == fault.ModelUnknown:
		return http.StatusNotFound
	case p.Status == http.StatusUnprocessableEntity:
		return http.StatusBadRequest
	}
	return p.Status
}

func openAIErrorOf(p *Problem) OpenAIError {
	out := OpenAIProblem{Message: strings.TrimSpace(p.Detail + " " + p.Hint), Type: "invalid_request_error", Code: p.Code}
	if p.Status >= http.StatusInternalServerError {
		out.Type = "server_error"
	}
	param := ""
	switch {
	case len(p.Fields) > 0:
		param = p.Fields[0].Field
	case p.Code == fault.ModelUnknown || p.Code == fault.ModelTooLarge:
		param = "model"
	case p.Code == fault.LanguageUnknown:
		param = "language"
	}
	if param != "" {
		out.Param = &param
	}
	return OpenAIError{out}
}

// openAIAnswer answers with the result of a job that is done.
func (a *api) openAIAnswer(w http.ResponseWriter, r *http.Request, q openAIRequest, j job.Job) error {
	switch q.format {
	case openAIJSON, openAIText, openAIVerbose:
		t, err := a.said(r.Context(), j.ID)
		if err != nil {
			return err
		}
		switch q.format {
		case openAIJSON:
			writeJSON(w, http.StatusOK, OpenAIText{plainText(t), usageOf(j)})
		case openAIText:
			writeText(w, plainText(t)+"\n")
		case openAIVerbose, openAISRT, openAIVTT:
			writeJSON(w, http.StatusOK, verboseOf(j, t, q))
		}
	case openAISRT, openAIVTT:
		var file bytes.Buffer
		if err := a.Library.Export(r.Context(), &file, j.ID, "", transcript.Format(q.format)); err != nil {
			return err
		}
		writeText(w, file.String())
	}
	return nil
}

// writeText answers with text for a program, which OpenAI's clients take as it is.
func writeText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(text)) // a client that has gone is no error of ours
}

// said is the text of a job as far as it is.
func (a *api) said(ctx context.Context, id string) (t transcript.Transcript, err error) {
	var body bytes.Buffer
	if err := a.Library.Export(ctx, &body, id, "", transcript.JSON); err != nil {
		return t, err
	}
	if err := json.Unmarshal(body.Bytes(), &t); err != nil {
		return t, fmt.Errorf("read transcript: %w", err)
	}
	return t, nil
}

// plainText is a text on one line.
func plainText(t transcript.Transcript) string {
	var body bytes.Buffer
	_ = transcript.Write(&body, t, transcript.Text, transcript.Options{}) // a buffer takes everything
	return transcript.OneLine(body.String())
}

func verboseOf(j job.Job, t transcript.Transcript, q openAIRequest) OpenAIVerbose {
	out := OpenAIVerbose{Task: "transcribe", Language: languageName(t.Language), Duration: seconds(j.DurationMS), Text: plainText(t), Usage: usageOf(j)}
	if q.spans {
		out.Segments = make([]OpenAISegment, 0, len(t.Segments))
	}
	if q.words {
		out.Words = []OpenAIWord{}
	}
	for i, s := range t.Segments {
		if q.spans {
			out.Segments = append(out.Segments, OpenAISegment{
				ID: i, Seek: s.StartMS / 10, Start: seconds(s.StartMS), End: seconds(s.EndMS),
				Text: s.Text, Tokens: []int{}, CompressionRatio: compression(s.Text),
			})
		}
		if !q.words {
			continue
		}
		for _, word := range s.Words {
			out.Words = append(out.Words, OpenAIWord{strings.TrimSpace(word.Text), seconds(word.StartMS), seconds(word.EndMS)})
		}
	}
	return out
}

// usageOf is the length of the sound, in whole seconds that have begun.
func usageOf(j job.Job) OpenAIUsage {
	return OpenAIUsage{Type: "duration", Seconds: int64(math.Ceil(seconds(j.DurationMS)))}
}

func seconds(ms int64) float64 { return float64(ms) / 1000 }

// compression is how many times smaller zlib makes a text: much for one that
// repeats itself.
func compression(text string) float64 {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return math.Round(float64(len(text))/float64(out.Len())*1000) / 1000
}

func (a *api) openAIModels(w http.ResponseWriter, r *http.Request) {
	list, err := a.openAIModelList(r.Context())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, OpenAIModelList{"list", list})
}

func (a *api) openAIModel(w http.ResponseWriter, r *http.Request) {
	list, err := a.openAIModelList(r.Context())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	for _, m := range list {
		if m.ID == r.PathValue("model") {
			writeJSON(w, http.StatusOK, m)
			return
		}
	}
	a.fail(w, r, fault.New(fault.ModelUnknown, "No speech model of this name is installed.", nil))
}

func (a *api) openAIModelList(ctx context.Context) ([]OpenAIModel, error) {
	models, err := a.Models.List(ctx)
	if err != nil {
		return nil, err
	}
	out := []OpenAIModel{openAIModelOf(openAIModel)}
	for _, m := range models {
		if m.Installed && !m.Damaged {
			out = append(out, openAIModelOf(m.Name))
		}
	}
	return out, nil
}

func openAIModelOf(name string) OpenAIModel {
	return OpenAIModel{ID: name, Object: "model", OwnedBy: "sluice"}
}

func exampleOpenAIModel() OpenAIModel { return openAIModelOf(openAIModel) }

func exampleOpenAIText() OpenAIText {
	return OpenAIText{"Good morning.", OpenAIUsage{"duration", 4}}
}

func exampleOpenAIVerbose() OpenAIVerbose {
	t := transcript.Transcript{Language: "en", Complete: true, Segments: []transcript.Segment{{
		ID: 1, StartMS: 200, EndMS: 3200, Text: "Good morning.",
		Words: []transcript.Word{{StartMS: 200, EndMS: 900, Text: "Good"}, {StartMS: 900, EndMS: 3200, Text: "morning."}},
	}}}
	return verboseOf(job.Job{DurationMS: 3400}, t, openAIRequest{spans: true, words: true})
}

// exampleOpenAIError shows what a status is answered with.
func exampleOpenAIError(status int) OpenAIError {
	f := map[int]*fault.Fault{
		400: fault.New(fault.FileDamaged, "The file is damaged.", nil),
		401: fault.New(fault.TokenRequired, "The token is missing or wrong.", nil),
		403: fault.New(fault.OriginRefused, "Another web site may not use Sluice.", nil),
		404: fault.New(fault.ModelUnknown, "There is no speech model of this name.", nil),
		409: fault.New(fault.JobFinal, "Somebody canceled the job 01KKNZ1M3T8Q2M4R7W9XYABCDE.", nil),
		413: errTooLarge(),
		421: fault.New(fault.HostRefused, "This server does not go by that name.", nil),
		502: fault.New(fault.OllamaFailed, "Ollama answers with an error.", nil),
		503: fault.New(fault.StillWorking, "The job 01KKNZ1M3T8Q2M4R7W9XYABCDE is not done yet: needs 2.1 GB, 1.4 GB free.", nil),
		507: fault.New(fault.DiskFull, "The disk is full.", nil),
	}[status]
	switch {
	case status == http.StatusUnsupportedMediaType:
		return openAIErrorOf(errMediaType("multipart/form-data"))
	case f == nil:
		f = fault.New(fault.Internal, "", nil)
	}
	return openAIErrorOf(problemOf(f))
}
