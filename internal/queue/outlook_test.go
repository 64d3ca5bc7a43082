package queue_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/storetest"
)

// forecast is a line over a store that has learnt: sound is extracted in a
// tenth of its length, tiny needs half of it and large twice as much. Gemma
// takes a fifth for each language and a twentieth to sum up.
type forecast struct {
	*testing.T
	*queue.Queue
	store *storetest.Reference
	clock *storetest.Clock
	ids   map[string]string
}

func newForecast(t *testing.T) *forecast {
	t.Helper()
	clock := storetest.NewClock()
	store := storetest.NewReference(clock)
	f := &forecast{T: t, store: store, clock: clock, ids: map[string]string{}}
	f.Queue = made(queue.Deps{Store: store})
	for model, took := range map[string]time.Duration{"tiny": 50 * time.Second, "large": 200 * time.Second} {
		lease := f.take(f.add(entry{title: "past " + model, model: model, secs: 100}))
		f.stage(lease, job.Extract, 10*time.Second)
		f.stage(lease, job.Transcribe, took)
		_, err := store.Settle(t.Context(), lease, queue.Outcome{State: job.Done})
		must(t, err)
	}
	lease := f.take(f.add(entry{title: "past gemma", secs: 100, to: []string{"ko", "de"}, sum: true}))
	f.stage(lease, job.Translate, 40*time.Second)
	f.stage(lease, job.Summarize, 5*time.Second)
	_, err := store.Settle(t.Context(), lease, queue.Outcome{State: job.Done})
	must(t, err)
	return f
}

// entry is a job in the line; 0 seconds is a length that is not known.
type entry struct {
	title, model string
	secs         float64
	wait         job.Wait
	identity     string

	to  []string // languages
	sum bool
	llm string // "" = gemma
}

func (f *forecast) add(e entry) (id string) {
	f.Helper()
	if e.model == "" {
		e.model = "tiny"
	}
	if e.llm == "" {
		e.llm = "gemma"
	}
	o := job.Options{Model: e.model, TranslateTo: e.to, Summarize: e.sum, LLMModel: e.llm}
	a, err := f.Submit(f.Context(), []job.Draft{{Title: e.title, Options: o, Wait: e.wait, Identity: e.identity}})
	must(f.T, err)
	id = a[0].Job.ID
	f.ids[e.title] = id
	must(f.T, f.SetDuration(f.Context(), id, int64(e.secs*1000)))
	return id
}

// drain empties the line.
func (f *forecast) drain() {
	f.Helper()
	_, err := f.Clear(f.Context(), job.Queued)
	must(f.T, err)
}

func (f *forecast) take(id string) job.Lease {
	f.Helper()
	_, lease, err := f.Take(f.Context(), id, "me")
	must(f.T, err)
	return lease
}

func (f *forecast) stage(lease job.Lease, stage job.Stage, took time.Duration) {
	f.Helper()
	must(f.T, f.store.Begin(f.Context(), lease, stage))
	f.clock.Advance(took)
	must(f.T, f.store.Finish(f.Context(), lease, stage, lease.ID, nil, false, took))
}

// running adds a job that is being worked on.
func (f *forecast) running(e entry, p job.Progress) {
	f.Helper()
	lease := f.take(f.add(e))
	if p.Stage == "" {
		return
	}
	must(f.T, f.store.Begin(f.Context(), lease, p.Stage))
	_, err := f.Renew(f.Context(), lease, p)
	must(f.T, err)
}

// told is what every door says, by title; 0 is left out. The doors agree.
func (f *forecast) told() map[string]int {
	f.Helper()
	told := map[string]int{}
	for _, state := range []job.State{job.Running, job.Queued} {
		for filter := (queue.Filter{State: state, Limit: 2}); ; {
			page, err := f.List(f.Context(), filter)
			must(f.T, err)
			for _, j := range page.Jobs {
				alone, err := f.Get(f.Context(), j.ID)
				must(f.T, err)
				if alone.ETASeconds != j.ETASeconds {
					f.Errorf("%s: %d s alone, %d s in a list", j.Title, alone.ETASeconds, j.ETASeconds)
				}
				if j.ETASeconds != 0 {
					told[j.Title] = j.ETASeconds
				}
			}
			if filter.Cursor = page.Next; page.Next == "" {
				break
			}
		}
	}
	return told
}

