package tray_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/board"
	"sluice/internal/job"
	"sluice/internal/tray"
)

// bench is a tray on a screen of the test's, which follows a board.
type bench struct {
	*tray.Tray
	line   *line
	board  *board.Board
	screen *screen
	end    func()
}

// follow starts a tray inside a synctest bubble; all of it ends with end.
func follow(t *testing.T, a tray.Actions, s *screen) *bench {
	t.Helper()
	return followWith(t, a, tray.Config{Language: "en"}, s)
}

func followWith(t *testing.T, a tray.Actions, cfg tray.Config, s *screen) *bench {
	t.Helper()
	l := &line{reading: calm()}
	b := board.New("boot", l, l)
	x := &bench{tray.NewOn(b, a, cfg, quiet(), s), l, b, s, nil}
	x.Start()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- x.Run(ctx) }()
	x.end = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		x.Stop()
	}
	synctest.Wait()
	return x
}

// pass lets fake time pass.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (x *bench) publish(e board.Event) { x.board.Publish(e) }

// change changes the line and says so.
func (x *bench) change(change func(*line)) {
	x.line.set(change)
	x.publish(board.Event{Kind: board.LineChanged})
}

func progress(percent float64) board.Event {
	return board.Event{Kind: board.Progress, JobID: "A", Progress: job.Progress{Stage: job.Transcribe, Fraction: percent / 100}}
}

func TestTheBoardIsShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := follow(t, tray.Actions{}, newScreen())
		defer x.end()
		if diff := cmp.Diff("Starting", x.screen.first.Labels()[0]); diff != "" {
			t.Error(diff)
		}
		if got := x.screen.last().Labels()[0]; got != "Line is empty" {
			t.Errorf("got %q", got)
		}
		pass(time.Second)
		x.change(jobs([]job.Job{busy(10, 0)}, nil))
		synctest.Wait()
		if l := x.screen.last(); l.Title != "1" || !l.Icon.Running {
			t.Errorf("got %+v", l)
		}
	})
}

func TestAFloodIsDrawnOnceASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := follow(t, tray.Actions{}, newScreen())
		defer x.end()
		x.change(jobs([]job.Job{busy(0, 0)}, nil))
		for i := range 1000 { // ten seconds
			x.publish(progress(float64(i) / 10))
			if i%10 == 0 {
				x.publish(board.Event{Kind: board.LineChanged})
			}
			pass(10 * time.Millisecond)
		}
		pass(2 * time.Second)
		at := x.screen.drawings()
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap < time.Second {
				t.Errorf("drawn again after %v", gap)
			}
		}
		if len(at) < 10 || x.line.questions() > 14 {
			t.Errorf("drawn %d times, asked %d times", len(at), x.line.questions())
		}
		if got := x.screen.last().Labels()[2]; got != "Interview.mp4 - transcribing 99%" {
			t.Errorf("the last one is missing: %q", got)
		}
	})
}

func TestNothingNewIsNotDrawn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := follow(t, tray.Actions{}, newScreen())
		defer x.end()
		for range 30 {
			x.publish(board.Event{Kind: board.LineChanged})
			x.publish(board.Event{Kind: board.Segment, JobID: "A"})
			pass(time.Second)
		}
		if n := len(x.screen.drawings()); n != 1 {
			t.Errorf("drawn %d times", n)
		}
	})
}

func TestProgressAndMemoryNeedNoSnapshot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := follow(t, tray.Actions{}, newScreen())
		defer x.end()
		x.change(jobs([]job.Job{busy(5, 0)}, nil))
		pass(2 * time.Second)
		before := x.line.questions()
		for i := range 10 {
			x.publish(progress(float64(i)))
			x.publish(board.Event{Kind: board.Memory, Reading: job.Reading{Level: job.Normal, FreePercent: 50 - i}})
			pass(time.Second)
		}
		if n := x.line.questions() - before; n > 1 {
			t.Errorf("asked %d times", n)
		}
		want := []string{"1 in line", "Memory: fine, 41% free", "Interview.mp4 - transcribing 9%"}
		if diff := cmp.Diff(want, x.screen.last().Labels()[:3]); diff != "" {
			t.Error(diff)
		}
	})
}

