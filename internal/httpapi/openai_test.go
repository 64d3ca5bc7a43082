package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/board"
	"sluice/internal/fault"
	"sluice/internal/httpapi"
	"sluice/internal/job"
	"sluice/internal/library"
	"sluice/internal/transcript"
)

// openAIForm is the body that OpenAI's official clients send: the fields first,
// in pairs, then the file.
func openAIForm(t *testing.T, fields ...string) (body *bytes.Buffer, contentType string) {
	t.Helper()
	body = &bytes.Buffer{}
	form := multipart.NewWriter(body)
	for i := 0; i < len(fields); i += 2 {
		if err := form.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	file, err := form.CreateFormFile("file", "speech.mp3")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(file, "sound")
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return body, form.FormDataContentType()
}

func openAIRequest(t *testing.T, fields ...string) *http.Request {
	t.Helper()
	body, contentType := openAIForm(t, fields...)
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/audio/transcriptions", body)
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Authorization", "Bearer sk-none") // the clients always send one
	return r
}

// heardDesk has one job, of which it tells what it is told to.
type heardDesk struct {
	*fakeDesk

	job job.Job
}

func (d *heardDesk) Get(_ context.Context, id string) (job.Job, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id != d.job.ID {
		return job.Job{}, fault.New(fault.JobUnknown, "There is no such job.", nil)
	}
	return d.job, nil
}

func (d *heardDesk) set(j job.Job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.job = j
}

// spokenShelf has two sentences of it.
type spokenShelf struct {
	fakeShelf

	text *transcript.Transcript
}

func (s spokenShelf) Transcript(context.Context, string) (transcript.Transcript, error) {
	return *s.text, nil
}

func spoken() transcript.Transcript {
	return transcript.Transcript{Language: "ko", Complete: true, Segments: []transcript.Segment{
		{ID: 1, StartMS: 250, EndMS: 1500, Text: "안녕하세요.", Words: []transcript.Word{{StartMS: 250, EndMS: 1500, Text: " 안녕하세요."}}},
		{ID: 2, StartMS: 1500, EndMS: 3000, Text: "Good <b>day</b>.", Words: []transcript.Word{{StartMS: 1500, EndMS: 2000, Text: "Good"}, {StartMS: 2000, EndMS: 3000, Text: "<b>day</b>."}}},
	}}
}

// openAIWorld is the routes over a desk whose one job is as given.
func openAIWorld(t *testing.T, j job.Job, text transcript.Transcript, change func(*httpapi.Deps)) (*world, *heardDesk, http.Handler) {
	t.Helper()
	w := newWorld(t)
	j.ID = "job1"
	desk := &heardDesk{fakeDesk: w.desk, job: j}
	return w, desk, w.with(func(d *httpapi.Deps) {
		d.Desk, d.Library = desk, library.New(spokenShelf{text: &text}, desk)
		if change != nil {
			change(d)
		}
	})
}

func TestOpenAIsClientsGetWhatTheyKnow(t *testing.T) {
	t.Parallel()
	done := job.Job{State: job.Done, DurationMS: 3400}
	failed := func(code fault.Code, say string) job.Job {
		return job.Job{State: job.Failed, Error: &job.Failure{Code: string(code), Message: say, Hint: "Do better."}}
	}
	const segments = `"segments":[{"id":0,"seek":25,"start":0.25,"end":1.5,"text":"안녕하세요.","tokens":[],"temperature":0,"avg_logprob":0,"compression_ratio":`
	const words = `"words":[{"word":"안녕하세요.","start":0.25,"end":1.5},{"word":"Good","start":1.5,"end":2},{"word":`
	tests := map[string]struct {
		fields []string
		job    job.Job
		desk   error // of a submit

		status int
		want   []string
		never  []string
		out    []string // pairs of headers
		order  func(job.Order) bool
	}{
		"the usual request": {
			fields: []string{"model", "whisper-1"}, job: done, status: 200,
			want: []string{`"text":"안녕하세요. Good \u003cb\u003eday\u003c/b\u003e."`, `"usage":{"type":"duration","seconds":4}`}, never: []string{"segments"},
			out: []string{"X-Request-Id", "job1", "Content-Type", "application/json"},
			order: func(o job.Order) bool {
				return o.Model == "" && o.Content != "" && o.Words == nil && o.Prompt == nil && *o.TranslateTo == nil && !*o.Summarize && strings.HasPrefix(o.Source, "upload:")
			},
		},
		"all that the clients can say": {
			fields: []string{"model", "tiny", "language", "Korean", "prompt", "Sluice", "response_format", "verbose_json", "temperature", "0.2", "timestamp_granularities[]", "word", "timestamp_granularities[]", "segment", "include[]", "logprobs"},
			job:    done, status: 200, want: []string{`"task":"transcribe"`, `"language":"korean"`, `"duration":3.4`, segments, words},
			order: func(o job.Order) bool {
				return o.Model == "tiny" && o.Language == "ko" && *o.Prompt == "Sluice" && *o.Words
			},
		},
		"segments are what has times":     {fields: []string{"model", "whisper-1", "response_format", "verbose_json"}, job: done, status: 200, want: []string{segments}, never: []string{`"words"`}},
		"only words":                      {fields: []string{"model", "whisper-1", "response_format", "verbose_json", "timestamp_granularities[]", "word"}, job: done, status: 200, want: []string{words}, never: []string{`"segments"`}},
		"plain text":                      {fields: []string{"model", "whisper-1", "response_format", "text"}, job: done, status: 200, want: []string{"안녕하세요. Good <b>day</b>.\n"}, out: []string{"Content-Type", "text/plain; charset=utf-8"}},
		"subtitles":                       {fields: []string{"model", "whisper-1", "response_format", "srt"}, job: done, status: 200, want: []string{"1\n00:00:00,250 --> "}, out: []string{"Content-Type", "text/plain; charset=utf-8"}},
		"subtitles of the web":            {fields: []string{"model", "whisper-1", "response_format", "vtt"}, job: done, status: 200, want: []string{"WEBVTT\n"}},
		"a stream of one that is done":    {fields: []string{"model", "whisper-1", "stream", "true"}, job: done, status: 200, want: []string{"data: {\"type\":\"transcript.text.delta\",\"delta\":\"안녕하세요. Good ", "data: {\"type\":\"transcript.text.done\",\"text\":\"안녕"}, out: []string{"Content-Type", "text/event-stream"}},
		"a stream of one that failed":     {fields: []string{"model", "whisper-1", "stream", "True"}, job: failed(fault.FileDamaged, "It is damaged."), status: 200, want: []string{`data: {"error":{"message":"It is damaged. Do better.","type":"invalid_request_error","param":null,"code":"file_damaged"}}`}},
		"a file that is no good":          {fields: []string{"model", "whisper-1"}, job: failed(fault.NoAudioTrack, "There is no sound."), status: 400, want: []string{`{"error":{"message":"There is no sound. Do better.","type":"invalid_request_error","param":null,"code":"no_audio_track"}}`}, out: []string{"X-Should-Retry", "false"}},
		"an engine that died too often":   {fields: []string{"model", "whisper-1"}, job: failed(fault.WorkerCrashed, "It crashed."), status: 503, want: []string{`"type":"server_error"`, `"code":"worker_crashed"`}, out: []string{"X-Should-Retry", "false"}},
		"one that somebody canceled":      {fields: []string{"model", "whisper-1"}, job: job.Job{State: job.Canceled}, status: 409, want: []string{`"code":"job_final"`}, out: []string{"X-Should-Retry", "false"}},
		"a model that nobody knows":       {fields: []string{"model", "gpt-9"}, desk: fault.New(fault.ModelUnknown, "There is no model gpt-9.", nil), status: 404, want: []string{`"param":"model"`, `"code":"model_unknown"`, `"type":"invalid_request_error"`}},
		"a language that nobody speaks":   {fields: []string{"model", "whisper-1", "language", "xx"}, desk: fault.New(fault.LanguageUnknown, "No.", nil), status: 400, want: []string{`"param":"language"`}},
		"a full disk":                     {fields: []string{"model", "whisper-1"}, desk: fault.New(fault.DiskFull, "Full.", nil), status: 507, want: []string{`"type":"server_error"`, `"code":"disk_full"`}},
		"no model":                        {status: 400, want: []string{`"param":"model"`, `"code":"request_invalid"`}},
		"a format that is none":           {fields: []string{"model", "whisper-1", "response_format", "doc"}, status: 400, want: []string{`"param":"response_format"`, "verbose_json"}},
		"a granularity that is none":      {fields: []string{"model", "whisper-1", "timestamp_granularities[]", "page"}, status: 400, want: []string{`"param":"timestamp_granularities"`}},
		"a stream of subtitles":           {fields: []string{"model", "whisper-1", "stream", "true", "response_format", "srt"}, status: 400, want: []string{`"param":"stream"`}},
		"a field twice that is no list":   {fields: []string{"model", "whisper-1", "model", "tiny"}, status: 400, want: []string{`"param":"model"`}},
		"a defect of ours keeps its text": {fields: []string{"model", "whisper-1"}, desk: io.ErrNoProgress, status: 500, want: []string{`"code":"internal"`, `"type":"server_error"`}, never: []string{"progress"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _, routes := openAIWorld(t, tt.job, spoken(), nil)
			w.desk.err = tt.desk
			res := serve(routes, openAIRequest(t, tt.fields...))
			if res.Code != tt.status {
				t.Fatalf("status %d, want %d: %s", res.Code, tt.status, res.Body)
			}
			for _, s := range tt.want {
				if !strings.Contains(res.Body.String(), s) {
					t.Errorf("no %s in %s", s, res.Body)
				}
			}
			for _, s := range tt.never {
				if strings.Contains(res.Body.String(), s) {
					t.Errorf("%s in %s", s, res.Body)
				}
			}
			for i := 0; i < len(tt.out); i += 2 {
				if got := res.Header().Get(tt.out[i]); got != tt.out[i+1] {
					t.Errorf("%s is %q, want %q", tt.out[i], got, tt.out[i+1])
				}
			}
			if tt.order != nil && !tt.order(w.desk.orders[0]) {
				t.Errorf("ordered %+v", w.desk.orders[0])
			}
			if made, kept := len(w.uploads.names), len(w.uploads.gone); tt.status >= 400 && tt.job.State == "" && tt.status != 500 && made != kept {
				t.Errorf("%d files of %d were discarded", kept, made)
			}
		})
	}
}

func TestOpenAIsRoutesRefuseInItsShape(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guarded := guarded(t, w, httpapi.GuardConfig{Listen: "127.0.0.1:7584", Token: "T"})
	tests := map[string]struct {
		method, target, host, token, body string

		status int
		want   string
	}{
		"another host":          {"GET", "/v1/models", "evil.example", "T", "", 421, "host_refused"},
		"a wrong token":         {"POST", "/v1/audio/transcriptions", "", "t", "", 401, "token_required"},
		"a body that is JSON":   {"POST", "/v1/audio/transcriptions", "", "T", "{}", 415, "request_invalid"},
		"another method":        {"DELETE", "/v1/audio/transcriptions", "", "T", "", 405, "method_refused"},
		"a route that is none":  {"POST", "/v1/chat/completions", "", "T", "{}", 404, "route_unknown"},
		"one that GETs nothing": {"GET", "/v1/files", "", "T", "", 404, "route_unknown"},
		"a model that is none":  {"GET", "/v1/models/gpt-9", "", "T", "", 404, "model_unknown"},
	}
	for name, tt := range tests {
		r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.target, strings.NewReader(tt.body))
		r.Host = or(tt.host, "127.0.0.1:7584")
		r.Header.Set("Authorization", "Bearer "+tt.token)
		r.Header.Set("Content-Type", "application/json")
		res := serve(guarded, r)
		var got struct {
			Error struct{ Message, Type, Code string }
		}
		if err := json.Unmarshal(res.Body.Bytes(), &got); err != nil || res.Code != tt.status || got.Error.Code != tt.want || got.Error.Message == "" || got.Error.Type != "invalid_request_error" {
			t.Errorf("%s: %d %s", name, res.Code, res.Body)
		}
	}
}