func (f *forecast) whole() int {
	f.Helper()
	n, err := f.ETA(f.Context())
	must(f.T, err)
	return n
}

func TestForecasts(t *testing.T) {
	t.Parallel()
	transcribing := func(fraction float64, eta int) job.Progress {
		return job.Progress{Stage: job.Transcribe, Fraction: fraction, ETASeconds: eta}
	}
	later := job.Wait{Reason: job.NoSource, Text: "The file is not there."}
	memory := job.Wait{Reason: job.Memory, Text: "needs 2 GB"}
	tests := map[string]struct {
		running  *entry
		progress job.Progress
		line     []entry
		paused   bool
		want     map[string]int
		whole    int
	}{
		"an empty line takes no time": {want: map[string]int{}},
		"each waits for those before it": {
			line: []entry{{title: "a", secs: 100}, {title: "b", model: "large", secs: 10}, {title: "c", secs: 50}},
			want: map[string]int{"a": 60, "b": 60 + 21, "c": 60 + 21 + 30}, whole: 111,
		},
		"the running job's own forecast comes first": {
			running: &entry{title: "r", secs: 100}, progress: transcribing(0.9, 33),
			line: []entry{{title: "a", secs: 100}},
			want: map[string]int{"r": 33, "a": 93}, whole: 93,
		},
		"a running job without a forecast has the rest of its stage to go": {
			running: &entry{title: "r", secs: 100}, progress: transcribing(0.25, 0),
			line: []entry{{title: "a", secs: 100}},
			want: map[string]int{"r": 38, "a": 98}, whole: 98,
		},
		"what comes after the running stage counts too": {
			running: &entry{title: "r", secs: 100}, progress: job.Progress{Stage: job.Extract, Fraction: 0.5},
			want: map[string]int{"r": 55}, whole: 55,
		},
		"a job that was just taken has all to go": {
			running: &entry{title: "r", secs: 100},
			want:    map[string]int{"r": 60}, whole: 60,
		},
		"the last stage's forecast is enough for a job of unknown length": {
			running: &entry{title: "r", model: "new"}, progress: transcribing(0.5, 20),
			line: []entry{{title: "a", secs: 100}},
			want: map[string]int{"r": 20, "a": 80}, whole: 80,
		},
		"the forecast of an earlier stage is not": {
			running: &entry{title: "r"}, progress: job.Progress{Stage: job.Extract, Fraction: 0.5, ETASeconds: 2},
			line: []entry{{title: "a", secs: 100}},
			want: map[string]int{},
		},
		"nothing is known behind a job of unknown length": {
			line: []entry{{title: "a", secs: 100}, {title: "b"}, {title: "c", secs: 100}},
			want: map[string]int{"a": 60},
		},
		"nothing is known behind a model whose pace is not": {
			line: []entry{{title: "a", secs: 100}, {title: "b", model: "new", secs: 100}, {title: "c", secs: 100}},
			want: map[string]int{"a": 60},
		},
		"nothing is known of a line that waits for memory": {
			running: &entry{title: "r", secs: 100}, progress: transcribing(0.5, 10),
			line: []entry{{title: "a", secs: 100, wait: memory}, {title: "b", secs: 100}},
			want: map[string]int{"r": 10},
		},
		"who waited for memory further back changes nothing": {
			line: []entry{{title: "a", secs: 100}, {title: "b", secs: 100, wait: memory}},
			want: map[string]int{"a": 60, "b": 120}, whole: 120,
		},
		"who steps aside is not waited for": {
			line: []entry{{title: "a", secs: 100, wait: later}, {title: "b", secs: 100}, {title: "c", wait: later}, {title: "d", secs: 100}},
			want: map[string]int{"b": 60, "d": 120}, whole: 120,
		},
		"a line in which all step aside has no end": {
			line: []entry{{title: "a", secs: 100, wait: later}},
			want: map[string]int{},
		},
		"nothing is known of a paused line but the job that runs": {
			running: &entry{title: "r", secs: 100}, progress: transcribing(0.5, 10), paused: true,
			line: []entry{{title: "a", secs: 100}},
			want: map[string]int{"r": 10},
		},
		"a translation counts once for each language, a summary once": {
			line: []entry{{title: "a", secs: 100, to: []string{"ko"}}, {title: "b", secs: 100, to: []string{"ko", "de"}, sum: true}, {title: "c", secs: 100, sum: true}, {title: "d", secs: 100}},
			want: map[string]int{"a": 80, "b": 80 + 105, "c": 80 + 105 + 65, "d": 80 + 105 + 65 + 60}, whole: 310,
		},
		"nothing is known behind a language model whose pace is not": {
			line: []entry{{title: "a", secs: 100}, {title: "b", secs: 100, sum: true, llm: "new"}, {title: "c", secs: 100}},
			want: map[string]int{"a": 60},
		},
		"a language model that has nothing to do is no matter": {
			line: []entry{{title: "a", secs: 100, llm: "new"}, {title: "b", secs: 100}},
			want: map[string]int{"a": 60, "b": 120}, whole: 120,
		},
		"the language stages come after the one that runs": {
			running: &entry{title: "r", secs: 100, to: []string{"ko"}, sum: true}, progress: transcribing(0.9, 5),
			line: []entry{{title: "a", secs: 100}},
			want: map[string]int{"r": 5 + 20 + 5, "a": 90}, whole: 90,
		},
		"a translation that runs has the rest of its languages to go": {
			running: &entry{title: "r", secs: 100, to: []string{"ko", "de"}, sum: true}, progress: job.Progress{Stage: job.Translate, Fraction: 0.5},
			want: map[string]int{"r": 20 + 5}, whole: 25,
		},
		"a delivery is over at once": {
			running: &entry{title: "r", secs: 100, to: []string{"ko"}}, progress: job.Progress{Stage: job.Deliver},
			line: []entry{{title: "a", secs: 100}},
			want: map[string]int{"r": 1, "a": 60}, whole: 60,
		},
		"the shortest is still a second": {
			running: &entry{title: "r", secs: 100}, progress: transcribing(1, 0),
			line: []entry{{title: "a", secs: 0.001}},
			want: map[string]int{"r": 1, "a": 1}, whole: 1,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newForecast(t)
			if test.running != nil {
				f.running(*test.running, test.progress)
			}
			for _, e := range test.line {
				f.add(e)
			}
			if test.paused {
				must(t, f.Pause(t.Context()))
			}
			same(t, "forecast", f.told(), test.want)
			same(t, "forecast of the whole line", f.whole(), test.whole)
		})
	}
}

