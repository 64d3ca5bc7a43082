package update_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/update"
)

const feed = "https://sluice.example/latest.json"

// release is one that the feed of these tests may tell of.
func release(version string) update.Release {
	return update.Release{Version: version, URL: "https://sluice.example/" + version}
}

// world is a lookout and what is around it. Its feed answers what the test says
// and remembers when it was asked.
type world struct {
	t       *testing.T
	file    string
	version string

	mu     sync.Mutex
	wish   update.Wish
	answer func(ctx context.Context, feed string) (update.Release, error)
	asked  []time.Time
	feeds  []string
	told   []string

	*update.Lookout
	stop context.CancelFunc
	done chan error
}

// newWorld is one where everything is on and the feed tells of 1.3.0.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, file: filepath.Join(t.TempDir(), "update.json"), version: "v1.2.0", wish: update.Wish{On: true, Feed: feed}}
	w.answers(release("1.3.0"), nil)
	return w
}

func (w *world) answers(r update.Release, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = func(context.Context, string) (update.Release, error) { return r, err }
}

// start makes a lookout of the file and runs it.
func (w *world) start() {
	w.t.Helper()
	w.Lookout = update.New(update.Config{
		Version: w.version, File: w.file,
		Wish: func() update.Wish {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.wish
		},
		Changed: func(n update.Newer) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told = append(w.told, n.Version)
		},
		Ask: func(ctx context.Context, feed string) (update.Release, error) {
			w.mu.Lock()
			w.asked, w.feeds = append(w.asked, time.Now()), append(w.feeds, feed)
			answer := w.answer
			w.mu.Unlock()
			return answer(ctx, feed)
		},
	}, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(w.t.Context())
	w.stop, w.done = stop, make(chan error, 1)
	go func() { w.done <- w.Run(ctx) }()
}

// end ends it, which takes no time.
func (w *world) end() {
	w.t.Helper()
	before := time.Now()
	w.stop()
	if err := <-w.done; err != nil {
		w.t.Errorf("the run ended with %v", err)
	}
	if took := time.Since(before); took > 0 {
		w.t.Errorf("the end took %v", took)
	}
}

// live lets time pass with a lookout that is started before and ended after.
func (w *world) live(d time.Duration) {
	w.t.Helper()
	w.start()
	time.Sleep(d)
	w.end()
}

// set changes the settings and says so.
func (w *world) set(wish update.Wish) {
	w.mu.Lock()
	w.wish = wish
	w.mu.Unlock()
	w.Wake()
	synctest.Wait()
}

// shows checks which version people are told of; "" is none.
func (w *world) shows(want string) {
	w.t.Helper()
	n, ok := w.Newer()
	if n.Version != want || ok != (want != "") {
		w.t.Errorf("told of %q (%v), want %q", n.Version, ok, want)
	}
}

// questions checks how often was asked.
func (w *world) questions(want int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.asked) != want {
		w.t.Fatalf("asked %d times, want %d: %v", len(w.asked), want, w.asked)
	}
}

func TestADayHasOneQuestionAndAStartAMinuteOfPeace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		began := time.Now()
		w.live(10*24*time.Hour + 12*time.Hour)
		w.questions(len(w.asked))
		if n := len(w.asked); n < 10 || n > 11 {
			t.Fatalf("asked %d times in ten days", n)
		}
		if first := w.asked[0].Sub(began); first < time.Minute || first > 2*time.Minute {
			t.Errorf("asked for the first time after %v", first)
		}
		same := true
		for i, at := range w.asked[1:] {
			gap := at.Sub(w.asked[i])
			if gap < 24*time.Hour || gap > 25*time.Hour {
				t.Errorf("question %d came %v after the one before", i+2, gap)
			}
			same = same && gap == w.asked[1].Sub(w.asked[0])
		}
		if same {
			t.Error("all days are equally long: everybody would ask at once")
		}
		if diff := cmp.Diff([]string{"1.3.0"}, w.told); diff != "" {
			t.Errorf("told otherwise than once: %s", diff)
		}
	})
}

func TestTenStartsADayAskOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 10 {
			w.live(2 * time.Hour)
			if i > 0 {
				w.shows("1.3.0")
			}
		}
		w.questions(1)
		if got := len(w.told); got != 10 {
			t.Errorf("told %d times, want once after each start", got)
		}
		time.Sleep(5 * time.Hour) // more than a day after the question
		w.live(time.Hour)
		w.questions(2)
	})
}

func TestAStartThatIsShortAsksNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live(50 * time.Second)
		w.questions(0)
	})
}

