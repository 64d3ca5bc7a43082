package httpapi

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/board"
	"sluice/internal/fault"
	"sluice/internal/job"
)

// The routes under /v1 are for programs that were written for OpenAI's API:
// they take what its official clients send, and answer in its shapes, also when
// they refuse. Behind them is the same line as behind every other door.

// openAIModel is the name under which those clients ask for whatever speech
// model jobs use that name none.
const openAIModel = "whisper-1"

const syncTimeout = 10 * time.Minute // unless Deps has another

// openAIRequest is a request for a transcription.
type openAIRequest struct {
	order  job.Order
	format openAIFormat
	spans  bool // segments are wanted, in verbose_json
	words  bool // words are
	stream bool
}

func (a *api) openAIRoutes() {
	text := func(doc string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: doc} }
	format := text("Form of the answer")
	for _, f := range openAIFormats() {
		format.Enum = append(format.Enum, string(f))
	}
	granularity := &huma.Schema{Type: huma.TypeString, Enum: []any{"word", "segment"}}
	body := &huma.Schema{Type: huma.TypeObject, Required: []string{"file", "model"}, Properties: map[string]*huma.Schema{
		"file":            {Type: huma.TypeString, Format: "binary", Description: "The media file, of any size: it goes straight to disk"},
		"model":           text("Name of a speech model; `whisper-1` is the one that jobs use that name none"),
		"language":        text("ISO 639-1 code or English name of the language that is spoken; without it, that of the settings"),
		"prompt":          text("Names and words that are likely to come"),
		"response_format": format,
		"timestamp_granularities[]": {
			Type: huma.TypeArray, Items: granularity, Description: "What has times in verbose_json: segments, if nothing is said",
		},
		"stream":      {Type: huma.TypeBoolean, Description: "Answer with server-sent events: `transcript.text.delta` as far as the text is, `transcript.text.done` at the end. With response_format json or text"},
		"temperature": {Type: huma.TypeNumber, Description: "Taken, and not used"},
	}}
	a.plain(huma.Operation{
		OperationID: "create-transcription", Method: http.MethodPost, Path: "/v1/audio/transcriptions", Tags: []string{"compatibility"},
		Summary: "Transcribe a file, as OpenAI's clients ask for it",
		Description: "Makes a job of the one line, and waits until it has ended, at most `server.sync_timeout`; after that it is 503 with the id of the job, " +
			"which goes on. A client that goes away does not cancel it. The same file with the same options joins the job that is live, " +
			"and gets the result of one that ended when nobody waited any more. " +
			"`X-Request-Id` is the id of the job. Errors have OpenAI's shape, with Sluice's codes; fields that Sluice does not know are ignored. " +
			"In segments, tokens, avg_logprob and no_speech_prob are not measured: they are empty and 0.",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: body, Example: map[string]string{
			"file": "(the file)", "model": openAIModel, "response_format": "verbose_json",
		}}}},
		Responses: a.openAIAnswers(map[string]*huma.Response{"200": {
			Description: "What was said",
			Headers:     map[string]*huma.Header{"X-Request-Id": {Description: "Id of the job", Schema: &huma.Schema{Type: huma.TypeString}}},
			Content: map[string]*huma.MediaType{
				"application/json": {
					Schema: &huma.Schema{OneOf: []*huma.Schema{schema[OpenAIText](a), schema[OpenAIVerbose](a)}},
					Examples: map[string]*huma.Example{
						"json":         {Summary: "response_format json", Value: exampleOpenAIText()},
						"verbose_json": {Summary: "response_format verbose_json", Value: exampleOpenAIVerbose()},
					},
				},
				"text/plain":        {Schema: text("With response_format text, srt or vtt"), Example: "Good morning.\n"},
				"text/event-stream": {Schema: text("With stream"), Example: `data: {"type":"transcript.text.done","text":"Good morning."}`},
			},
		}}, 400, 404, 409, 413, 415, 502, 503, 507),
	}, a.openAITranscribe)
	models := []OpenAIModel{exampleOpenAIModel()}
	a.plain(huma.Operation{
		OperationID: "list-openai-models", Method: http.MethodGet, Path: "/v1/models", Tags: []string{"compatibility"},
		Summary: "List the installed speech models, as OpenAI's clients ask for them",
		Responses: a.openAIAnswers(map[string]*huma.Response{"200": {
			Description: "`whisper-1`, and the models that are installed", Content: content("application/json", schema[OpenAIModelList](a), OpenAIModelList{"list", models}),
		}}),
	}, a.openAIModels)
	a.plain(huma.Operation{
		OperationID: "get-openai-model", Method: http.MethodGet, Path: "/v1/models/{model}", Tags: []string{"compatibility"},
		Summary: "Show one of them", Parameters: []*huma.Param{textParam("path", "model", "Its name")},
		Responses: a.openAIAnswers(map[string]*huma.Response{"200": {
			Description: "The model", Content: content("application/json", schema[OpenAIModel](a), exampleOpenAIModel()),
		}}, 404),
	}, a.openAIModel)
}