// What no event tells is asked for while there is something to show.
func TestAnOldSnapshotIsTakenAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := follow(t, tray.Actions{}, newScreen())
		defer x.end()
		x.change(jobs([]job.Job{busy(5, 0)}, nil))
		pass(2 * time.Second)
		x.line.set(func(l *line) { l.now.ETASeconds = 300 })
		for i := range 20 {
			x.publish(progress(float64(i)))
			pass(time.Second)
		}
		if got := x.screen.last().Labels()[2]; got != "Done in about 5 min" {
			t.Errorf("got %q", got)
		}
	})
}

func TestANewLevelOfMemoryAsksHowTheGateStands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := follow(t, tray.Actions{}, newScreen())
		defer x.end()
		pass(time.Second)
		r := job.Reading{Level: job.Critical, FreePercent: 4, Available: 800_000_000}
		x.line.set(func(l *line) { l.reading = r })
		x.publish(board.Event{Kind: board.Memory, Reading: r})
		synctest.Wait()
		if i := x.screen.last().Icon; !i.Shut || i.Level != job.Critical {
			t.Errorf("got %+v", i)
		}
	})
}

func TestProgressOfAStageThatIsOverIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := follow(t, tray.Actions{}, newScreen())
		defer x.end()
		x.change(jobs([]job.Job{busy(5, 0)}, nil))
		x.publish(progress(90))
		pass(2 * time.Second)
		again := job.Job{ID: "A", State: job.Running, Title: "Interview.mp4", Stage: job.Extract}
		x.line.set(jobs([]job.Job{again}, nil))
		x.publish(board.Event{Kind: board.JobChanged, JobID: "A", Job: again})
		pass(2 * time.Second)
		if got := x.screen.last().Labels()[2]; got != "Interview.mp4 - reading the sound" {
			t.Errorf("got %q", got)
		}
	})
}

func TestTheLastPictureStaysWhileTheLineCannotBeRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := follow(t, tray.Actions{}, newScreen())
		defer x.end()
		x.change(jobs(nil, []job.Job{queued(job.Turn, "")}))
		pass(2 * time.Second)
		x.change(func(l *line) { l.err = errors.New("disk on fire") })
		pass(5 * time.Second)
		if got := x.screen.last().Title; got != "1" {
			t.Errorf("got %q", got)
		}
		x.line.set(func(l *line) { l.err = nil })
		x.line.set(jobs(nil, nil)) // and nobody says so
		pass(2 * time.Second)
		if got := x.screen.last().Title; got != "" {
			t.Errorf("not tried again: %q", got)
		}
	})
}

func TestTheLanguageChangesWhileItRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := follow(t, tray.Actions{}, newScreen())
		defer x.end()
		x.SetLanguage("ko")
		pass(time.Second)
		if got := x.screen.last().Labels()[0]; got != "대기 중인 작업 없음" {
			t.Errorf("got %q", got)
		}
		x.SetLanguage("de")
		pass(time.Second)
		if got := x.screen.last().Labels()[0]; got != "Line is empty" {
			t.Errorf("got %q", got)
		}
	})
}

func TestABarThatComesLateShowsTheNewest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScreen()
		s.open = make(chan struct{})
		x := follow(t, tray.Actions{}, s)
		defer x.end()
		x.change(jobs(nil, []job.Job{queued(job.Turn, "")}))
		pass(5 * time.Second)
		close(s.open)
		synctest.Wait()
		if n := len(s.drawings()); n != 1 || s.last().Title != "1" {
			t.Errorf("drawn %d times, title %q", n, s.last().Title)
		}
	})
}

// On a Mac a drawing waits for the main loop, which may have ended.
func TestRunEndsWhenADrawingNeverDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScreen()
		s.hang = make(chan struct{})
		x := follow(t, tray.Actions{}, s)
		pass(time.Minute)
		began := time.Now()
		x.end()
		if took := time.Since(began); took > time.Second {
			t.Errorf("Run ended after %v", took)
		}
		close(s.hang)
	})
}

func TestClicksDoWhatTheMenuSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var did diary
		act := func(name string) func() { return func() { did.note(name) } }
		s := newScreen()
		x := follow(t, tray.Actions{
			Pause: act("pause"), Resume: act("resume"), AddFiles: act("add"), Open: act("open"), Quit: act("quit"),
			Show: func(id string) { did.note("show " + id) }, Update: act("update"),
		}, s)
		defer x.end()
		click := func(place int) {
			s.click(place, s.last())
			synctest.Wait()
		}
		click(tray.PlacePause)
		pass(time.Second)
		x.change(func(l *line) {
			jobs([]job.Job{busy(5, 0)}, []job.Job{{ID: "N1"}, {ID: "N2"}})(l)
			l.now.Last = []job.Job{{ID: "L1", State: job.Done}, {ID: "L2", State: job.Failed}}
			l.now.Paused = true
		})
		x.SetUpdate("v1.3.0")
		pass(time.Second)
		want := []string{"pause"}
		for _, c := range []struct {
			place int
			does  string
		}{
			{tray.PlacePause, "resume"},
			{tray.PlaceAdd, "add"},
			{tray.PlaceOpen, "open"},
			{tray.PlaceUpdate, "update"},
			{tray.PlaceJob, "show A"},
			{tray.PlaceNext, "show N1"},
			{tray.PlaceNext + 1, "show N2"},
			{tray.PlaceEnded, "show L1"},
			{tray.PlaceEnded + 1, "show L2"},
			{tray.PlaceQuit, "quit"},
		} {
			click(c.place)
			want = append(want, c.does)
		}
		click(0)                  // a line that only tells
		click(tray.PlaceNext + 2) // and one that is not there
		if diff := cmp.Diff(want, did.all()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestANewerVersionIsOfferedWhileThereIsOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := follow(t, tray.Actions{}, newScreen())
		defer x.end()
		for _, c := range []struct{ version, language, want string }{
			{"", "en", ""},
			{"1.3.0", "en", "Sluice 1.3.0 is available"},
			{"v1.3.1", "ko", "새 버전 Sluice 1.3.1 보기"},
			{"9\n\u202e" + strings.Repeat("0", 99), "en", "Sluice 9 00000000…000000000 is available"},
			{"", "en", ""},
		} {
			x.SetLanguage(c.language)
			x.SetUpdate(c.version)
			pass(2 * time.Second)
			if got := x.screen.last().Menu[tray.PlaceUpdate]; got.Label != c.want || got.Enabled != (c.want != "") {
				t.Errorf("%q: got %+v", c.version, got)
			}
		}
	})
}

func TestNothingMovesUnderTheHandThatOpenedTheMenu(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var did diary
		x := follow(t, tray.Actions{Show: did.note, Open: func() { did.note("open") }}, newScreen())
		defer x.end()
		named := func(id string) job.Job { return job.Job{ID: id, State: job.Queued, Title: id + ".mp4"} }
		menu := func(want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, x.screen.last().Labels()[:len(want)]); diff != "" {
				t.Error(diff)
			}
		}
		x.change(jobs([]job.Job{busy(5, 0)}, []job.Job{named("N1"), named("N2")}))
		pass(2 * time.Second)
		menu("3 in line", "Memory: fine, 62% free", "Interview.mp4 - transcribing 5%", "Next: N1.mp4", "Next: N2.mp4", "Pause")

		x.screen.opened()
		x.publish(progress(50))
		pass(2 * time.Second)
		menu("3 in line", "Memory: fine, 62% free", "Interview.mp4 - transcribing 50%", "Next: N1.mp4", "Next: N2.mp4", "Pause")
		n1 := named("N1")
		n1.State, n1.Stage = job.Running, job.Extract
		x.change(func(l *line) {
			jobs([]job.Job{n1}, []job.Job{named("N2")})(l)
			l.now.Last = []job.Job{{ID: "A", State: job.Done, Title: "Interview.mp4"}}
		})
		pass(2 * time.Second)
		menu("2 in line", "Memory: fine, 62% free", "Interview.mp4 - transcribing 50%", "Next: N1.mp4", "Next: N2.mp4", "Pause")
		if l := x.screen.last(); l.Title != "2" || l.Icon.Ring != 0 {
			t.Errorf("the icon stands still too: %+v", l)
		}
		x.screen.click(tray.PlaceNext+1, x.screen.last())
		pass(2 * time.Second)
		menu("2 in line", "Memory: fine, 62% free", "N1.mp4 - reading the sound", "Next: N2.mp4", "✓ Done: Interview.mp4", "Pause")
		if got := strings.Join(did.all(), " "); got != "N2" {
			t.Errorf("the click led to %q", got)
		}

		x.screen.opened()
		x.change(jobs(nil, nil))
		pass(7 * time.Second)
		menu("Line is empty", "Memory: fine, 62% free", "N1.mp4 - reading the sound", "Next: N2.mp4", "✓ Done: Interview.mp4", "Pause")
		pass(2 * time.Second) // and nobody says anything new
		menu("Line is empty", "Memory: fine, 62% free", "Pause")
	})
}

func TestOthersAreToldOfTheLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []tray.Outline
		var at []time.Time
		busyNow := false
		s := newScreen()
		s.open = make(chan struct{}) // who listens needs no bar
		x := followWith(t, tray.Actions{}, tray.Config{Language: "en", Outside: func(o tray.Outline) {
			if busyNow {
				t.Error("told two things at a time")
			}
			busyNow = true
			time.Sleep(300 * time.Millisecond)
			busyNow = false
			told, at = append(told, o), append(at, time.Now())
		}}, s)
		x.change(jobs([]job.Job{busy(0, 0)}, nil))
		for i := range 1000 { // a hundred seconds
			x.publish(progress(float64(i) / 50))
			x.publish(board.Event{Kind: board.Memory, Reading: job.Reading{Level: job.Normal, FreePercent: 40 + i%10}})
			pass(100 * time.Millisecond)
		}
		pass(3 * time.Second)
		x.end()
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap < time.Second {
				t.Errorf("told again after %v", gap)
			}
			if told[i] == told[i-1] {
				t.Errorf("told twice: %+v", told[i])
			}
		}
		// The empty line, the job, and then one to nineteen percent.
		if len(told) != 21 {
			t.Errorf("told %d times", len(told))
		}
		want := tray.Outline{Spoken: "Sluice: 1 job in line. Transcribing Interview.mp4, 19 percent done. Memory is fine.", Depth: 1, Progress: 0.19}
		if diff := cmp.Diff(want, told[len(told)-1]); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRunEndsWhenTheOthersNeverListen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		x := followWith(t, tray.Actions{}, tray.Config{Outside: func(tray.Outline) { <-hang }}, newScreen())
		x.change(jobs(nil, []job.Job{queued(job.Turn, "")}))
		pass(time.Minute)
		if got := x.screen.last().Title; got != "1" {
			t.Errorf("the icon waits for them: %q", got)
		}
		began := time.Now()
		x.end()
		if took := time.Since(began); took > time.Second {
			t.Errorf("Run ended after %v", took)
		}
		close(hang)
	})
}

func TestASlowActionHoldsUpNoOtherClick(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var did diary
		s := newScreen()
		x := follow(t, tray.Actions{
			AddFiles: func() { time.Sleep(time.Hour) },
			Pause:    func() { time.Sleep(time.Minute); did.note("pause") },
			Resume:   func() { did.note("resume") },
			Open:     func() { did.note("open") },
		}, s)
		defer x.end()
		asked := tray.Look{Icon: tray.Icon{Paused: true}}
		for range 100 {
			s.click(tray.PlaceAdd, tray.Look{})
		}
		s.click(tray.PlacePause, tray.Look{})
		s.click(tray.PlacePause, asked)
		s.click(tray.PlaceOpen, tray.Look{})
		s.click(tray.PlaceQuit, tray.Look{}) // there is no such action
		pass(time.Second)
		if got := did.all(); !slices.Equal(got, []string{"open"}) {
			t.Errorf("after a second: %q", got)
		}
		pass(time.Minute)
		if got := strings.Join(did.all(), " "); got != "open pause resume" {
			t.Errorf("resuming overtook pausing: %q", got)
		}
		pass(10 * time.Hour)
	})
}

func TestStoppingIsSafeAtAnyTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScreen()
		l := &line{}
		x := tray.NewOn(board.New("boot", l, l), tray.Actions{}, tray.Config{}, quiet(), s)
		x.Stop()
		x.Stop()
		x.Start()
		if s.started != 0 || s.stopped != 0 {
			t.Errorf("started %d times and stopped %d times", s.started, s.stopped)
		}

		s = newScreen()
		x = tray.NewOn(board.New("boot", l, l), tray.Actions{}, tray.Config{}, quiet(), s)
		x.Start()
		x.Start()
		x.Stop()
		x.Stop()
		if s.started != 1 || s.stopped != 1 {
			t.Errorf("started %d times and stopped %d times", s.started, s.stopped)
		}
	})
}
