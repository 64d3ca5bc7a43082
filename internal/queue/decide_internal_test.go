package queue

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	away := fault.New(fault.FFmpegCrashed, "x", nil)
	tests := map[string]struct {
		job        job.Job
		err, cause error
		want       job.State
		reason     job.Reason
		after      time.Duration
		attempt    bool
		crash      bool
		code       fault.Code
	}{
		"no error is done": {want: job.Done},
		"a wait goes back and counts nothing": {
			err: &job.Wait{Reason: job.Memory, Text: "needs more"}, want: job.Queued, reason: job.Memory,
		},
		"a wrapped wait is a wait": {
			err: fmt.Errorf("stage: %w", &job.Wait{Reason: job.NoModel}), want: job.Queued, reason: job.NoModel,
		},
		"cancel by a user ends the job": {
			err: errors.New("stopped"), cause: canceledByUser(), want: job.Canceled,
		},
		"shutdown costs nothing, whatever the error says": {
			err: fault.New(fault.EngineCrashed, "x", nil), cause: context.Canceled, want: job.Queued, reason: job.Turn,
		},
		"an unknown error is tried again": {
			err: errors.New("boom"), want: job.Queued, reason: job.Backoff, after: 30 * time.Second, attempt: true, code: fault.Internal,
		},
		"the second error waits twice as long": {
			job: job.Job{Attempts: 1}, err: errors.New("boom"), want: job.Queued, reason: job.Backoff, after: time.Minute, attempt: true, code: fault.Internal,
		},
		"the third error fails the job": {
			job: job.Job{Attempts: 2}, err: errors.New("boom"), want: job.Failed, attempt: true, code: fault.Internal,
		},
		"something away is tried six times": {
			job: job.Job{Attempts: 4}, err: fault.New(fault.DownloadFailed, "x", nil), want: job.Queued, reason: job.Backoff, after: 8 * time.Minute, attempt: true, code: fault.DownloadFailed,
		},
		"the sixth time it fails": {
			job: job.Job{Attempts: 5}, err: fault.New(fault.DownloadFailed, "x", nil), want: job.Failed, attempt: true, code: fault.DownloadFailed,
		},
		"a damaged file is not tried again": {
			err: fault.New(fault.FileDamaged, "x", nil), want: job.Failed, attempt: true, code: fault.FileDamaged,
		},
		"the first crash goes back at once": {
			err: away, want: job.Queued, reason: job.Turn, crash: true, code: fault.FFmpegCrashed,
		},
		"the second crash without progress fails the job": {
			job: job.Job{Crashes: 1}, err: away, want: job.Failed, crash: true, code: fault.WorkerCrashed,
		},
		"an engine that was stopped once more is nobody's poison": {
			job: job.Job{Crashes: 1}, err: fault.New(fault.EngineStopped, "x", nil), want: job.Failed, crash: true, code: fault.EngineStopped,
		},
		"out of memory keeps its own name": {
			job: job.Job{Crashes: 1}, err: fault.New(fault.EngineOutOfMemory, "x", nil), want: job.Failed, crash: true, code: fault.EngineOutOfMemory,
		},
		"out of memory keeps its own name, also that of Ollama": {
			job: job.Job{Crashes: 1}, err: fault.New(fault.OllamaOutOfMemory, "x", nil), want: job.Failed, crash: true, code: fault.OllamaOutOfMemory,
		},
		"the first death of Ollama for want of memory waits for memory": {
			err: fault.New(fault.OllamaOutOfMemory, "x", nil), want: job.Queued, reason: job.Memory, crash: true, code: fault.OllamaOutOfMemory,
		},
		"the first crash of Ollama goes back at once": {
			err: fault.New(fault.OllamaCrashed, "x", nil), want: job.Queued, reason: job.Turn, crash: true, code: fault.OllamaCrashed,
		},
		"an Ollama that went away in the middle is tried six times": {
			job: job.Job{Attempts: 4}, err: fault.New(fault.OllamaUnreachable, "x", nil), want: job.Queued, reason: job.Backoff, after: 8 * time.Minute, attempt: true, code: fault.OllamaUnreachable,
		},
		"an Ollama that is stuck is an error and no death": {
			err: fault.New(fault.OllamaStuck, "x", nil), want: job.Queued, reason: job.Backoff, after: 30 * time.Second, attempt: true, code: fault.OllamaStuck,
		},
		"an Ollama that works for others is waited for": {
			job: job.Job{Attempts: 2}, err: fault.New(fault.OllamaBusy, "x", nil), want: job.Queued, reason: job.Backoff, after: busyWait,
		},
		"being canceled while it crashes is being canceled": {
			job: job.Job{Crashes: 1}, err: away, cause: canceledByUser(), want: job.Canceled,
		},
		"what is done when the stop comes is done": {cause: context.Canceled, want: job.Done},
		"what is done when the cancel comes is done": {
			cause: canceledByUser(), want: job.Done,
		},
		"a cancel wins over a wait": {
			err: &job.Wait{Reason: job.Memory}, cause: canceledByUser(), want: job.Canceled,
		},
		"a wait that meets the shutdown is kept": {
			err: &job.Wait{Reason: job.Memory}, cause: context.Canceled, want: job.Queued, reason: job.Memory,
		},
		"a stage that must go waits for what the gate has said, and nothing is counted": {
			job: job.Job{Crashes: 1, Attempts: 2}, err: fault.New(fault.EngineCrashed, "x", nil), cause: &job.Wait{Reason: job.Power},
			want: job.Queued, reason: job.Power,
		},
		"what is done when it must go is done": {cause: &job.Wait{Reason: job.Memory}, want: job.Done},
		"a stage that gives up unasked has failed": {
			err: fmt.Errorf("read: %w", context.Canceled), want: job.Queued, reason: job.Backoff, after: 30 * time.Second, attempt: true, code: fault.Internal,
		},
		"errors of two kinds are counted together": {
			job: job.Job{Attempts: 3}, err: errors.New("boom"), want: job.Failed, attempt: true, code: fault.Internal,
		},
		"what the other side asks for is waited": {
			err: retryIn(fault.DownloadFailed, 7200), want: job.Queued, reason: job.Backoff, after: 2 * time.Hour, attempt: true, code: fault.DownloadFailed,
		},
		"the first death for want of memory waits for memory": {
			err: fault.New(fault.EngineOutOfMemory, "x", nil), want: job.Queued, reason: job.Memory, crash: true, code: fault.EngineOutOfMemory,
		},
		"a crash does not count as an attempt": {
			job: job.Job{Attempts: 2}, err: away, want: job.Queued, reason: job.Turn, crash: true, code: fault.FFmpegCrashed,
		},
		"an attempt does not count as a crash": {
			job: job.Job{Crashes: 1}, err: errors.New("boom"), want: job.Queued, reason: job.Backoff, after: 30 * time.Second, attempt: true, code: fault.Internal,
		},
		"what others have is waited for": {
			job: job.Job{Attempts: 2, Crashes: 1}, err: fault.New(fault.EngineBusy, "x", nil), want: job.Queued, reason: job.Backoff, after: busyWait,
		},
		"a full disk is waited for": {
			err: fault.New(fault.DiskFull, "x", nil), want: job.Queued, reason: job.Disk, after: busyWait,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := decide(tt.job, tt.err, tt.cause, 0.5, now) // 0.5: no jitter
			var code fault.Code
			if got.Error != nil {
				code = fault.Code(got.Error.Code)
			}
			var after time.Duration
			if !got.Wait.Until.IsZero() {
				after = got.Wait.Until.Sub(now)
			}
			type row struct {
				State          job.State
				Reason         job.Reason
				After          time.Duration
				Attempt, Crash bool
				Code           fault.Code
			}
			if d := cmp.Diff(row{tt.want, tt.reason, tt.after, tt.attempt, tt.crash, tt.code},
				row{got.State, got.Wait.Reason, after, got.Attempt, got.Crash, code}); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			if err := job.Move(job.Running, got.State); err != nil {
				t.Errorf("running -> %s: %v", got.State, err)
			}
		})
	}
}