// openAIAnswers adds the refusals, those of the guard too, in OpenAI's shape.
func (a *api) openAIAnswers(good map[string]*huma.Response, refusals ...int) map[string]*huma.Response {
	for _, status := range append(refusals, 401, 403, 421, 500) {
		good[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status), Content: content("application/json", schema[OpenAIError](a), exampleOpenAIError(status)),
		}
	}
	return good
}

func (a *api) openAITranscribe(w http.ResponseWriter, r *http.Request) {
	if !a.waits.take() {
		a.fail(w, r, errBusy("Too many requests wait for their results."))
		return
	}
	defer a.waits.leave()
	events := a.Board.Follow("") // before the job is there: nothing of it is missed
	q, id, err := a.openAISubmit(w, r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("X-Request-Id", id)
	patience := syncTimeout
	if a.SyncTimeout != nil {
		patience = a.SyncTimeout()
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), patience, errPatience)
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if closing, ok := ctx.Value(closingKey{}).(context.Context); ok {
		defer context.AfterFunc(closing, func() { stop(errPatience) })() //nolint:contextcheck // it is the server's life, not the request's
	}
	defer func() {
		if ctx.Err() == nil {
			a.owed.paid(owedFor(q.order))
			return
		}
		a.owed.put(owedFor(q.order), id) // patience has ended before the job, or the client has gone
	}()
	if q.stream {
		a.openAIStream(ctx, w, r, waiting{api: a, id: id, events: events})
		return
	}
	j, err := waiting{api: a, id: id, events: events}.end(ctx, nil)
	if err == nil {
		err = a.openAIAnswer(w, r, q, j)
	}
	if err != nil {
		a.openAIFail(w, r, err)
	}
}

// openAIFail answers for a job that has no result. Asking again would not help
// one that has ended: OpenAI's clients do so by themselves unless they are told.
func (a *api) openAIFail(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("X-Should-Retry", strconv.FormatBool(fault.Is(err, fault.StillWorking)))
	a.fail(w, r, err)
}

// openAISubmit reads a form and makes a job of it, or joins the one that does
// the same.
func (a *api) openAISubmit(w http.ResponseWriter, r *http.Request) (q openAIRequest, id string, err error) {
	if mediaType(r) != "multipart/form-data" {
		return q, "", errMediaType("multipart/form-data")
	}
	f, err := a.readForm(w, r, "file", true)
	if err == nil {
		q, err = openAIRequestOf(f)
	}
	if err != nil {
		a.discard(r, f.file)
		return q, "", err
	}
	// What follows the form would hide that the client has gone.
	_, _ = io.CopyN(io.Discard, r.Body, 4<<10)
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	q.order.Content = hex.EncodeToString(f.file.sum.Sum(nil))
	if id := a.owed.job(owedFor(q.order)); id != "" {
		if j, err := a.Desk.Get(r.Context(), id); err == nil && j.State == job.Done {
			a.discard(r, f.file)
			return q, id, nil
		}
	}
	accepted, err := a.order(r, []job.Order{q.order}, f.file)
	if err != nil {
		return q, "", err
	}
	return q, accepted[0].Job.ID, nil
}

