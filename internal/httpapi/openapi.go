package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/board"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/settings"
	"sluice/internal/transcript"
)

// OpenAPI is the document of /openapi.json, for those who want it without a
// server.
func OpenAPI(version string) ([]byte, error) {
	return newAPI(Deps{Version: version}).document()
}

func (a *api) document() ([]byte, error) {
	doc, err := json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	return append(doc, '\n'), nil
}

func (a *api) openAPIRoute() {
	a.plain(huma.Operation{
		OperationID: "get-openapi", Method: http.MethodGet, Path: "/openapi.json", Tags: []string{"server"},
		Summary:   "This document",
		Responses: map[string]*huma.Response{"200": {Description: "OpenAPI 3.1", Content: content("application/openapi+json", &huma.Schema{Type: huma.TypeObject}, nil)}},
	}, func(w http.ResponseWriter, r *http.Request) {
		doc, err := a.document()
		if err != nil {
			a.fail(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(doc)
	})
}

// humaConfig leaves out what huma would add by default: a page of docs that
// loads its scripts from elsewhere, and "$schema" members in every body.
func humaConfig(version string, registry huma.Registry) huma.Config {
	format := huma.Format{Marshal: writeWhole, Unmarshal: json.Unmarshal}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Sluice", Version: version, Description: description()},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", Description: "Only when server.token is set."},
				},
			},
			Security: []map[string][]string{{}, {"token": {}}},
			Servers:  []*huma.Server{{URL: "http://127.0.0.1:7584", Description: "The default address"}},
			Tags: []*huma.Tag{
				{Name: "jobs", Description: "Hand files in, follow them, get the results."},
				{Name: "queue", Description: "The line as a whole."},
				{Name: "transcripts", Description: "Find words in the results."},
				{Name: "live", Description: "What happens right now."},
				{Name: "webhooks", Description: "Who is told of what has ended."},
				{Name: "machine", Description: "Memory, what holds it, what fits, and the models."},
				{Name: "server", Description: "About the server itself."},
				{Name: "compatibility", Description: "Routes of the server that Sluice replaces."},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{ownErrors},
	}
}

// writeWhole encodes before it writes, so that an error can only be ours: huma
// panics with what this returns, and a client that has gone is no reason to.
func writeWhole(w io.Writer, v any) error {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, _ = w.Write(body.Bytes())
	return nil
}

// description introduces the API and prints the table of fault codes.
func description() string {
	var b strings.Builder
	b.WriteString("Sluice runs speech-to-text jobs one at a time. Hand a file in with `POST /api/v1/jobs`; " +
		"the answer comes at once, the work when its turn has come. Follow it with `GET /api/v1/events` or " +
		"`GET /api/v1/jobs/{id}`, and get the text from `GET /api/v1/jobs/{id}/transcript`, its translations from " +
		"the same with lang, and what it is about from `GET /api/v1/jobs/{id}/summary`.\n\n" +
		"Times are UTC after RFC 3339. Lists are never null. Members that are not known are left out.\n\n" +
		"Errors are problems after RFC 9457 (`" + problemType + "`) with a stable `code`:\n\n" +
		"| code | HTTP | means | what to do |\n| --- | --- | --- | --- |\n")
	for _, e := range fault.Codes() {
		fmt.Fprintf(&b, "| `%s` | %d | %s | %s |\n", e.Code, fault.New(e.Code, "", nil).Status(), e.Means, e.Hint)
	}
	b.WriteString("\nA body that is no JSON at all is 400, one of another media type 415, both with code `request_invalid`; one that is too large is 413.\n")
	return b.String()
}

