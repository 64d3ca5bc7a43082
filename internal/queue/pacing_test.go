package queue_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/job"
	"sluice/internal/queue"
)

func TestManyThatWaitKeepNeitherTheMachineBusyNorAnybodyFromTheWorker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		_, stop := run(t, queue.Deps{Store: l, Runner: runner{work: after(0), ready: func(j job.Job) *job.Wait {
			if j.Title == "good" {
				return nil
			}
			return &job.Wait{Reason: job.NoSource, Text: "The file is not there.", Until: l.wall().Add(time.Second)}
		}}})
		defer stop()
		synctest.Wait()
		drafts := make([]job.Draft, 600)
		drafts[599].Title = "good"
		_, err := l.Submit(t.Context(), drafts) // the worker finds them by itself, at its next poll
		must(t, err)
		time.Sleep(5*time.Second + 6*time.Second)
		synctest.Wait()
		if l.state("good") != job.Done {
			t.Error("the one behind them was not found")
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if n := len(l.waits); n < 600 || n > 500+500+6*50 { // anew once the good one was taken
			t.Errorf("%d looks in six seconds", n)
		}
	})
}

func TestAJobThatStaysAwayIsToldWhenThereIsSomethingNewToSay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		text, asked := "The file is not there.", 0
		say := func(s string) {
			mu.Lock()
			defer mu.Unlock()
			text = s
		}
		l, heard := newLine(), &ear{}
		q, stop := run(t, queue.Deps{Store: l, Listener: heard, Runner: runner{work: after(0), ready: func(job.Job) *job.Wait {
			mu.Lock()
			defer mu.Unlock()
			asked++
			return &job.Wait{Reason: job.NoSource, Text: text, Until: l.wall().Add(15 * time.Second)}
		}}})
		defer stop()
		told := func() (texts []string) {
			time.Sleep(time.Minute)
			synctest.Wait()
			heard.mu.Lock()
			defer heard.mu.Unlock()
			for _, j := range heard.jobs {
				texts = append(texts, j.ReasonText)
			}
			heard.jobs = nil
			return texts
		}
		submit(t, q, "a")
		same(t, "told of a new one", told(), []string{"", "The file is not there."})
		same(t, "told while nothing changes", told(), []string(nil))
		say("The disk is not there.")
		same(t, "told of other words", told(), []string{"The disk is not there."})
		_, err := q.Release(t.Context(), l.id("a"))
		must(t, err)
		same(t, "told after a release", told(), []string{"", "The disk is not there."})
		_, err = q.ReleaseAll(t.Context(), job.NoSource)
		must(t, err)
		same(t, "told after a release of all", told(), []string{"The disk is not there."})
		mu.Lock()
		asked = 0
		mu.Unlock()
		time.Sleep(6 * time.Hour)
		n := len(told())
		mu.Lock()
		defer mu.Unlock()
		if asked < 1000 || n > 6 {
			t.Errorf("asked %d times in six hours, told %d times", asked, n)
		}
	})
}
