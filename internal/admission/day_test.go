package admission_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/job"
)

// An M3 Pro with 18 GB through its whole day. Its owner works on it, and
// lectures come in to be transcribed and translated: large-v3-turbo-q5_0 and
// then gemma3:4b, one after another, never both.
func TestAnM3ProWith18GBThroughItsWholeDay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, macAt(11*gb, job.Normal, 75)) // midnight: nobody is there
		lecture := func(name string, comes time.Duration) []task {
			return []task{
				{name + " transcribe", job.Need{Stage: job.Transcribe, Model: "large-v3-turbo-q5_0", Bytes: gb}, comes, 12 * time.Minute},
				{name + " translate", job.Need{Stage: "translate", Model: "gemma3:4b", Bytes: 4 * gb}, comes, 20 * time.Minute},
			}
		}
		clock := func(hours, minutes int) time.Duration {
			return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Second
		}
		var day []task
		for _, l := range [][]task{
			lecture("Monday 1", clock(7, 30)),
			lecture("Monday 2", clock(9, 15)),
			lecture("Monday 3", clock(10, 40)),
			lecture("Monday 4", clock(12, 0)),
			lecture("Monday 5", clock(15, 0)),
			lecture("Monday 6", clock(18, 50)),
			lecture("Monday 7", clock(21, 30)),
		} {
			day = append(day, l...)
		}
		got := play(t, w, clock(24, 0), []event{
			memoryAt(clock(9, 0), macAt(6500*mb, job.Warn, 48)),      // browser and Slack: everyday warn
			memoryAt(clock(10, 0), macAt(4600*mb, job.Warn, 41)),     // forty tabs
			memoryAt(clock(11, 10), macAt(1500*mb, job.Critical, 9)), // Xcode opens and builds
			memoryAt(clock(11, 25), macAt(2800*mb, job.Warn, 27)),    // the build is done
			memoryAt(clock(11, 40), macAt(1100*mb, job.Critical, 8)), // the next one
			memoryAt(clock(11, 52), macAt(2900*mb, job.Warn, 30)),    // indexing
			memoryAt(clock(12, 30), macAt(9*gb, job.Normal, 68)),     // lunch; Xcode is closed
			ollamaAt(clock(14, 45), 5100*mb),                         // a chat with qwen3:8b
			memoryAt(clock(17, 30), macAt(7*gb, job.Warn, 52)),       //
			batteryAt(clock(19, 0), true),                            // on the sofa
			batteryAt(clock(20, 40), false),                          // plugged in
			batteryAt(clock(21, 35), true),                           // it is moved to the desk
			{clock(21, 35) + 7*time.Second, func(w *world) { w.plug.set(false, nil) }},
			memoryAt(clock(22, 30), macAt(10*gb, job.Normal, 72)), // quiet
		}, day)
		want := []string{
			"07:30:01 Monday 1 transcribe starts",
			"07:42:01 Monday 1 transcribe ends",
			"07:42:01 Monday 1 translate starts",
			"08:02:01 Monday 1 translate ends",
			"09:15:01 Monday 2 transcribe starts",
			"09:27:01 Monday 2 transcribe ends",
			"09:27:01 Monday 2 translate starts",
			"09:47:01 Monday 2 translate ends",
			"10:40:01 Monday 3 transcribe starts",
			"10:52:01 Monday 3 transcribe ends",
			"10:52:01 Monday 3 translate waits: memory: needs 4.0 GB and 1.0 GB to spare, 4.6 GB free; starts in 15 min if memory stays free",
			"11:07:01 Monday 3 translate starts",
			"11:10:12 Monday 3 translate yields: memory: memory is critically short, 0 B free; jobs start again 30 s after it eases",
			"11:10:12 Monday 3 translate waits: memory: memory is critically short, 0 B free; jobs start again 30 s after it eases",
			"11:10:17 Monday 3 translate waits: memory: memory is critically short, 1.5 GB free; jobs start again 30 s after it eases",
			"11:25:02 Monday 3 translate waits: memory: needs 4.0 GB, 1.5 GB free",
			"11:25:07 Monday 3 translate waits: memory: needs 4.0 GB, 2.8 GB free",
			"11:40:02 Monday 3 translate waits: memory: memory is critically short, 1.1 GB free; jobs start again 30 s after it eases",
			"11:52:02 Monday 3 translate waits: memory: needs 4.0 GB, 1.1 GB free",
			"11:52:07 Monday 3 translate waits: memory: needs 4.0 GB, 2.9 GB free",
			"12:30:04 Monday 3 translate starts",
			"12:46:53 Monday 3 translate ends",
			"12:46:53 Monday 4 transcribe starts",
			"12:58:53 Monday 4 transcribe ends",
			"12:58:53 Monday 4 translate starts",
			"13:18:53 Monday 4 translate ends",
			"15:00:01 Monday 5 transcribe waits: memory: Ollama is giving back 5.1 GB",
			"15:00:02 Monday 5 transcribe starts",
			"15:12:02 Monday 5 transcribe ends",
			"15:12:02 Monday 5 translate starts",
			"15:32:02 Monday 5 translate ends",
			"18:50:01 Monday 6 transcribe starts",
			"19:00:12 Monday 6 transcribe yields: power: on battery, starts when plugged in",
			"19:00:12 Monday 6 transcribe waits: power: on battery, starts when plugged in",
			"20:40:02 Monday 6 transcribe starts",
			"20:41:51 Monday 6 transcribe ends",
			"20:41:51 Monday 6 translate starts",
			"21:01:51 Monday 6 translate ends",
			"21:30:01 Monday 7 transcribe starts",
			"21:42:01 Monday 7 transcribe ends",
			"21:42:01 Monday 7 translate starts",
			"22:02:01 Monday 7 translate ends",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
