package ollama_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/ollama"
)

// library is a server whose downloads take as long as a test says.
type library struct {
	mu    sync.Mutex
	asked []string
	bring func(ctx context.Context, name string, report func(ollama.Pulled)) error
}

func (l *library) Pull(ctx context.Context, name string, report func(ollama.Pulled)) error {
	l.mu.Lock()
	l.asked = append(l.asked, name)
	l.mu.Unlock()
	return l.bring(ctx, name, report)
}

func (l *library) names() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.asked)
}

// tenSeconds brings a thousand bytes, ten times a second ten of them.
func tenSeconds(ctx context.Context, _ string, report func(ollama.Pulled)) error {
	report(ollama.Pulled{Status: "pulling manifest"})
	for bytes := int64(0); bytes <= 1000; bytes += 10 {
		report(ollama.Pulled{DoneBytes: bytes, TotalBytes: 1000})
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// pulling runs a line of downloads inside a bubble. What it told comes by name,
// with the seconds since the beginning.
func pulling(t *testing.T, l *library) (p *ollama.Pulls, told func(name string) []string) {
	t.Helper()
	var mu sync.Mutex
	heard := map[string][]string{}
	start := time.Now()
	p = ollama.NewPulls(ollama.PullsDeps{Client: l, Log: slog.New(slog.DiscardHandler), Changed: func(name string, now *job.Download) {
		mu.Lock()
		defer mu.Unlock()
		what := "gone"
		if now != nil {
			what = fmt.Sprintf("%s %d/%d eta %d", now.State, now.DoneBytes, now.TotalBytes, now.ETASeconds)
		}
		heard[name] = append(heard[name], fmt.Sprintf("%.0fs %s", time.Since(start).Seconds(), what))
	}})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run() = %v", err)
		}
	})
	return p, func(name string) []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(heard[name])
	}
}

func start(t *testing.T, p *ollama.Pulls, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := p.Start(name); err != nil {
			t.Fatalf("Start(%s) = %v", name, err)
		}
	}
}

func TestModelsOfOllamaComeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &library{bring: tenSeconds}
		p, told := pulling(t, l)
		start(t, p, "first:4b", "second", "Second:latest", "first:4b")
		time.Sleep(4500 * time.Millisecond)
		want := map[string]job.Download{
			"first:4b":      {State: job.DownloadRunning, DoneBytes: 400, TotalBytes: 1000, ETASeconds: 7},
			"second:latest": {State: job.DownloadWaiting},
		}
		all := p.All()
		first4b := all["first:4b"]
		if n := first4b.DoneBytes; n != 390 && n != 400 { // of two things at one moment either may come first
			t.Errorf("%d bytes are there", n)
		}
		first4b.DoneBytes = 400
		all["first:4b"] = first4b
		if diff := cmp.Diff(want, all); diff != "" {
			t.Error(diff)
		}
		if d := p.State("second"); d == nil || d.State != job.DownloadWaiting {
			t.Errorf("State() = %+v", d)
		}
		time.Sleep(time.Hour)
		if len(p.All()) > 0 || p.State("second") != nil {
			t.Errorf("in the end there are %v", p.All())
		}
		if diff := cmp.Diff([]string{"first:4b", "second:latest"}, l.names()); diff != "" {
			t.Error(diff)
		}
		first := told("first:4b")
		if n := len(first); n < 10 || n > 14 || first[0] != "0s waiting 0/0 eta 0" || first[1] != "0s running 0/0 eta 0" || first[n-1] != "10s gone" {
			t.Errorf("told of the first: %q", first)
		}
		for i := 3; i < len(first); i++ {
			if a, _, _ := strings.Cut(first[i], " "); strings.HasPrefix(first[i-1], a+" running") && strings.Contains(first[i], "running") {
				t.Errorf("two in one second: %q, %q", first[i-1], first[i])
			}
		}
	})
}

func TestADownloadThatStandsStillSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, told := pulling(t, &library{bring: func(ctx context.Context, _ string, report func(ollama.Pulled)) error {
			report(ollama.Pulled{DoneBytes: 10, TotalBytes: 1000})
			<-ctx.Done()
			return context.Cause(ctx)
		}})
		start(t, p, "some:4b")
		time.Sleep(10500 * time.Millisecond)
		want := []string{"0s waiting 0/0 eta 0", "0s running 0/0 eta 0", "1s running 10/1000 eta 0", "5s stalled 10/1000 eta 0"}
		if diff := cmp.Diff(want, told("some:4b")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAModelThatDidNotComeSaysWhyUntilItIsWantedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &library{bring: func(context.Context, string, func(ollama.Pulled)) error {
			return fault.New(fault.DiskFull, "There is no space left for the model.", errors.New("write: no space"))
		}}
		p, told := pulling(t, l)
		start(t, p, "some", "other")
		synctest.Wait()
		stopped := job.Download{State: job.DownloadStopped, Error: &job.DownloadError{
			Code: "disk_full", Message: "There is no space left for the model.", Hint: fault.From(fault.New(fault.DiskFull, "", nil)).Hint,
		}}
		if diff := cmp.Diff(map[string]job.Download{"some:latest": stopped, "other:latest": stopped}, p.All()); diff != "" {
			t.Error(diff)
		}
		p.Cancel("other") // it is forgotten
		l.bring = tenSeconds
		start(t, p, "some:latest")
		time.Sleep(time.Second)
		if d := p.State("some"); d == nil || d.State != job.DownloadRunning || d.Error != nil {
			t.Errorf("wanted again, it is %+v", d)
		}
		time.Sleep(time.Minute)
		if len(p.All()) > 0 {
			t.Errorf("in the end there are %v", p.All())
		}
		if other := told("other:latest"); other[len(other)-1] != "0s gone" || len(other) != 4 {
			t.Errorf("told of the other: %q", other)
		}
	})
}

func TestACanceledDownloadLeavesTheLineAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &library{bring: tenSeconds}
		p, told := pulling(t, l)
		start(t, p, "first", "second", "third")
		time.Sleep(1500 * time.Millisecond)
		p.Cancel("second")
		p.Cancel("first")
		p.Cancel("nobody")
		if diff := cmp.Diff(map[string]job.Download{"third:latest": {State: job.DownloadWaiting}}, p.All()); diff != "" {
			t.Error(diff)
		}
		start(t, p, "first") // behind the third
		time.Sleep(time.Hour)
		if diff := cmp.Diff([]string{"first:latest", "third:latest", "first:latest"}, l.names()); diff != "" {
			t.Error(diff)
		}
		if len(p.All()) > 0 {
			t.Errorf("in the end there are %v", p.All())
		}
		if second := told("second:latest"); len(second) != 2 {
			t.Errorf("told of the second: %q", second)
		}
	})
}

func TestTheEndOfTheProgramIsNoFailureOfADownload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := ollama.NewPulls(ollama.PullsDeps{Client: &library{bring: tenSeconds}, Log: slog.New(slog.DiscardHandler), Changed: func(string, *job.Download) {}})
		start(t, p, "some")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := p.Run(ctx); err != nil || len(p.All()) > 0 {
			t.Errorf("Run() = %v; left are %v", err, p.All())
		}
	})
}

func TestNamesThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	p := ollama.NewPulls(ollama.PullsDeps{Changed: func(string, *job.Download) {}})
	for _, name := range []string{"", " ", "two words", "a\nb", "a\x00", "bad\xff", "a\u2028b", strings.Repeat("x", 201)} {
		if err := p.Start(name); !fault.Is(err, fault.ModelUnknown) {
			t.Errorf("Start(%q) = %v", name, err)
		}
	}
	if len(p.All()) > 0 {
		t.Errorf("in the line are %v", p.All())
	}
}