func TestAJobThatComesBackInTimeIsInTheForecastAgain(t *testing.T) {
	t.Parallel()
	f := newForecast(t)
	f.add(entry{title: "a", secs: 100, wait: job.Wait{Reason: job.Backoff, Until: f.clock.Now().Add(time.Minute)}})
	f.add(entry{title: "b", secs: 100})
	same(t, "before", f.told(), map[string]int{"b": 60})
	f.clock.Advance(time.Minute)
	same(t, "after", f.told(), map[string]int{"a": 60, "b": 120})
}

func TestAJobThatComesBackHasOnlyItsRestToGo(t *testing.T) {
	t.Parallel()
	f := newForecast(t)
	id := f.add(entry{title: "a", secs: 100})
	lease := f.take(id)
	f.stage(lease, job.Extract, 10*time.Second)
	_, err := f.Settle(t.Context(), lease, queue.Outcome{State: job.Queued})
	must(t, err)
	same(t, "forecast", f.told(), map[string]int{"a": 50})
}

func TestTheWorkOfAJobIsWhatItsStagesAre(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options job.Options
		want    queue.Load
	}{
		"speech only": {job.Options{Model: "tiny", LLMModel: "gemma"}, queue.Load{Model: "tiny"}},
		"languages":   {job.Options{Model: "tiny", LLMModel: "gemma", TranslateTo: []string{"ko", "de"}}, queue.Load{Model: "tiny", LLMModel: "gemma", Languages: 2}},
		"a summary":   {job.Options{Model: "tiny", LLMModel: "gemma", Summarize: true}, queue.Load{Model: "tiny", LLMModel: "gemma", Summarize: true}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.want.Jobs, test.want.MediaMS = 1, 7
			same(t, "load", queue.LoadOf(test.options, 7), test.want)
			test.want.Unknown, test.want.MediaMS = 1, 0
			same(t, "load of unknown length", queue.LoadOf(test.options, 0), test.want)
		})
	}
}

