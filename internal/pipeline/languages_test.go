package pipeline_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// said lists the warnings of the job that ran last, but for those of its sound.
func (b *bench) said() []string {
	var all []string
	for _, w := range b.warnings {
		if w.Code != "partial_audio" {
			all = append(all, w.Code+": "+w.Text)
		}
	}
	return all
}

func aJobInto(id string, languages ...string) job.Job {
	j := aJob(id)
	j.Options.TranslateTo, j.Options.LLMModel = languages, "gemma3:4b"
	return j
}

func summed(j job.Job) job.Job {
	j.Options.Summarize, j.Options.LLMModel = true, "gemma3:4b"
	return j
}

func TestAJobThatAsksForNoLanguageLeavesOllamaAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.llm.away = fault.New(fault.OllamaUnreachable, "It does not answer.", nil)
	j := aJob("a")
	j.Options.LLMModel = "gemma3:4b"
	if w := b.pipeline().Ready(t.Context(), j); w != nil {
		t.Errorf("waits for %v", w)
	}
	if err := b.run(j); err != nil {
		t.Fatal(err)
	}
	if b.llm.looked != 0 || slices.Contains(b.order, "engine goes") {
		t.Errorf("looked %d times: %q", b.llm.looked, b.order)
	}
}

func TestTheEngineGoesBeforeTheModelComesAndTheModelGoesInTheEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.llm.batch = 2
	if err := b.run(summed(aJobInto("a", "en", "ja"))); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"admit extract", "begin extract", "admit transcribe", "begin transcribe",
		"admit translate", "engine goes", "begin translate",
		"translate en", "2 of 3 in en", "3 of 3 in en", "translate ja", "2 of 3 in ja", "3 of 3 in ja",
		"admit summarize", "engine goes", "begin summarize", "summarize", "unload gemma3:4b",
	}
	if d := cmp.Diff(want, b.order); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	needs := []job.Need{
		{Stage: job.Translate, Model: "gemma3:4b", Bytes: 5_000_000_000},
		{Stage: job.Summarize, Model: "gemma3:4b"}, // the model holds that already
	}
	if d := cmp.Diff(needs, []job.Need{b.needs[job.Translate], b.needs[job.Summarize]}); d != "" {
		t.Errorf("needs -want +got\n%s", d)
	}
	if d := cmp.Diff([]time.Duration{8 * time.Second}, b.llm.released); d != "" {
		t.Errorf("time to unload -want +got\n%s", d)
	}
}

func TestTheModelIsUnloadedHoweverItEnds(t *testing.T) {
	t.Parallel()
	crash := fault.New(fault.OllamaCrashed, "It ended.", nil)
	tests := map[string]struct {
		set   func(b *bench, stop context.CancelCauseFunc)
		check func(err error) bool
		times int
	}{
		"done":                    {func(*bench, context.CancelCauseFunc) {}, func(err error) bool { return err == nil }, 1},
		"it stays all the same":   {func(b *bench, _ context.CancelCauseFunc) { b.llm.stays = errors.New("busy") }, func(err error) bool { return err == nil }, 1},
		"an error":                {func(b *bench, _ context.CancelCauseFunc) { b.llm.breaks, b.llm.fails = 1, crash }, func(err error) bool { return fault.Is(err, fault.OllamaCrashed) }, 1},
		"an error of the summary": {func(b *bench, _ context.CancelCauseFunc) { b.llm.breaks, b.llm.fails = 4, crash }, func(err error) bool { return fault.Is(err, fault.OllamaCrashed) }, 1},
		"a cancel": {func(b *bench, stop context.CancelCauseFunc) {
			b.llm.breaks, b.llm.stop = 1, func() { stop(fault.New(fault.CanceledByUser, "x", nil)) }
		}, func(err error) bool { return fault.Is(err, fault.CanceledByUser) }, 1},
		"the gate wants the memory": {func(b *bench, stop context.CancelCauseFunc) {
			b.llm.breaks, b.llm.stop = 1, func() { stop(&job.Wait{Reason: job.Memory}) }
		}, func(err error) bool { var w *job.Wait; return errors.As(err, &w) && w.Reason == job.Memory }, 1},
		"the app ends": {func(b *bench, stop context.CancelCauseFunc) {
			b.llm.breaks, b.llm.stop = 1, func() { stop(nil) }
		}, func(err error) bool { return errors.Is(err, context.Canceled) }, 1},
		"it was never let in": {func(b *bench, _ context.CancelCauseFunc) {
			b.refuses, b.verdict = job.Translate, job.Verdict{Reason: job.Memory, Text: "needs more"}
		}, func(err error) bool { var w *job.Wait; return errors.As(err, &w) && w.Need.Bytes == 5_000_000_000 }, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			ctx, stop := context.WithCancelCause(t.Context())
			defer stop(nil)
			tt.set(b, stop)
			j := summed(aJobInto("a", "en"))
			err := b.pipeline().Run(ctx, job.Lease{ID: j.ID, Token: 1, Owner: "me"}, j, func(job.Progress) {})
			if !tt.check(err) {
				t.Errorf("ended with %v", err)
			}
			if len(b.llm.released) != tt.times {
				t.Errorf("unloaded %d times", len(b.llm.released))
			}
		})
	}
}