func openAIRequestOf(f form) (openAIRequest, error) {
	q := openAIRequest{format: openAIJSON}
	switch {
	case f.file == nil:
		return q, invalidField("file", "expected a file with a file name")
	case f.fields["model"] == "":
		return q, invalidField("model", "expected the name of a model, such as "+openAIModel)
	}
	q.order = job.Order{Source: f.file.source(), TranslateTo: new([]string), Summarize: new(bool)}
	if name := f.fields["model"]; name != openAIModel {
		q.order.Model = name
	}
	q.order.Language = languageCode(f.fields["language"])
	if prompt, ok := f.fields["prompt"]; ok {
		q.order.Prompt = &prompt
	}
	if name := f.fields["response_format"]; name != "" {
		q.format = openAIFormat(name)
	}
	if !slices.Contains(openAIFormats(), q.format) {
		return q, invalidField("response_format", "expected one of "+openAIFormatNames())
	}
	granularities := strings.Fields(f.fields["timestamp_granularities[]"])
	for _, g := range granularities {
		switch g {
		case "word":
			q.words = true
			q.order.Words = &q.words
		case "segment":
			q.spans = true
		default:
			return q, invalidField("timestamp_granularities", "expected word or segment")
		}
	}
	q.spans = q.spans || len(granularities) == 0
	if text := f.fields["stream"]; text != "" {
		stream, err := strconv.ParseBool(text)
		if err != nil {
			return q, invalidField("stream", "expected true or false")
		}
		q.stream = stream
	}
	if q.stream && q.format != openAIJSON && q.format != openAIText {
		return q, invalidField("stream", "expected response_format json or text with it")
	}
	return q, nil
}

// waiting is a request that waits for its job.
type waiting struct {
	api    *api
	id     string
	events *board.Reader // from before the job was submitted
	still  func() error  // called now and then while nothing is heard; nil = nobody cares
}

var errPatience = errors.New("waited long enough")

// look is how often a job is looked at that nothing is heard of.
const look = 15 * time.Second

// end waits until the job is done and gives it. One that ended otherwise is the
// fault that it ended with; the end of patience is fault still_working. Heard is
// called with each event of the job; nil = nobody cares.
func (w waiting) end(ctx context.Context, heard func(board.Event) error) (job.Job, error) {
	for {
		j, err := w.api.Desk.Get(ctx, w.id)
		if ctx.Err() != nil {
			return j, w.unfinished(ctx)
		}
		switch {
		case err != nil:
			return j, err
		case j.State.Final():
			return j, endOf(j)
		}
		if err := w.hear(ctx, heard); err != nil {
			return j, err
		}
		if w.still != nil {
			if err := w.still(); err != nil {
				return j, err
			}
		}
	}
}

// hear returns when the job may have ended.
func (w waiting) hear(ctx context.Context, heard func(board.Event) error) error {
	quiet, cancel := context.WithTimeout(ctx, look)
	defer cancel()
	for {
		e, err := w.events.Next(quiet)
		switch {
		case ctx.Err() != nil:
			return w.unfinished(ctx)
		case err != nil, e.Kind == board.Reset:
			return nil
		case e.JobID != w.id:
			continue
		case e.Kind == board.JobGone, e.Kind == board.JobChanged && e.Job.State.Final():
			return nil
		case heard == nil:
			continue
		}
		if err := heard(e); err != nil {
			return err
		}
	}
}

// unfinished says why nobody waits any more.
func (w waiting) unfinished(ctx context.Context) error {
	if !errors.Is(context.Cause(ctx), errPatience) {
		return context.Cause(ctx) // the client has gone
	}
	say := fmt.Sprintf("The job %s is not done yet.", w.id)
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if j, err := w.api.Desk.Get(look, w.id); err == nil && j.ReasonText != "" {
		say = fmt.Sprintf("The job %s is not done yet: %s.", w.id, strings.TrimSuffix(j.ReasonText, "."))
	}
	f := fault.New(fault.StillWorking, say, nil)
	f.RetryAfterSeconds = 5
	return f
}

// endOf is the error that a job has ended with; nil = it is done.
func endOf(j job.Job) error {
	switch {
	case j.State == job.Done:
		return nil
	case j.State == job.Canceled:
		return fault.New(fault.JobFinal, "Somebody canceled the job "+j.ID+".", nil).WithHint("Send the file again.")
	case j.State == job.Failed && j.Error != nil:
		f := fault.New(fault.Code(j.Error.Code), j.Error.Message, nil)
		if j.Error.Hint != "" {
			f.Hint = j.Error.Hint
		}
		return f
	}
	return fault.New(fault.Internal, "The job "+j.ID+" failed.", nil)
}