func TestTheForecastOfAFinalJobIsNone(t *testing.T) {
	t.Parallel()
	f := newForecast(t)
	j, err := f.Get(t.Context(), f.ids["past tiny"])
	must(t, err)
	same(t, "forecast", j.ETASeconds, 0)
}

func TestOtherListsTellNoForecast(t *testing.T) {
	t.Parallel()
	f := newForecast(t)
	f.add(entry{title: "a", secs: 100})
	for _, filter := range []queue.Filter{{}, {State: job.Done}, {State: job.Queued, Query: "a"}} {
		p, err := f.List(t.Context(), filter)
		must(t, err)
		for _, j := range p.Jobs {
			same(t, fmt.Sprintf("forecast in %+v", filter), j.ETASeconds, 0)
		}
	}
}

func TestTheForecastOfARunningJobIsAsFreshAsItsProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newForecast(t)
		q, stop := run(t, queue.Deps{Store: f.store, Gate: openGate(), Runner: worker(func(ctx context.Context, j job.Job, report func(job.Progress)) error {
			lease := job.Lease{ID: j.ID, Token: j.Token, Owner: j.Owner}
			if err := f.store.Begin(ctx, lease, job.Transcribe); err != nil {
				return err
			}
			time.Sleep(time.Second) // the lease has just been renewed
			report(job.Progress{Stage: job.Transcribe, Fraction: 0.1, ETASeconds: 45})
			<-ctx.Done()
			return ctx.Err()
		})})
		defer stop()
		f.Queue = q
		f.add(entry{title: "r", secs: 100})
		time.Sleep(2 * time.Second)
		f.add(entry{title: "a", secs: 100})
		same(t, "forecast", f.told(), map[string]int{"r": 45, "a": 105})
	})
}

// away is a store in which some reads fail.
type away struct {
	queue.Store
	paused, paces, ahead error
}

func (a *away) Paused(ctx context.Context) (bool, error) {
	if a.paused != nil {
		return false, a.paused
	}
	return a.Store.Paused(ctx)
}

func (a *away) Paces(ctx context.Context) ([]queue.Pace, error) {
	if a.paces != nil {
		return nil, a.paces
	}
	return a.Store.Paces(ctx)
}

func (a *away) Ahead(ctx context.Context, id string) ([]queue.Load, error) {
	if a.ahead != nil {
		return nil, a.ahead
	}
	return a.Store.Ahead(ctx, id)
}

func TestWhatCannotBeReadIsNoForecast(t *testing.T) {
	t.Parallel()
	broken := fault.New(fault.StoreDamaged, "The database is damaged.", nil)
	for name, store := range map[string]*away{"pause": {paused: broken}, "paces": {paces: broken}, "line": {ahead: broken}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newForecast(t)
			id := f.add(entry{title: "a", secs: 100})
			store.Store = f.store
			q := made(queue.Deps{Store: store})
			_, getErr := q.Get(t.Context(), id)
			_, listErr := q.List(t.Context(), queue.Filter{State: job.Queued})
			_, wholeErr := q.ETA(t.Context())
			for _, err := range []error{getErr, listErr, wholeErr} {
				if !fault.Is(err, fault.StoreDamaged) {
					t.Errorf("got %v", err)
				}
			}
			if _, err := q.Submit(t.Context(), []job.Draft{{Title: "b"}}); err != nil {
				t.Errorf("a job that was stored is refused: %v", err)
			}
		})
	}
	f := newForecast(t)
	id := f.add(entry{title: "a", secs: 100})
	q := made(queue.Deps{Store: &away{Store: f.store, ahead: fault.New(fault.JobUnknown, "There is no such job.", nil)}})
	if j, err := q.Get(t.Context(), id); err != nil || j.ETASeconds != 0 {
		t.Errorf("a job that is deleted meanwhile: %d s, %v", j.ETASeconds, err)
	}
}