func TestWhatWasFoundIsToldAtOnceAfterAStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live(time.Hour)
		found, _ := w.Newer()
		if at := time.Since(found.Found); at < 58*time.Minute || at > time.Hour {
			t.Errorf("found %v ago", at)
		}
		w.told = nil
		w.start()
		synctest.Wait()
		w.shows("1.3.0")
		if now, _ := w.Newer(); !now.Found.Equal(found.Found) || now.URL != "https://sluice.example/1.3.0" {
			t.Errorf("after a start it is %+v, before %+v", now, found)
		}
		if diff := cmp.Diff([]string{"1.3.0"}, w.told); diff != "" {
			t.Error(diff)
		}
		w.end()
		w.questions(1)

		w.version = "1.3.0"
		w.start()
		w.shows("")
		w.end()
	})
}

func TestNobodyIsAskedUnlessItIsSwitchedOn(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]update.Wish{"switched off": {Feed: feed}, "nowhere to ask": {On: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.wish = off
				w.start()
				time.Sleep(3 * 24 * time.Hour)
				w.questions(0)

				w.set(update.Wish{On: true, Feed: feed})
				time.Sleep(10 * time.Second)
				w.questions(1)
				w.shows("1.3.0")

				w.set(off)
				w.shows("")
				time.Sleep(3 * 24 * time.Hour)
				w.questions(1)
				if diff := cmp.Diff([]string{"1.3.0", ""}, w.told); diff != "" {
					t.Error(diff)
				}
				w.end()
			})
		})
	}
}

func TestSwitchingOffAndOnIsNoSecondQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.start()
		time.Sleep(time.Hour)
		for range 5 {
			w.set(update.Wish{Feed: feed})
			w.shows("")
			w.set(update.Wish{On: true, Feed: feed})
			w.shows("1.3.0")
			time.Sleep(time.Hour)
		}
		w.questions(1)
		w.end()
	})
}

func TestAnotherFeedIsAskedSoonAndTheFirstCountsNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.start()
		time.Sleep(time.Hour)
		const other = "https://mirror.example/latest.json"
		w.answers(update.Release{}, nil)
		w.set(update.Wish{On: true, Feed: other})
		w.shows("")
		time.Sleep(10 * time.Second)
		w.shows("")
		w.end()
		w.questions(2)
		if diff := cmp.Diff([]string{feed, other}, w.feeds); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnotherFeedThatIsSilentLeavesNothingOfTheFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.start()
		time.Sleep(time.Hour)
		w.answers(update.Release{}, errors.New("no network"))
		w.set(update.Wish{On: true, Feed: "https://mirror.example/latest.json"})
		time.Sleep(24 * time.Hour)
		w.shows("")
		w.end()
	})
}

func TestASettingThatNobodySpeaksOfIsSeenInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.start()
		time.Sleep(time.Hour)
		w.mu.Lock()
		w.wish = update.Wish{}
		w.mu.Unlock()
		time.Sleep(3 * 24 * time.Hour)
		w.questions(1)
		w.end()
	})
}

func TestAnAnswerThatDoesNotComeIsWaitedForLongerAndLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.answers(update.Release{}, errors.New("no network"))
		w.live(5 * 24 * time.Hour)
		if len(w.told) > 0 {
			t.Errorf("told of %q", w.told)
		}
		for i, at := range w.asked[1:] {
			least := min(time.Hour<<i, 24*time.Hour)
			if gap := at.Sub(w.asked[i]); gap < least || gap > least+time.Hour {
				t.Errorf("try %d came %v after the one before, want %v and a little", i+2, gap, least)
			}
		}
		if n := len(w.asked); n < 8 || n > 9 { // 1, 2, 4, 8 and 16 hours, and then each day
			t.Errorf("asked %d times in five days", n)
		}
	})
}

func TestAnAnswerEndsTheLongWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		lost := errors.New("no network")
		w.answers(update.Release{}, lost)
		w.start()
		time.Sleep(24 * time.Hour)
		w.answers(release("1.3.0"), nil)
		time.Sleep(24 * time.Hour)
		w.shows("1.3.0")
		w.answers(update.Release{}, lost)
		w.mu.Lock()
		before := len(w.asked)
		w.mu.Unlock()
		time.Sleep(32 * time.Hour) // until the next day's question, and the tries after it
		w.end()
		if again := w.asked[before+1].Sub(w.asked[before]); again > 2*time.Hour {
			t.Errorf("tried again only after %v", again)
		}
	})
}

func TestFailuresAreRememberedAcrossStarts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.answers(update.Release{}, errors.New("no network"))
		for range 10 {
			w.live(10 * time.Minute)
		}
		if n := len(w.asked); n < 1 || n > 2 {
			t.Errorf("asked %d times in under two hours", n)
		}
	})
}

