package ollama_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"sluice/internal/ollama"
	"sluice/internal/ollamatest"
	"sluice/internal/pipeline"
)

// BenchmarkTranslate is what a hundred lines cost with a real server and a
// model that is far smaller than any in use: what is left is the protocol.
func BenchmarkTranslate(b *testing.B) {
	s := ollamatest.Start(b)
	s.Create("tiny")
	c, err := ollama.New(ollama.Config{Host: s.Host, Threads: 1}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	req := pipeline.TranslateRequest{From: "en", To: "ko", Model: "tiny", Context: 2048, Lines: talkOf(100)}
	var sum pipeline.Usage
	runs := 0
	for b.Loop() {
		var used pipeline.Usage
		translate(b, c, req, func(u pipeline.Usage) { used = u })
		sum.Requests += used.Requests
		sum.Retries += used.Retries
		sum.TokensIn += used.TokensIn
		sum.TokensOut += used.TokensOut
		runs++
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(runs), "s/100-lines")
	perRun := func(n int) float64 { return float64(n) / float64(runs) }
	b.ReportMetric(perRun(sum.Requests), "requests/100-lines")
	b.ReportMetric(perRun(sum.Retries), "retries/100-lines")
	b.ReportMetric(perRun(sum.TokensIn), "tokens-in/100-lines")
	b.ReportMetric(perRun(sum.TokensOut), "tokens-out/100-lines")
}

// BenchmarkBatch is what a batch costs beside the server, whose own part is
// counted and taken off.
func BenchmarkBatch(b *testing.B) {
	m, serving := timedModel(b)
	c, err := ollama.New(ollama.Config{Host: m.url}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	req := request(600)
	batches := 0
	began := time.Now()
	for b.Loop() {
		var used pipeline.Usage
		if got := translate(b, c, req, func(u pipeline.Usage) { used = u }); len(got) != 600 || used.Retries > 0 {
			b.Fatalf("%d lines, %+v", len(got), used)
		}
		batches += used.Requests
	}
	ours := time.Since(began) - serving()
	b.ReportMetric(float64(ours.Microseconds())/1000/float64(batches), "ms/batch")
	b.ReportMetric(float64(batches)/float64(b.N), "batches")
}

// BenchmarkSummary is what a transcript of three hours costs beside the server.
func BenchmarkSummary(b *testing.B) {
	m, serving := timedModel(b)
	m.answer = attentive
	c, err := ollama.New(ollama.Config{Host: m.url}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	asked := 0
	began := time.Now()
	for b.Loop() {
		o := summarize(b, c, summary(3600, 8192))
		if o.err != nil || o.made.CoveragePercent != 100 {
			b.Fatal(fmt.Sprint(o.made, o.err))
		}
		asked += o.used.Requests
	}
	ours := time.Since(began) - serving()
	b.ReportMetric(float64(ours.Microseconds())/1000/float64(asked), "ms/question")
}