func TestAPanicUnloadsTheModelToo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.llm.breaks, b.llm.stop = 1, func() { panic("a defect") }
	func() {
		defer func() { _ = recover() }()
		_ = b.run(aJobInto("a", "en"))
	}()
	if len(b.llm.released) != 1 {
		t.Errorf("unloaded %d times", len(b.llm.released))
	}
}

func TestOllamaThatIsAwayIsWaitedForAtNoCost(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		away   *fault.Fault
		reason job.Reason
		text   string
	}{
		"it does not answer":  {fault.New(fault.OllamaUnreachable, "Ollama does not answer.", nil).WithHint("Start it."), job.OllamaAway, "Ollama does not answer. Start it."},
		"it is not installed": {fault.New(fault.OllamaMissing, "Ollama is not installed.", nil).WithHint("Install it."), job.OllamaAway, "Ollama is not installed. Install it."},
		"it lacks the model":  {fault.New(fault.ModelMissing, "None.", nil).WithHint("Get it."), job.NoModel, "The language model gemma3:4b is not installed. Get it."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.llm.away = tt.away
			j := aJobInto("a", "en")
			var w *job.Wait
			if err := b.run(j); !errors.As(err, &w) || w.Reason != tt.reason || w.Text != tt.text || w.All {
				t.Fatalf("err = %v", err)
			}
			if left := time.Until(w.Until); left <= 0 || left > 16*time.Second {
				t.Errorf("looked at again in %v", left)
			}
			if !b.transcripts["a"].Complete || slices.Contains(b.history, "begin translate") {
				t.Errorf("the transcript is not there, or a stage began: %q", b.history)
			}
			j.Stage = job.Translate // as it is put back
			again := b.pipeline().Ready(t.Context(), j)
			if again == nil || again.Reason != tt.reason || again.Text != tt.text {
				t.Errorf("a look finds %v", again)
			}
			b.llm.away = nil
			if again := b.pipeline().Ready(t.Context(), j); again != nil {
				t.Errorf("now that it is there it waits for %v", again)
			}
		})
	}
}

func TestOtherTroubleWithOllamaIsAnError(t *testing.T) {
	t.Parallel()
	for _, code := range []fault.Code{fault.OllamaFailed, fault.OllamaBusy} {
		b := newBench(t)
		b.config.FinishWithoutOllama = func() bool { return true }
		b.llm.away = fault.New(code, "x", nil)
		j := aJobInto("a", "en")
		if err := b.run(j); !fault.Is(err, code) {
			t.Errorf("%s: err = %v", code, err)
		}
		j.Stage = job.Translate
		if w := b.pipeline().Ready(t.Context(), j); w != nil {
			t.Errorf("%s: it is for Run to fail with it, not to wait for: %v", code, w)
		}
	}
}