// newRegistry knows the words of the core: each closed list becomes a schema
// with a name of its own, so that clients get a type for it.
func newRegistry() huma.Registry {
	r := huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer)
	r.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[Problem]())
	enumerate(r, "Where a job is in its life", job.States())
	enumerate(r, "How a list of jobs is sorted", queue.ListOrders())
	enumerate(r, "Why a queued job is not next", []job.Reason{
		job.Turn, job.Memory, job.Backoff, job.Held, job.Paused, job.Scheduled,
		job.Power, job.OllamaAway, job.NoModel, job.NoSource, job.Disk, job.QueueAway,
	})
	enumerate(r, "One step of a job", job.Stages())
	enumerate(r, "An end of the line", []job.End{job.Front, job.Back})
	enumerate(r, "What was done to a job", []job.Verb{
		job.VerbSubmit, job.VerbTake, job.VerbBegin, job.VerbFinish, job.VerbSettle, job.VerbDefer, job.VerbHold, job.VerbRelease,
		job.VerbMove, job.VerbPriority, job.VerbCancel, job.VerbRetry, job.VerbRecover, job.VerbRestore,
	})
	enumerate(r, "What a notice is about", []job.NoticeCode{job.BackupRestored, job.StartedEmpty, job.UpdateAvailable})
	enumerate(r, "What ended a try at a stage", job.AttemptKinds())
	enumerate(r, "Where a source came from", []job.SourceKind{job.FromPath, job.FromUpload, job.FromURL})
	enumerate(r, "How short memory is", []job.Pressure{job.Normal, job.Warn, job.Critical})
	enumerate(r, "Kind of an export", transcript.Formats())
	enumerate(r, "What an event carries", []EventKind{
		EventKind(board.JobChanged), EventKind(board.JobGone), EventKind(board.Progress),
		EventKind(board.Segment), EventKind(board.Memory), EventKind(board.LineChanged), EventKind(board.ModelChanged), EventKind(board.SettingsSet), EventKind(board.Reset),
	})
	enumerate(r, "What a speech model understands", []job.Languages{job.Multilingual, job.English})
	enumerate(r, "What happens with a download", []job.DownloadState{job.DownloadWaiting, job.DownloadRunning, job.DownloadStalled, job.DownloadStopped})
	enumerate(r, "How the gate stands", []job.GateState{job.GateOpen, job.GateWaiting, job.GateShut})
	enumerate(r, "Whose a holder of memory is", []job.HolderKind{job.HolderEngine, job.HolderSluice, job.HolderOllama, job.HolderOther})
	enumerate(r, "What the worker does", []job.WorkerState{job.WorkerIdle, job.WorkerWorking, job.WorkerWaiting, job.WorkerPaused})
	enumerate(r, "How a run of a stage ended", []job.RunOutcome{job.RunDone, job.RunFailed, job.RunCrashed, job.RunYielded, job.RunCanceled, job.RunRunning})
	enumerate(r, "How bad a finding is", []job.FindingLevel{job.FindingOK, job.FindingWarn, job.FindingFail})
	enumerate(r, "Where a need is known from, the surest last", []job.Known{job.FromCatalog, job.FromFile, job.FromMeasured})
	enumerate(r, "What matters in a summary", summaryTemplates())
	enumerate(r, "How Korean addresses its listener", registers())
	enumerate(r, "What a webhook is told", []job.DeliveryEvent{job.EventDone, job.EventFailed, job.EventCanceled})
	enumerate(r, "How far a webhook message is: parked ones are not sent any more by themselves", []job.DeliveryState{job.DeliveryPending, job.DeliveryDelivered, job.DeliveryParked})
	enumerate(r, "How the value of a setting is written and asked for", settings.Kinds())
	enumerate(r, "Where the value of a setting comes from", settings.Origins())
	enumerate(r, "Why a setting cannot be changed here", settings.Locks())
	codes := make([]fault.Code, 0, len(fault.Codes()))
	for _, e := range fault.Codes() {
		codes = append(codes, e.Code)
	}
	enumerate(r, "Stable name of a failure", codes)
	return r
}

const schemaPrefix = "#/components/schemas/"

// enumerate gives the type T a named schema that lists its values.
func enumerate[T ~string](r huma.Registry, doc string, values []T) {
	s := &huma.Schema{Type: huma.TypeString, Description: doc}
	for _, v := range values {
		s.Enum = append(s.Enum, string(v))
	}
	s.PrecomputeMessages()
	r.Map()[reflect.TypeFor[T]().Name()] = s
	r.RegisterTypeAlias(reflect.TypeFor[T](), reflect.TypeFor[enum[T]]())
}

// enum stands for T in the schema.
type enum[T ~string] struct{}

// Schema refers to the list that enumerate has put down.
func (enum[T]) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Ref: schemaPrefix + reflect.TypeFor[T]().Name()}
}

// plain adds a route that huma does not carry, because its body must stream or
// has many shapes, and documents it.
func (a *api) plain(op huma.Operation, h http.HandlerFunc) {
	a.huma.OpenAPI().AddOperation(&op)
	a.mux.HandleFunc(op.Method+" "+op.Path, h)
}

// schema is a reference to the schema of T.
func schema[T any](a *api) *huma.Schema {
	return a.registry.Schema(reflect.TypeFor[T](), true, "")
}

func content(mediaType string, s *huma.Schema, example any) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{mediaType: {Schema: s, Example: example}}
}

// answers adds the problems a plain route may give to its good answers.
func (a *api) answers(good map[string]*huma.Response, problems ...int) map[string]*huma.Response {
	for _, status := range append(problems, http.StatusInternalServerError) {
		good[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     content(problemType, schema[Problem](a), nil),
		}
	}
	return good
}

func textParam(in, name, doc string) *huma.Param {
	return &huma.Param{Name: name, In: in, Description: doc, Required: in == "path", Schema: &huma.Schema{Type: huma.TypeString}}
}