func TestWhoStopsTheEngineTwiceIsToldSoAndNotTheFile(t *testing.T) {
	t.Parallel()
	const once = "The speech engine was stopped."
	tests := map[string]struct {
		last      fault.Code // of the death before
		say, hint string
	}{
		"twice":         {fault.EngineStopped, "The speech engine was stopped twice, by somebody or by another program.", "The file is not to blame: try again. The next try goes on at 43 %."},
		"after a crash": {fault.EngineCrashed, once, "The next try goes on at 43 %."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := job.Job{Crashes: 1, Stage: job.Transcribe, Error: &job.Failure{Code: string(tt.last)}}
			stop := fault.New(fault.EngineStopped, once, errors.New("signal: killed")).WithHint("The next try goes on at %d %%.", 43)
			got := decide(j, stop, nil, 0, time.Now())
			want := &job.Failure{Code: "engine_stopped", Message: tt.say, Hint: tt.hint, Stage: job.Transcribe, Detail: "signal: killed"}
			if d := cmp.Diff(want, got.Error); d != "" || got.State != job.Failed {
				t.Errorf("%s, -want +got\n%s", got.State, d)
			}
		})
	}
}

// retryIn is a failure whose other side has said when to come back.
func retryIn(code fault.Code, seconds int) error {
	f := fault.New(code, "x", nil)
	f.RetryAfterSeconds = seconds
	return f
}

