package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"sluice/internal/board"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// samples are what the document shows of types whose example is not just the
// sum of those of their fields: not all of them go together, or they are words
// of the core, whose fields have no tags.
func samples() map[reflect.Type]any {
	all := map[reflect.Type]any{}
	for _, v := range []any{
		exampleJob(), SubmittedJob{Job: exampleJob()}, DroppedJob{Job: exampleJob()}, exampleSnapshot(),
		Drop{Paths: []string{"/Users/mina/Movies/interview.mp4", "/Users/mina/Movies/Lectures"}},
		RetryRequest{FromStage: job.Transcribe, Model: "small"}, MoveRequest{To: job.Front}, ClearRequest{State: job.Done},
		deliveryOf(exampleDelivery()), exampleReading(), exampleTranscript(), exampleTranscript().Segments[0],
		exampleModels()[1], exampleLanguageModels()[1],
		job.Holder{Kind: job.HolderEngine, Name: "large-v3-turbo", Bytes: 2_295_643_915, Count: 1},
		job.Sample{At: exampleTime(), Level: job.Normal, FreePercent: 48, Available: 8_642_113_536, Depth: 3, Running: 1, Engine: 2_295_643_915},
		job.Warning{Code: "untranslated", AtMS: 83_500, Text: "1 line was left as it was (ko)."},
		job.Finding{Name: "ffmpeg", Level: job.FindingFail, Text: "ffmpeg is not installed.", Hint: "Install it: brew install ffmpeg"},
		job.Budget{Stage: job.Transcribe, Model: "large-v3-turbo", Need: 2_295_643_915, From: job.FromMeasured, Fits: true, Chosen: true},
	} {
		all[reflect.TypeOf(v)] = v
	}
	return all
}

// shown are the bodies that are no JSON, by the route and the media type.
func shown() map[[2]string]any {
	all := map[[2]string]any{
		{"get-events", "text/event-stream"}: exampleStream(),
		{"submit-jobs", "multipart/form-data"}: map[string]any{
			"file": "(the bytes of interview.mp4)", "title": "Interview with the harbour master", "translate_to": []string{"ko", "de"},
		},
		{"process", "application/x-www-form-urlencoded"}: map[string]string{videoIDKey: "4711", "url": "https://media.example.com/interview.mp4"},
		{"process", "multipart/form-data"}:               map[string]string{videoIDKey: "4711", "file": "(the bytes of interview.mp4)"},
	}
	about := transcript.Options{Title: exampleJob().Title, SourceName: exampleJob().Source.Name}
	for _, f := range transcript.Formats() {
		var text bytes.Buffer
		if f != transcript.JSON && transcript.Write(&text, exampleTranscript(), f, about) == nil {
			all[[2]string{"get-transcript", f.ContentType()}] = text.String()
		}
	}
	for _, f := range summaryFormats() {
		var text bytes.Buffer
		if f != transcript.JSON && transcript.WriteSummary(&text, exampleSummary(), f, about) == nil {
			all[[2]string{"get-summary", f.ContentType()}] = text.String()
		}
	}
	return all
}

func exampleTime() time.Time { return time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC) }

// exampleJob is the job that the document shows.
func exampleJob() Job {
	at := exampleTime()
	v := JobOf(job.Job{
		ID: "01KKNZ1M3T8Q2M4R7W9XYABCDE", State: job.Queued, Reason: job.Memory,
		ReasonText: "Waiting for memory: needs 2.1 GB, 1.4 GB free",
		Title:      "Interview with the harbour master",
		Source: job.Source{
			Kind: job.FromPath, Path: "/Users/mina/Movies/interview.mp4", Name: "interview.mp4", Size: 734003200,
			ModTime: at.Add(-time.Hour), Fingerprint: strings.Repeat("5f", 32),
		},
		Options:   job.Options{Language: "auto", Model: "large-v3-turbo", BeamSize: 5, Words: true, Reuse: true},
		Metadata:  map[string]string{"video_id": "4711"},
		Stage:     job.Transcribe,
		Stages:    []job.StageRun{{Stage: job.Extract, StartedAt: at, FinishedAt: at.Add(4 * time.Second)}},
		CreatedAt: at.Add(-time.Second), StartedAt: at,
	})
	v.Position = 1
	return v
}