func TestOpenAIsClientsSeeTheInstalledModels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	res := serve(w.routes, httptest.NewRequestWithContext(t.Context(), "GET", "/v1/models", http.NoBody))
	var got httpapi.OpenAIModelList
	if err := json.Unmarshal(res.Body.Bytes(), &got); err != nil || got.Object != "list" || len(got.Data) < 2 {
		t.Fatalf("%v: %s", err, res.Body)
	}
	if diff := cmp.Diff(httpapi.OpenAIModel{ID: "whisper-1", Object: "model", OwnedBy: "sluice"}, got.Data[0]); diff != "" {
		t.Error(diff)
	}
	for _, m := range got.Data {
		one := serve(w.routes, httptest.NewRequestWithContext(t.Context(), "GET", "/v1/models/"+m.ID, http.NoBody))
		if one.Code != 200 || !strings.Contains(one.Body.String(), `"id":"`+m.ID+`"`) {
			t.Errorf("%s: %d %s", m.ID, one.Code, one.Body)
		}
	}
}

// answered is what comes of a request that is made on the side.
func answered(routes http.Handler, r *http.Request) <-chan *httptest.ResponseRecorder {
	out := make(chan *httptest.ResponseRecorder, 1)
	go func() { out <- serve(routes, r) }()
	return out
}