func TestAJobMayEndWithoutOllama(t *testing.T) {
	t.Parallel()
	for _, code := range []fault.Code{fault.OllamaUnreachable, fault.OllamaMissing, fault.ModelMissing} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			endsWithout(t, fault.New(code, "Ollama does not answer.", nil))
		})
	}
}

func endsWithout(t *testing.T, away *fault.Fault) {
	t.Helper()
	b := newBench(t)
	b.config.FinishWithoutOllama = func() bool { return true }
	b.llm.away = away
	j := summed(aJobInto("a", "en", "ko", "ja"))
	j.Stage = job.Translate
	if w := b.pipeline().Ready(t.Context(), j); w != nil {
		t.Errorf("waits for %v", w)
	}
	j.Stage = ""
	if err := b.run(j); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"not_translated: There is no translation to en: Ollama does not answer.",
		"not_translated: There is no translation to ja: Ollama does not answer.",
		"not_summarized: There is no summary: Ollama does not answer.",
	}
	if d := cmp.Diff(want, b.said()); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if !b.languages["a ko"].Complete {
		t.Error("what needs no model is not there")
	}
	b.llm.away = nil
	if err := b.run(j); err != nil || len(b.said()) != 0 || !b.languages["a en"].Complete || b.summaries["a"] == nil {
		t.Errorf("a later retry: %v, %q", err, b.said())
	}
}

func TestAWaitingJobThatHasItsTranscriptNeedsNoSource(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.llm.away = fault.New(fault.OllamaUnreachable, "x", nil)
	j := aJobInto("a", "en")
	if err := b.run(j); err == nil {
		t.Fatal("no error")
	}
	b.llm.away, b.source, b.ffmpeg = nil, fault.New(fault.SourceMissing, "gone", nil), fault.New(fault.EngineBusy, "taken", nil)
	j.Stage = job.Translate
	if w := b.pipeline().Ready(t.Context(), j); w != nil {
		t.Errorf("waits for %v", w)
	}
	if err := b.run(j); err != nil || !b.languages["a en"].Complete || b.opened != 1 {
		t.Errorf("err = %v, opened %d times", err, b.opened)
	}
	b.room = fault.New(fault.DiskFull, "full", nil)
	if w := b.pipeline().Ready(t.Context(), j); w == nil || w.Reason != job.Disk {
		t.Errorf("on a full disk it waits for %v", w)
	}
}

func TestATranscriptThatIsGoneIsMadeAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := aJobInto("a", "en")
	j.Stage = job.Translate // a backup knows less than the job
	if err := b.run(j); err != nil || len(b.transcribed) != 1 || !b.languages["a en"].Complete {
		t.Errorf("err = %v, heard %d times", err, len(b.transcribed))
	}
}

func TestALanguageModelThatCanNeverFitFails(t *testing.T) {
	t.Parallel()
	for _, stage := range []job.Stage{job.Translate, job.Summarize} {
		b := newBench(t)
		b.refuses, b.verdict = stage, job.Verdict{Never: true, Reason: job.Memory, Text: "needs 5.0 GB, this machine can give 4.0 GB"}
		err := b.run(summed(aJobInto("a", "en")))
		f := fault.From(err)
		if !fault.Is(err, fault.ModelTooLarge) ||
			f.Say != "The language model gemma3:4b is too large: it needs 5.0 GB, this machine can give 4.0 GB." ||
			!strings.Contains(f.Hint, "ollama.model") || !strings.Contains(f.Hint, "llm_model") {
			t.Errorf("%s: %v, hint %q", stage, err, f.Hint)
		}
	}
}