// exampleTranslated is one that has gone through every stage.
func exampleTranslated() Job {
	v, at, read := exampleJob(), exampleTime(), 96
	v.State, v.Reason, v.ReasonText, v.NeedBytes, v.Position = job.Done, "", "", 0, 0
	v.Stage, v.Stages, v.DurationMS = job.Deliver, nil, 3_725_000
	v.TranslateTo, v.Summarize, v.Summary = []string{"ko"}, true, &SummaryOptions{Template: "interview"}
	v.LLMModel, v.Register, v.Webhook = "gemma3:4b", "polite", "https://hooks.example.com/…"
	for i, s := range job.Stages() {
		begun, ended := at.Add(time.Duration(i)*time.Minute), at.Add(time.Duration(i+1)*time.Minute)
		v.Stages = append(v.Stages, StageRun{Stage: s, StartedAt: begun, FinishedAt: &ended})
		v.FinishedAt = &ended
	}
	v.Quality = Quality{
		Lines: map[string]job.Lines{"ko": {Done: 411, Total: 412}}, Coverage: &read,
		Warnings: []job.Warning{{Code: "untranslated", Text: "1 line was left as it was (ko)."}},
	}
	v.Deliveries = deliveriesOf([]job.Delivery{exampleDelivery()})
	return v
}

func exampleReading() job.Reading {
	return job.Reading{
		At: exampleTime(), Level: job.Normal, Total: 19_327_352_832, Available: 8_642_113_536, FreePercent: 48, SwapUsed: 412_090_368,
	}
}

// exampleSnapshot is a board with a job at work, one that waits and one that
// has ended.
func exampleSnapshot() Snapshot {
	counts := map[job.State]int{job.Queued: 1, job.Running: 1, job.Done: 1}
	v := SnapshotOf(board.Snapshot{
		ID: "b7f3-1042", Memory: exampleReading(), Gate: job.Gate{State: job.GateOpen}, Standing: board.Standing{Counts: counts, ETASeconds: 320},
	})
	running := exampleJob()
	running.ID, running.State, running.Reason, running.ReasonText, running.Position = "01KKNZ0A5V7C3N9P1S4T6VWXYZ", job.Running, "", "", 0
	running.Progress = &Progress{Stage: job.Transcribe, Fraction: 0.42, ETASeconds: 95}
	v.Running, v.Next, v.Last = []Job{running}, []Job{exampleJob()}, []Job{exampleTranslated()}
	v.Last[0].ID = "01KKNYX2W9D8F6H4K2M0Q1R3S5"
	return v
}

func exampleTranscript() transcript.Transcript {
	return transcript.Transcript{Language: "en", Complete: true, Segments: []transcript.Segment{
		{ID: 1, StartMS: 0, EndMS: 2_700, Text: "The night of the storm was long."},
		{ID: 2, StartMS: 83_500, EndMS: 86_200, Text: "The last ferry leaves at nine."},
	}}
}

// exampleStream is the beginning of the event stream.
func exampleStream() string {
	var b strings.Builder
	b.WriteString("retry: 2000\n\n")
	for i, e := range []board.Event{
		{Kind: board.Progress, JobID: exampleJob().ID, Progress: job.Progress{Stage: job.Transcribe, Fraction: 0.42, ETASeconds: 95}},
		{Kind: board.Segment, JobID: exampleJob().ID, Segment: exampleTranscript().Segments[1]},
	} {
		e.ID = fmt.Sprintf("b7f3-%d", 1043+i)
		data, err := json.Marshal(EventOf(e))
		if err != nil {
			return ""
		}
		fmt.Fprintf(&b, "id: %s\nevent: %s\ndata: %s\n\n", e.ID, e.Kind, data)
	}
	return b.String()
}