func TestARequestOfOpenAIsWaitsForItsJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, desk, routes := openAIWorld(t, job.Job{State: job.Queued}, spoken(), nil)
		res := answered(routes, openAIRequest(t, "model", "whisper-1"))
		synctest.Wait()
		for _, id := range []string{"another", "job1"} { // only the second is ours
			w.board.Publish(board.Event{Kind: board.JobChanged, JobID: id, Job: job.Job{ID: id, State: job.Running}})
			w.board.Publish(board.Event{Kind: board.Progress, JobID: id})
		}
		synctest.Wait()
		select {
		case got := <-res:
			t.Fatalf("answered before the end: %s", got.Body)
		default:
		}
		end := job.Job{ID: "job1", State: job.Done, DurationMS: 3400}
		desk.set(end)
		w.board.Publish(board.Event{Kind: board.JobChanged, JobID: "job1", Job: end})
		if got := <-res; got.Code != 200 || !strings.Contains(got.Body.String(), "Good") {
			t.Errorf("%d %s", got.Code, got.Body)
		}
	})
}

func TestPatienceEndsWithTheIDOfTheJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, desk, routes := openAIWorld(t, job.Job{State: job.Queued, Reason: job.Memory, ReasonText: "needs 2 GB, 1 GB free"}, spoken(),
			func(d *httpapi.Deps) { d.SyncTimeout = func() time.Duration { return time.Minute } })
		began := time.Now()
		got := <-answered(routes, openAIRequest(t, "model", "whisper-1"))
		if took := time.Since(began); took != time.Minute {
			t.Errorf("it took %v", took)
		}
		want := `"code":"still_working"`
		if got.Code != 503 || !strings.Contains(got.Body.String(), want) || !strings.Contains(got.Body.String(), "job1") || !strings.Contains(got.Body.String(), "needs 2 GB") {
			t.Errorf("%d %s", got.Code, got.Body)
		}
		end := job.Job{ID: "job1", State: job.Done, DurationMS: 3400}
		desk.set(end)
		again := <-answered(routes, openAIRequest(t, "model", "whisper-1"))
		if again.Code != 200 || again.Header().Get("X-Request-Id") != "job1" || len(desk.orders) != 1 || len(w.uploads.gone) != 1 {
			t.Errorf("asked again when it had ended: %d, %d orders, %q discarded", again.Code, len(desk.orders), w.uploads.gone)
		}
		for i, fields := range [][]string{{"language", "ko"}, {}} {
			if <-answered(routes, openAIRequest(t, append(fields, "model", "whisper-1")...)); len(desk.orders) != 2+i {
				t.Errorf("%q got what was owed to the first, or what had been given", fields)
			}
		}
		if h := got.Header(); h.Get("Retry-After") != "5" || h.Get("X-Should-Retry") != "true" || h.Get("X-Request-Id") != "job1" {
			t.Errorf("headers %v", h)
		}
	})
}