func TestALanguageModelThatDiesForWantOfMemoryAsksForMore(t *testing.T) {
	t.Parallel()
	const mb = 1_000_000
	tests := map[string]struct {
		after   int // batches and parts
		digest  string
		free    int64
		ceiling int64
		want    job.Need
		say     string
		learnt  []string
	}{
		"in the translation": {
			1, "d1", 3000 * mb, 0,
			job.Need{Stage: job.Translate, Model: "gemma3:4b", Bytes: 6250 * mb},
			"Ollama had too little memory: gemma3:4b needed 5.0 GB, 3.0 GB was free.",
			[]string{"gemma3:4b 4096 needs 6250000000"},
		},
		"in the summary": {
			3, "d1", -1, 0,
			job.Need{Stage: job.Summarize, Model: "gemma3:4b", Bytes: 6250 * mb},
			"It died.",
			[]string{"gemma3:4b 4096 needs 6250000000"},
		},
		"no more than can be had": {
			0, "d1", -1, 5500 * mb,
			job.Need{Stage: job.Translate, Model: "gemma3:4b", Bytes: 5000 * mb},
			"It died.",
			[]string{"gemma3:4b 4096 needs 5000000000"},
		},
		"a model without a name to learn by": {
			0, "", -1, 0,
			job.Need{Stage: job.Translate, Model: "gemma3:4b", Bytes: 6250 * mb},
			"It died.", nil,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.free, b.ceiling = tt.free, tt.ceiling
			b.llm.digest, b.llm.breaks, b.llm.fails = tt.digest, tt.after, fault.New(fault.OllamaOutOfMemory, "It died.", nil)
			err := b.run(summed(aJobInto("a", "en")))
			var s *job.Starved
			if !errors.As(err, &s) || s.Smaller != "" {
				t.Fatalf("ended with %v", err)
			}
			if d := cmp.Diff(tt.want, s.Need); d != "" {
				t.Errorf("need -want +got\n%s", d)
			}
			if f := fault.From(err); f.Code != fault.OllamaOutOfMemory || f.Say != tt.say || !strings.Contains(f.Hint, "ollama.model") {
				t.Errorf("says %v, hint %q", f, f.Hint)
			}
			if d := cmp.Diff(tt.learnt, b.learnt); d != "" {
				t.Errorf("learnt -want +got\n%s", d)
			}
		})
	}
}

func TestLanguagesDoNotChangeWhatIsKnownOfTheWords(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.run(aJob("a")); err != nil {
		t.Fatal(err)
	}
	second := summed(aJobInto("b", "en"))
	second.Options.Webhook, second.Options.Register = "https://example.com/hook", "formal"
	second.Options.Glossary = []job.Term{{To: "en", Term: "하나", Translation: "one"}}
	if err := b.run(second); err != nil {
		t.Fatal(err)
	}
	if b.extracted != 1 || len(b.transcribed) != 1 {
		t.Errorf("extracted %d times, heard %d times", b.extracted, len(b.transcribed))
	}
	if !b.languages["b en"].Complete || b.summaries["b"] == nil {
		t.Error("a transcript that was found is not translated and summed up")
	}
}

func TestSoundThatIsHeardWhileItGrowsIsTranslatedToo(t *testing.T) {
	t.Parallel()
	s := newStream(t)
	synctest.Test(t, func(t *testing.T) {
		if err := s.run(t.Context(), aJobInto("a", "en")); err != nil {
			t.Fatal(err)
		}
	})
	if !slices.Contains(s.log, "warm /tiny.bin") || !s.languages["a en"].Complete {
		t.Errorf("%q", s.log)
	}
}

func TestWhatTheWebBringsIsTranslatedToo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.run(aJob("local")); err != nil { // the same content, so that the fetch finds its words
		t.Fatal(err)
	}
	j := webJob("web")
	j.Options.TranslateTo, j.Options.LLMModel = []string{"en"}, "gemma3:4b"
	if err := b.run(j); err != nil || !b.languages["web en"].Complete || len(b.transcribed) != 1 {
		t.Errorf("err = %v, heard %d times", err, len(b.transcribed))
	}
}