func TestWhoeverTouchesTheSettingsGetsAnotherTry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.answers(update.Release{}, errors.New("no network"))
		w.start()
		time.Sleep(8 * time.Hour)
		w.answers(release("1.3.0"), nil)
		w.set(update.Wish{Feed: feed})
		w.set(update.Wish{On: true, Feed: feed})
		time.Sleep(10 * time.Second)
		w.shows("1.3.0")
		w.end()
	})
}

func TestAFailureKeepsWhatIsKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.start()
		time.Sleep(time.Hour)
		w.answers(update.Release{}, errors.New("no network"))
		time.Sleep(3 * 24 * time.Hour)
		w.shows("1.3.0")
		w.answers(update.Release{}, nil) // it was taken back
		time.Sleep(2 * 24 * time.Hour)
		w.shows("")
		w.end()
		if diff := cmp.Diff([]string{"1.3.0", ""}, w.told); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAServerThatWantsPeaceGetsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.answers(update.Release{}, fmt.Errorf("ask feed: %w", &update.Answer{Status: 429, After: 10 * time.Hour}))
		w.live(9*time.Hour + 30*time.Minute)
		w.questions(1)
		w.answers(update.Release{}, fmt.Errorf("ask feed: %w", &update.Answer{Status: 429, After: 1000 * time.Hour}))
		w.live(2 * time.Hour)
		w.questions(2)
		w.live(26 * time.Hour) // no server may ask for more than a day
		w.questions(3)
	})
}

func TestASilentFeedIsLeftAfterHalfAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var ended time.Time
		w.answer = func(ctx context.Context, _ string) (update.Release, error) {
			<-ctx.Done()
			ended = time.Now()
			return update.Release{}, ctx.Err()
		}
		w.live(10 * time.Minute)
		w.questions(1)
		if took := ended.Sub(w.asked[0]); took != 30*time.Second {
			t.Errorf("waited for %v", took)
		}
	})
}

func TestAQuestionThatTheEndCutsOffDoesNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		asked := make(chan struct{})
		w.answer = func(ctx context.Context, _ string) (update.Release, error) {
			close(asked)
			<-ctx.Done()
			return update.Release{}, ctx.Err()
		}
		w.start()
		<-asked
		w.end()
		w.answers(release("1.3.0"), nil)
		w.live(3 * time.Minute)
		w.questions(2)
		w.shows("1.3.0")
	})
}

func TestADismissedVersionIsHiddenForGood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.start()
		time.Sleep(time.Hour)
		for _, other := range []string{"1.2.9", "", "1.3", "v1.3.0"} {
			if err := w.Dismiss(other); err != nil {
				t.Errorf("%q: %v", other, err)
			}
		}
		w.shows("1.3.0")
		if err := w.Dismiss("1.3.0"); err != nil {
			t.Fatal(err)
		}
		w.shows("")
		if err := w.Dismiss("1.3.0"); err != nil {
			t.Errorf("by a second view: %v", err)
		}
		time.Sleep(2 * 24 * time.Hour)
		w.end()
		w.start()
		w.shows("")

		w.answers(release("1.4.0"), nil)
		time.Sleep(2 * 24 * time.Hour)
		w.shows("1.4.0")
		if err := w.Dismiss("1.4.0"); err != nil {
			t.Fatal(err)
		}
		w.answers(release("1.3.0"), nil) // 1.4.0 was taken back
		time.Sleep(2 * 24 * time.Hour)
		w.shows("")
		w.answers(release("1.3.1"), nil)
		time.Sleep(2 * 24 * time.Hour)
		w.shows("1.3.1")
		w.end()
		if diff := cmp.Diff([]string{"1.3.0", "", "1.4.0", "", "1.3.1"}, w.told); diff != "" {
			t.Error(diff)
		}
	})
}

func TestADismissalThatCannotBeKeptIsSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.file = filepath.Join(t.TempDir(), "gone", "update.json")
		w.live(time.Hour) // not to be able to remember is no reason not to tell
		w.shows("1.3.0")
		if err := w.Dismiss("1.3.0"); err == nil {
			t.Error("nothing was said")
		}
		w.shows("1.3.0")
	})
}

func TestWhatCannotTakeItsPlaceIsNotLeftLying(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if err := os.MkdirAll(filepath.Join(w.file, "full"), 0o700); err != nil {
			t.Fatal(err)
		}
		w.live(time.Hour)
		w.shows("1.3.0")
		if err := w.Dismiss("1.3.0"); err == nil {
			t.Error("nothing was said")
		}
		if entries, err := os.ReadDir(filepath.Dir(w.file)); err != nil || len(entries) != 1 {
			t.Errorf("%v lie there: %v", entries, err)
		}
	})
}

func TestTheFileIsBoundedAndForThisUserOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.start()
		for i := range 50 {
			w.answers(release(fmt.Sprintf("2.%d.0", i)), nil)
			time.Sleep(26 * time.Hour)
			if err := w.Dismiss(fmt.Sprintf("2.%d.0", i)); err != nil {
				t.Fatal(err)
			}
		}
		w.end()
		info, err := os.Stat(w.file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Error(info.Mode())
		}
		all, err := os.ReadFile(w.file)
		if n := strings.Count(string(all), `"2.`); err != nil || n != 21 { // the release, and twenty that were read
			t.Errorf("%d versions are kept: %v", n, err)
		}
		entries, err := os.ReadDir(filepath.Dir(w.file))
		if err != nil || len(entries) != 1 {
			t.Errorf("%v lie there: %v", entries, err)
		}
		w.version = "2.49.0" // what was hidden before is no news any more
		w.answers(release("3.0.0"), nil)
		w.live(2 * 24 * time.Hour)
		if err := w.Dismiss("3.0.0"); err != nil {
			t.Fatal(err)
		}
		body, err := os.ReadFile(w.file)
		if err != nil || strings.Contains(string(body), "2.4") {
			t.Errorf("%s, %v", body, err)
		}
	})
}

func TestAFileThatMakesNoSenseIsAsIfNobodyHadAsked(t *testing.T) {
	t.Parallel()
	const good = `{"feed":"https://sluice.example/latest.json","next":"2000-01-01T05:00:00Z","release":{"version":"1.3.0","url":"https://sluice.example/1.3.0"},"found":"2000-01-01T00:00:00Z"`
	tests := map[string]struct {
		body  string
		shown string // before anybody was asked
		early bool   // it is asked after a minute, not after the hours of the file
	}{
		"a good one":                         {good + `}`, "1.3.0", false},
		"a good one of more than it needs":   {good + `,"colour":"red"}`, "1.3.0", false},
		"an empty one":                       {"", "", true},
		"a broken one":                       {good, "", true},
		"another kind of JSON":               {`[1]`, "", true},
		"too large a one":                    {good + `,"dismissed":["` + strings.Repeat("x", 1<<20) + `"]}`, "", true},
		"a page that the feed may not name":  {strings.Replace(good, "https://sluice.example/1.3.0", "https://evil.example/1.3.0", 1) + `}`, "", true},
		"a page that is a program":           {strings.Replace(good, "https://sluice.example/1.3.0", "file:///bin/sh", 1) + `}`, "", true},
		"a version to try out":               {strings.Replace(good, `"1.3.0"`, `"1.3.0-rc.1"`, 1) + `}`, "", true},
		"a version that is none":             {strings.Replace(good, `"1.3.0"`, `"newest"`, 1) + `}`, "", true},
		"a clock that was years ahead":       {strings.Replace(good, "2000-01-01T05", "2050-01-01T05", 1) + `}`, "1.3.0", true},
		"another feed":                       {strings.Replace(good, "latest", "other", 1) + `}`, "", true},
		"what it hides, though it is broken": {strings.Replace(good, "https://sluice.example/1.3.0", "https://evil.example/1.3.0", 1) + `,"dismissed":["1.3.0"]}`, "", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // where it is the first of January 2000
				w := newWorld(t)
				if err := os.WriteFile(w.file, []byte(tt.body), 0o600); err != nil {
					t.Fatal(err)
				}
				w.start()
				w.shows(tt.shown)
				time.Sleep(2 * time.Minute)
				early := 0
				if tt.early {
					early = 1
				}
				w.questions(early)
				time.Sleep(6 * time.Hour)
				w.questions(1)
				if strings.Contains(tt.body, `"dismissed":["1.3.0"]`) {
					w.shows("")
				} else {
					w.shows("1.3.0")
				}
				w.end()
			})
		})
	}
}

func TestABuildBetweenReleasesAsksNobodyAndClaimsNothing(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"dev", "", "1234567", "abc1234", "v1.2.0-4-g1234567", "v1.2.0-dirty", "v1.2.0-rc.1-2-gabcdef0-dirty", "v1.2"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.live(time.Hour) // the file is there from a release before
				w.version, w.told = version, nil
				w.live(3 * 24 * time.Hour)
				w.questions(1)
				w.shows("")
				if len(w.told) > 0 {
					t.Errorf("told of %q", w.told)
				}
			})
		})
	}
}