func TestAStreamWithoutNewsShowsThatItLives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, _, routes := openAIWorld(t, job.Job{State: job.Queued, Reason: job.Turn}, spoken(),
			func(d *httpapi.Deps) { d.SyncTimeout = func() time.Duration { return 50 * time.Second } })
		got := <-answered(routes, openAIRequest(t, "model", "whisper-1", "stream", "true"))
		if n := strings.Count(got.Body.String(), ": still here\n\n"); n != 3 || !strings.Contains(got.Body.String(), "still_working") {
			t.Errorf("%d signs of life in 50 seconds: %s", n, got.Body)
		}
	})
}

func TestAClientOfOpenAIsThatGoesCancelsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _, routes := openAIWorld(t, job.Job{State: job.Running}, spoken(), nil)
		ctx, leave := context.WithCancel(t.Context())
		gone, r := make(chan struct{}), openAIRequest(t, "model", "whisper-1").WithContext(ctx)
		go func() {
			defer close(gone)
			routes.ServeHTTP(httptest.NewRecorder(), r)
		}()
		synctest.Wait()
		leave()
		<-gone
		if len(w.desk.steered) != 0 || len(w.uploads.gone) != 0 || w.log.Len() != 0 {
			t.Errorf("steered %q, discarded %q, logged %s", w.desk.steered, w.uploads.gone, w.log)
		}
	})
}

