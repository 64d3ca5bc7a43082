package admission_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/admission"
	"sluice/internal/job"
)

// world is a machine with a gate, an Ollama and a plug. What engine and Ollama
// hold is taken off what the script says is available.
type world struct {
	gate   *admission.Gate
	ollama *ollama
	plug   *plug

	mu     sync.Mutex
	base   job.Reading
	engine int64
	log    []string
}

func newWorld(t *testing.T, r job.Reading) *world {
	t.Helper()
	w := &world{ollama: &ollama{takes: 1500 * time.Millisecond}, plug: &plug{}, base: r}
	w.gate = start(t, admission.Deps{Probe: w, Engine: w.holds, Tenant: w.ollama, Power: w.plug}, admission.Config{})
	return w
}

// Read is the probe.
func (w *world) Read(context.Context) (job.Reading, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r, taken := w.base, w.engine+w.ollama.holds()
	r.Available = max(0, r.Available-taken)
	r.FreePercent = max(1, r.FreePercent-int(taken*100/r.Total))
	return r, nil
}

func (w *world) holds() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.engine
}

func (w *world) set(r job.Reading) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.base = r
}

func (w *world) load(bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.engine = bytes
}

func (w *world) say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, time.Now().Format(time.TimeOnly)+" "+fmt.Sprintf(format, args...))
}

// task is a stage that the line has to do, and when it comes.
type task struct {
	name  string
	need  job.Need
	comes time.Duration
	takes time.Duration
}

// work does tasks one after another as the line does: it asks whenever the
// gate says so and every 5 s, and a stage that must yield goes on later where
// it was.
func (w *world) work(ctx context.Context, began time.Time, tasks []task) {
	for _, k := range tasks {
		if !rest(ctx, time.Until(began.Add(k.comes))) {
			return
		}
		for left := k.takes; left > 0; {
			if !w.admitted(ctx, k) {
				return
			}
			left = w.run(ctx, k, left)
		}
	}
}

// countdown is the part of the words that changes by itself.
var countdown = regexp.MustCompile(`starts in \d+ (s|min)`)

// admitted waits for the gate and says what it hears meanwhile. It asks on half
// seconds, so that it never asks in the moment of a sample.
func (w *world) admitted(ctx context.Context, k task) bool {
	last := ""
	for {
		v := w.gate.Admit(ctx, k.need)
		if v.Open {
			return true
		}
		if words := countdown.ReplaceAllString(v.Text, ""); words != last {
			last = words
			w.say("%s waits: %s: %s", k.name, v.Reason, v.Text)
		}
		select {
		case <-ctx.Done():
			return false
		case <-w.gate.Changed():
		case <-time.After(time.Until(time.Now().Truncate(time.Second).Add(5500 * time.Millisecond))):
		}
	}
}

// run does a stage and says how much of it is left.
func (w *world) run(ctx context.Context, k task, left time.Duration) time.Duration {
	w.say("%s starts", k.name)
	began, mine := time.Now(), func(bytes int64) { w.load(bytes) }
	if k.need.Stage != job.Transcribe {
		w.load(0)
		mine = w.ollama.load
	}
	mine(k.need.Bytes)
	select {
	case <-ctx.Done():
	case wait := <-w.gate.Yield():
		mine(0)
		w.say("%s yields: %s: %s", k.name, wait.Reason, wait.Text)
		return left - time.Since(began)
	case <-time.After(left):
		w.say("%s ends", k.name)
		if k.need.Stage != job.Transcribe {
			mine(0) // the engine stays warm, a language model does not
		}
	}
	return 0
}

// event is something that happens to the machine.
type event struct {
	at   time.Duration
	what func(w *world)
}

func memoryAt(at time.Duration, r job.Reading) event {
	return event{at, func(w *world) { w.set(r) }}
}

func ollamaAt(at time.Duration, bytes int64) event {
	return event{at, func(w *world) { w.ollama.load(bytes) }}
}

func deafAt(at time.Duration, bytes int64) event {
	return event{at, func(w *world) {
		w.ollama.load(bytes)
		w.ollama.mu.Lock()
		defer w.ollama.mu.Unlock()
		w.ollama.deaf = true
	}}
}

func batteryAt(at time.Duration, on bool) event {
	return event{at, func(w *world) { w.plug.set(on, nil) }}
}

// play lets everything happen and gives what was said.
func play(t *testing.T, w *world, length time.Duration, events []event, tasks []task) []string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	began := time.Now()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.work(ctx, began, tasks)
	}()
	slices.SortFunc(events, func(a, b event) int { return int(a.at - b.at) })
	for _, e := range events {
		time.Sleep(time.Until(began.Add(e.at)))
		e.what(w)
	}
	time.Sleep(time.Until(began.Add(length)))
	stop()
	<-done
	return w.log
}