func TestBackoffGrowsToHalfAnHour(t *testing.T) {
	t.Parallel()
	var got []time.Duration
	for n := 1; n <= 9; n++ {
		got = append(got, backoff(n, 0.5))
	}
	s, m := time.Second, time.Minute
	if d := cmp.Diff([]time.Duration{30 * s, m, 2 * m, 4 * m, 8 * m, 16 * m, 30 * m, 30 * m, 30 * m}, got); d != "" {
		t.Error(d)
	}
}

func TestBackoffStaysInBounds(t *testing.T) {
	t.Parallel()
	for n := 1; n < 100; n++ {
		base := backoff(n, 0.5)
		if low, high := backoff(n, 0), backoff(n, 0.999); low < base*79/100 || high > base*121/100 || base > backoffLongest {
			t.Fatalf("backoff(%d) = %v..%v around %v", n, low, high, base)
		}
	}
}

func TestADeathForWantOfMemoryIsSaidWithFigures(t *testing.T) {
	t.Parallel()
	starved := &job.Starved{
		Need: job.Need{Stage: job.Transcribe, Model: "large", Bytes: 1_600_000_000}, Smaller: "small",
		Err: fault.New(fault.EngineOutOfMemory, "The engine died.", nil),
	}
	first := decide(job.Job{}, fmt.Errorf("stage: %w", starved), nil, 0, time.Now())
	want := job.Wait{Reason: job.Memory, Text: "The engine died. It starts again when 1.6 GB is free and memory is not critically short.", Need: starved.Need}
	if d := cmp.Diff(want, first.Wait); d != "" {
		t.Errorf("the first time (-want +got):\n%s", d)
	}
	if got, want := first.Error.Hint, "It starts again when 1.6 GB is free and memory is not critically short."; got != want {
		t.Errorf("the first time the hint is %q, want %q", got, want)
	}
	second := decide(job.Job{Crashes: 1}, starved, nil, 0, time.Now())
	if got, want := second.Error.Hint, "Close some programs, or try again with the next smaller model: small."; got != want {
		t.Errorf("the second time the hint is %q, want %q", got, want)
	}
	starved.Smaller = ""
	starved.Err = fault.New(fault.OllamaOutOfMemory, "Ollama had too little memory.", nil).WithHint("Choose a smaller one.")
	if got := decide(job.Job{Crashes: 1}, starved, nil, 0, time.Now()).Error.Hint; got != "Choose a smaller one." {
		t.Errorf("of Ollama the hint is %q", got)
	}
	starved.Err = fault.New(fault.EngineOutOfMemory, "The engine died.", nil)
	if got := decide(job.Job{Crashes: 1}, starved, nil, 0, time.Now()).Error.Hint; got == "" || got == second.Error.Hint {
		t.Errorf("without a smaller model the hint is %q", got)
	}
}

func TestInternalCausesStayInTheLog(t *testing.T) {
	t.Parallel()
	o := decide(job.Job{Attempts: 2}, errors.New("secret /home/me"), nil, 0, time.Now())
	if o.Error.Detail != "" {
		t.Errorf("detail = %q", o.Error.Detail)
	}
}