func TestAStreamTellsTheTextAsItComes(t *testing.T) {
	t.Parallel()
	whole := spoken()
	part := transcript.Transcript{Language: "ko", Segments: whole.Segments[:1]}
	w, desk, _ := openAIWorld(t, job.Job{State: job.Running}, part, nil)
	shelf := spokenShelf{text: &part}
	routes := w.with(func(d *httpapi.Deps) { d.Desk, d.Library = desk, library.New(shelf, desk) })
	srv := httptest.NewServer(routes)
	t.Cleanup(srv.Close)
	body, contentType := openAIForm(t, "model", "whisper-1", "stream", "true")
	req, err := http.NewRequestWithContext(t.Context(), "POST", srv.URL+"/v1/audio/transcriptions", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	lines := bufio.NewScanner(res.Body)
	next := func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
			if strings.HasPrefix(lines.Text(), ": waiting") { // it listens
				w.board.Publish(board.Event{Kind: board.Progress, JobID: "job1"})
			}
		}
		return ""
	}
	got := []string{next()}
	desk.mu.Lock()
	part = whole
	desk.mu.Unlock()
	end := job.Job{ID: "job1", State: job.Done, DurationMS: 3400}
	desk.set(end)
	w.board.Publish(board.Event{Kind: board.JobChanged, JobID: "job1", Job: end})
	got = append(got, next(), next(), next())
	want := []string{
		`{"type":"transcript.text.delta","delta":"안녕하세요."}`,
		`{"type":"transcript.text.delta","delta":" Good \u003cb\u003eday\u003c/b\u003e."}`,
		`{"type":"transcript.text.done","text":"안녕하세요. Good \u003cb\u003eday\u003c/b\u003e.","usage":{"type":"duration","seconds":4}}`,
		"",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
