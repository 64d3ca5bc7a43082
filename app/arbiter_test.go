package app_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/internal/job"
	"sluice/internal/ollamatest"
)

// The memory of two machines: on one of them engine and Ollama take turns.
const (
	smallMachine = 18 << 30
	largeMachine = 64 << 30
)

func TestOllamaGivesItsMemoryBackBeforeTheEngineStarts(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	o := holding(t)
	s := newHome(t).beside(o.Host, smallMachine)
	j := s.submit(map[string]any{"source": clip(t, "seventy-five-seconds.flac")}, nil)
	if seen := watch(t, s, o, j.ID); seen.engine == 0 || seen.both > 0 {
		t.Errorf("seen were %+v", seen)
	}
	if left := o.Loaded(); len(left) > 0 {
		t.Errorf("in the end Ollama holds %q", left)
	}
	once(t, s, j.ID)
}

func TestTheEngineWaitsForAModelThatIsAtWork(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	o := holding(t)
	ctx, hush := context.WithCancel(t.Context())
	defer hush()
	began, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- o.Talk(ctx, llm, "hello", 16_384, sync.OnceFunc(func() { close(began) })) }()
	<-began

	s := newHome(t).beside(o.Host, smallMachine)
	j := s.submit(map[string]any{"source": clip(t, "seventy-five-seconds.flac")}, nil)
	eventually(t, "the job waits and says for whom", func() bool {
		v := s.job(j.ID)
		if v.State == "done" {
			t.Fatalf("it waited for nobody: %+v", s.history(j.ID))
		}
		return v.State == "queued" && v.Reason == "memory" && strings.Contains(v.ReasonText, "Ollama")
	})
	pause(3 * time.Second) // more than one look at the memory
	select {
	case err := <-ended:
		t.Fatalf("the request at work was ended: %v", err)
	default:
	}
	if v := s.job(j.ID); v.Reason != "memory" || len(v.runs("transcribe")) > 0 || len(children(t, s.cmd.Process.Pid, "engine")) > 0 {
		t.Errorf("beside a model at work the job is %+v", v)
	}
	hush()
	if seen := watch(t, s, o, j.ID); seen.engine == 0 || seen.both > 0 {
		t.Errorf("seen were %+v", seen)
	}
	once(t, s, j.ID)
}

func TestOnALargeMachineOllamaKeepsItsModel(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	o := holding(t)
	s := newHome(t).beside(o.Host, largeMachine)
	j := s.submit(map[string]any{"source": clip(t, "seventy-five-seconds.flac")}, nil)
	if seen := watch(t, s, o, j.ID); seen.both == 0 || seen.model < seen.looks {
		t.Errorf("seen were %+v", seen)
	}
	neverWaited(t, s, j.ID)
	once(t, s, j.ID)
}

func TestWhereNoOllamaIsNothingWaitsForIt(t *testing.T) {
	t.Parallel()
	s := newHome(t).beside("http://127.0.0.1:1", smallMachine)
	j := s.submit(map[string]any{"source": clip(t, "seen-000.wav")}, nil)
	s.await(j.ID, "done")
	neverWaited(t, s, j.ID)
	once(t, s, j.ID)
}

// llm is what Ollama's model is called here.
const llm = "tiny"

// holding starts an Ollama that has loaded its model.
func holding(t *testing.T) *ollamatest.Server {
	t.Helper()
	o := ollamatest.Start(t)
	o.Create(llm)
	o.Load(llm, 256)
	if loaded := o.Loaded(); !slices.Equal(loaded, []string{llm + ":latest"}) {
		t.Fatalf("Ollama holds %q", loaded)
	}
	return o
}

// beside starts a server with Ollama at that address, on a machine with so much
// memory, half of it free.
func (h home) beside(ollama string, total int64) *server {
	h.t.Helper()
	reading, err := json.Marshal(job.Reading{Level: job.Normal, Total: total, Available: total / 2})
	if err != nil {
		h.t.Fatal(err)
	}
	script := filepath.Join(h.dir, "memory.ndjson")
	if err := os.WriteFile(script, reading, 0o600); err != nil {
		h.t.Fatal(err)
	}
	cmd := h.command(context.WithoutCancel(h.t.Context()), "serve", "--listen", "127.0.0.1:0")
	cmd.Env = append(cmd.Env, "SLUICE_OLLAMA_HOST="+ollama, "SLUICE_MEMORY_SCRIPT="+script)
	s := h.tend(cmd)
	s.url = h.discover(cmd.Process.Pid)
	return s
}

// sights counts what was seen while a job went on.
type sights struct {
	looks  int
	engine int // our engine ran
	model  int // Ollama held a model
	both   int
}

// watch looks until the job is done. The engine comes first: one that starts
// because the model has just gone is then not taken for both.
func watch(t *testing.T, s *server, o *ollamatest.Server, id string) (seen sights) {
	t.Helper()
	start := time.Now()
	eventually(t, "the job is done", func() bool {
		engine := len(children(t, s.cmd.Process.Pid, "engine")) > 0
		model := len(o.Loaded()) > 0
		seen.looks++
		if engine {
			seen.engine++
		}
		if model {
			seen.model++
		}
		if engine && model {
			seen.both++
		}
		v := s.job(id)
		if v.State == "failed" {
			t.Fatalf("job is %+v, error %+v", v, v.Error)
		}
		return v.State == "done"
	})
	t.Logf("seen in %v: %+v", time.Since(start).Round(time.Millisecond), seen)
	return seen
}

// once checks that the engine did all in one go.
func once(t *testing.T, s *server, id string) {
	t.Helper()
	if v := s.job(id); !slices.Equal(v.runs("transcribe"), []string{"ok"}) || v.Attempts+v.Crashes > 0 {
		t.Errorf("job is %+v", v)
	}
}

// neverWaited checks that no memory was waited for.
func neverWaited(t *testing.T, s *server, id string) {
	t.Helper()
	events := s.history(id)
	if happened(events, event{Reason: "memory"}) > 0 {
		t.Errorf("it waited: %+v", events)
	}
}