// rest is false when ctx ends first.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// at is minutes and seconds into a script. Odd seconds: samples are taken at
// even ones.
func at(minutes, seconds int) time.Duration {
	return time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second
}

func TestAScriptedRunShowsEveryTransition(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, mac(8*gb, job.Normal))
		transcribe := func(name string, bytes int64, comes, takes time.Duration) task {
			return task{name, job.Need{Stage: job.Transcribe, Model: name, Bytes: bytes}, comes, takes}
		}
		got := play(t, w, at(70, 0), []event{
			memoryAt(at(2, 1), mac(700*mb, job.Normal)),      // a game starts
			memoryAt(at(3, 1), mac(8*gb, job.Normal)),        // and ends
			memoryAt(at(5, 1), mac(2*gb, job.Critical)),      // Xcode
			memoryAt(at(7, 1), mac(2600*mb, job.Warn)),       // the worst is over
			memoryAt(at(7, 21), mac(2600*mb, job.Critical)),  // it is not
			memoryAt(at(7, 31), mac(3*gb, job.Warn)),         // now it is
			memoryAt(at(9, 1), mac(4*gb, job.Critical)),      // a moment that stops no running stage
			memoryAt(at(9, 8), mac(4*gb, job.Normal)),        //
			memoryAt(at(14, 1), macAt(4*gb, job.Normal, 12)), // next to nothing free at no level
			memoryAt(at(15, 1), mac(8*gb, job.Normal)),       //
			ollamaAt(at(20, 1), 5100*mb),                     // a chat
			batteryAt(at(26, 1), true),                       // the plug is moved
			batteryAt(at(26, 8), false),                      //
			batteryAt(at(27, 1), true),                       // the plug is out
			batteryAt(at(29, 1), false),                      //
			memoryAt(at(30, 1), mac(4400*mb, job.Warn)),      // warn, with too little to spare
			memoryAt(at(48, 1), mac(6*gb, job.Normal)),       //
			deafAt(at(50, 1), 2*gb),                          // a chat that goes on
		}, []task{
			transcribe("a", gb, at(0, 1), at(1, 0)),
			transcribe("b", 2*gb, at(2, 11), at(3, 30)),
			transcribe("c", gb, at(13, 1), at(3, 0)),
			transcribe("d", gb, at(20, 31), at(8, 0)),
			transcribe("e", 4*gb, at(31, 1), at(1, 0)),
			transcribe("f", gb, at(50, 31), at(1, 0)),
		})
		want := []string{
			"00:00:01 a starts",
			"00:01:01 a ends",
			"00:02:11 b waits: memory: needs 2.0 GB, 1.0 GB free",
			"00:03:04 b starts",
			"00:05:12 b yields: memory: memory is critically short, 2.0 GB free; jobs start again 30 s after it eases",
			"00:05:12 b waits: memory: memory is critically short, 2.0 GB free; jobs start again 30 s after it eases",
			"00:07:02 b waits: memory: starts in 30 s if memory stays free",
			"00:07:22 b waits: memory: memory is critically short, 2.6 GB free; jobs start again 30 s after it eases",
			"00:07:32 b waits: memory: starts in 30 s if memory stays free",
			"00:08:02 b starts",
			"00:09:24 b ends",
			"00:13:01 c starts",
			"00:14:14 c yields: memory: 12 % of memory is free; jobs start again at 15 %",
			"00:14:14 c waits: memory: 12 % of memory is free; jobs start again at 15 %",
			"00:15:04 c waits: memory: starts in 30 s if memory stays free",
			"00:15:32 c starts",
			"00:17:19 c ends",
			"00:20:31 d waits: memory: Ollama is giving back 5.1 GB",
			"00:20:32 d starts",
			"00:27:12 d yields: power: on battery, starts when plugged in",
			"00:27:12 d waits: power: on battery, starts when plugged in",
			"00:29:02 d starts",
			"00:30:22 d ends",
			"00:31:01 e waits: memory: needs 4.0 GB and 1.0 GB to spare, 4.4 GB free; starts in 15 min if memory stays free",
			"00:46:01 e starts",
			"00:47:01 e ends",
			"00:50:31 f waits: memory: Ollama is giving back 2.0 GB",
			"00:50:36 f waits: memory: needs 1.0 GB, 4.0 GB free; Ollama holds 2.0 GB; starts in 15 min if memory stays free",
			"01:05:31 f starts",
			"01:06:31 f ends",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
