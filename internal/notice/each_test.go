package notice_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/board"
	"sluice/internal/job"
	"sluice/internal/notice"
)

func TestEachJobIsToldOf(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		story func(*bench)
		want  []string
	}{
		"done and failed, not canceled, and the line is no news": {
			func(x *bench) {
				x.add("A", "B", "C")
				x.run("A", done)
				x.run("B", failed)
				x.run("C", canceled)
			},
			[]string{"Done: A.mp4 | The text is ready.", "Failed: B.mp4 | The file has no sound."},
		},
		"again when it was retried": {
			func(x *bench) {
				x.add("A")
				x.run("A", failed)
				pass(time.Minute)
				x.put("A", queued)
				x.run("A", done)
			},
			[]string{"Failed: A.mp4 | The file has no sound.", "Done: A.mp4 | The text is ready."},
		},
		"not when it was deleted or retried at once": {
			func(x *bench) {
				x.add("A", "B")
				x.run("A", done)
				x.remove("A")
				x.run("B", failed)
				x.put("B", queued)
			},
			[]string{},
		},
		"as it ended last, when a retry was missed": {
			func(x *bench) {
				x.put("A", failed)
				pass(time.Second / 2)
				x.put("A", done)
			},
			[]string{"Done: A.mp4 | The text is ready."},
		},
		"a few at once by their names": {
			func(x *bench) {
				for _, id := range names("J", 3) {
					x.put(id, failed)
				}
			},
			[]string{
				"Failed: J1.mp4 | The file has no sound.", "Failed: J2.mp4 | The file has no sound.",
				"Failed: J3.mp4 | The file has no sound.",
			},
		},
		"many at once together": {
			func(x *bench) {
				for _, id := range names("J", 500) {
					x.put(id, failed)
				}
			},
			[]string{"500 jobs failed | J1.mp4, J2.mp4, J3.mp4 and 497 more"},
		},
		"many that ended in both ways": {
			func(x *bench) {
				for _, id := range names("J", 200) {
					x.put(id, failed)
				}
				for _, id := range names("K", 5) {
					x.put(id, running)
					x.put(id, done)
				}
			},
			[]string{"205 jobs have ended | 5 done, 200 failed."},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x := start(t, "each")
				defer x.end()
				tt.story(x)
				pass(time.Hour)
				if diff := cmp.Diff(tt.want, x.take()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestAnEndIsToldOfAtOnce(t *testing.T) {
	t.Parallel()
	for _, about := range []string{"each", "line"} {
		t.Run(about, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x := start(t, about)
				defer x.end()
				x.add("A", "B")
				x.run("A", failed)
				pass(time.Second)
				if diff := cmp.Diff([]string{"Failed: A.mp4 | The file has no sound."}, x.take()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// A folder of very short files: each takes two seconds, for some minutes.
func TestShortJobsOneAfterTheOtherAreNoFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := start(t, "each")
		defer x.end()
		for _, id := range names("J", 100) {
			x.put(id, running)
			pass(2 * time.Second)
			x.put(id, done)
		}
		pass(time.Hour)
		for i := 3; i < len(x.at); i++ {
			if gap := x.at[i].Sub(x.at[i-3]); gap < 30*time.Second {
				t.Errorf("four notes within %v", gap)
			}
		}
		told := 0
		for _, n := range x.takeNotes() {
			switch {
			case n.JobID != "":
				told++
			case strings.HasSuffix(n.Title, " jobs are done"):
				told += atoi(t, strings.TrimSuffix(n.Title, " jobs are done"))
			default:
				t.Errorf("told %+v", n)
			}
		}
		if told != 100 {
			t.Errorf("told of %d jobs", told)
		}
	})
}

func TestNothingIsToldToWhoLooks(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		about string
		story func(*bench)
		want  []string
	}{
		"neither then nor afterwards": {
			"each", func(x *bench) {
				x.look(true)
				x.add("A", "B")
				x.run("A", done)
				x.run("B", failed)
				pass(time.Minute)
				x.look(false)
			},
			[]string{},
		},
		"nor of the line": {
			"line", func(x *bench) {
				x.look(true)
				x.add("A", "B")
				x.run("A", done)
				x.run("B", failed)
				pass(time.Minute)
				x.look(false)
			},
			[]string{},
		},
		"who comes just before the note": {
			"each", func(x *bench) {
				x.add("A")
				x.run("A", done)
				x.look(true)
			},
			[]string{},
		},
		"who comes just before the line is told of": {
			"line", func(x *bench) {
				x.add("A", "B")
				x.run("A", done)
				x.run("B", done)
				pass(time.Second)
				x.look(true)
			},
			[]string{},
		},
		"a line that ends after somebody looked is told of as a whole": {
			"line", func(x *bench) {
				x.add("A", "B", "C")
				x.run("A", done)
				x.look(true)
				x.run("B", failed)
				x.look(false)
				x.run("C", done)
			},
			[]string{"All done | 2 done, 1 failed."},
		},
		"a line whose end brings nothing new is known": {
			"line", func(x *bench) {
				x.add("A", "B", "C")
				x.run("A", done)
				x.look(true)
				x.publish(board.Progress)
				x.look(false)
				x.put("B", canceled)
				x.put("C", canceled)
			},
			[]string{},
		},
		"what is known and deleted is no news": {
			"line", func(x *bench) {
				x.look(true)
				x.add("A", "B", "C")
				x.run("A", done)
				x.run("B", done)
				x.look(false)
				x.remove("A")
				x.put("C", canceled)
			},
			[]string{},
		},
		"what was seen later and deleted is no news": {
			"line", func(x *bench) {
				x.add("A", "B", "C")
				x.run("A", done)
				x.run("B", done)
				x.look(true)
				x.publish(board.Progress)
				x.look(false)
				x.remove("A")
				x.put("C", canceled)
			},
			[]string{},
		},
		"what failed while somebody looked is not told of": {
			"line", func(x *bench) {
				x.add("A", "B")
				x.look(true)
				x.run("A", failed)
				x.look(false)
				x.run("B", failed)
			},
			[]string{"Failed: B.mp4 | The file has no sound."},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x := start(t, tt.about)
				defer x.end()
				tt.story(x)
				pass(time.Hour)
				if diff := cmp.Diff(tt.want, x.take()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestTheChoiceCountsFromThenOn(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		from, to string
		want     []string
	}{
		"switched off":        {"each", "off", []string{"Done: A.mp4 | The text is ready."}},
		"switched on":         {"off", "each", []string{"Done: B.mp4 | The text is ready.", "Done: C.mp4 | The text is ready."}},
		"off stays off":       {"off", "off", []string{}},
		"of the line now":     {"each", "line", []string{"Done: A.mp4 | The text is ready.", "All done | 3 done."}},
		"a word nobody knows": {"shout", "shout", []string{"All done | 3 done."}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x := start(t, tt.from)
				defer x.end()
				x.add("A", "B", "C")
				x.run("A", done)
				pass(10 * time.Second)
				x.choose(tt.to)
				x.run("B", done)
				x.run("C", done)
				pass(time.Hour)
				if diff := cmp.Diff(tt.want, x.take()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestOffIsOffAlsoForWhatIsAboutToBeTold(t *testing.T) {
	t.Parallel()
	for _, about := range []string{"line", "each"} {
		t.Run(about, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x := start(t, about)
				defer x.end()
				x.add("A")
				x.run("A", done)
				x.choose("off")
				pass(time.Minute)
				x.choose(about)
				pass(time.Minute)
				if got := x.take(); len(got) > 0 {
					t.Errorf("told %q", got)
				}
			})
		})
	}
}

func TestANoteThatCannotBeShownStopsNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := start(t, "each")
		x.set(func(d *desktop) { d.err = errors.New("no such desktop") })
		x.add(names("J", 5)...)
		x.run("J1", done)
		x.run("J2", done)
		pass(time.Minute)
		x.set(func(d *desktop) { d.err = nil })
		x.run("J3", done)
		x.run("J4", done)
		pass(time.Minute)
		if diff := cmp.Diff([]string{"Done: J3.mp4 | The text is ready.", "Done: J4.mp4 | The text is ready."}, x.take()); diff != "" {
			t.Error(diff)
		}
		x.end()
		var got []string
		for l := range strings.Lines(x.log.String()) {
			_, l, _ = strings.Cut(strings.TrimSpace(l), " ")
			got = append(got, l)
		}
		want := []string{
			`level=WARN msg="a notification was not shown" err="no such desktop"`,
			`level=INFO msg="notifications are shown again"`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// A call on the session bus may never be answered.
func TestADesktopThatHangsHoldsUpNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := start(t, "each")
		hang := make(chan struct{})
		x.set(func(d *desktop) { d.hang = hang })
		for _, id := range names("J", 30) {
			x.run(id, done)
		}
		pass(time.Minute)
		x.set(func(d *desktop) { d.hang = nil })
		close(hang)
		x.run("K", done)
		pass(time.Minute)
		// The one that hung was shown in the end; what waited behind it is old.
		if diff := cmp.Diff([]string{"Done: J1.mp4 | The text is ready.", "Done: K.mp4 | The text is ready."}, x.take()); diff != "" {
			t.Error(diff)
		}
		x.end()
		if n := strings.Count(x.log.String(), "takes no notifications"); n != 1 {
			t.Errorf("warned %d times:\n%s", n, x.log)
		}
	})
}

func TestRunEndsWhenSendingNeverDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := start(t, "each")
		hang := make(chan struct{})
		x.set(func(d *desktop) { d.hang = hang })
		x.run("A", done)
		pass(time.Minute)
		began := time.Now()
		x.end()
		if took := time.Since(began); took > time.Second {
			t.Errorf("Run ended after %v", took)
		}
		close(hang)
	})
}

func TestSendingIsGivenTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newBench("each")
		var took time.Duration
		n := notice.New(x.board, notice.Config{
			About: func() string { return "each" },
			Send: func(ctx context.Context, _ notice.Note) error {
				began := time.Now()
				<-ctx.Done()
				took = time.Since(began)
				return ctx.Err()
			},
		}, discard())
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- n.Run(ctx) }()
		x.put("A", running)
		x.put("A", done)
		pass(time.Minute)
		cancel()
		if err := <-ended; err != nil || took != 10*time.Second {
			t.Errorf("ended after %v; Run: %v", took, err)
		}
	})
}

func TestTheZeroConfigTellsOfTheLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newBench("")
		n := notice.New(x.board, notice.Config{Send: x.send}, discard())
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- n.Run(ctx) }()
		x.add("A", "B")
		x.run("A", done)
		x.run("B", done)
		pass(time.Minute)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		if diff := cmp.Diff([]string{"All done | 2 done."}, x.take()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatEndsBetweenNewAndRunIsToldOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newBench("each")
		n := notice.New(x.board, notice.Config{About: func() string { return "each" }, Send: x.send}, discard())
		pass(time.Second)
		x.add("A")
		x.run("A", done)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- n.Run(ctx) }()
		pass(time.Minute)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		if diff := cmp.Diff([]string{"Done: A.mp4 | The text is ready."}, x.take()); diff != "" {
			t.Error(diff)
		}
	})
}

// A title of one's own, a name, or none at all.
func TestAJobIsCalledByWhatItHas(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		title, name, want string
	}{
		"its title":        {"Harbour", "a.mp4", "Done: Harbour"},
		"its file's name":  {"\u202e \n", "a.mp4", "Done: a.mp4"},
		"neither":          {"", "", "Done: Untitled"},
		"markup":           {"<b>Q&A</b>", "", "Done: ‹b›Q＆A‹/b›"},
		"a script":         {`<script>alert("x")</script>.mp4`, "", `Done: ‹script›alert("x")‹/script›.mp4`},
		"an entity":        {"&lt;img&gt;", "", "Done: ＆lt;img＆gt;"},
		"several lines":    {"a\nb\x00c", "", "Done: a bc"},
		"no text":          {"a\xffb", "", "Done: a\uFFFDb"},
		"turned around":    {"song\u202e4pm.exe", "", "Done: song4pm.exe"},
		"far too long":     {strings.Repeat("x", 500) + ".mp4", "", "Done: " + strings.Repeat("x", 30) + "…" + strings.Repeat("x", 25) + ".mp4"},
		"a heap of marks":  {"a" + strings.Repeat("\u0301", 400), "", "Done: a" + strings.Repeat("\u0301", 31)},
		"a directive of C": {"%s%n%@.mp4", "", "Done: %s%n%@.mp4"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x := start(t, "each")
				defer x.end()
				x.put("A", func(j *job.Job) {
					done(j)
					j.Title, j.Source.Name = tt.title, tt.name
				})
				pass(time.Minute)
				got := x.takeNotes()
				if len(got) != 1 || got[0].Title != tt.want {
					t.Errorf("got %+v, want %q", got, tt.want)
				}
			})
		})
	}
}

func TestWhatWentWrongIsOneShortLineWithoutMarkup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := start(t, "each")
		defer x.end()
		x.put("A", func(j *job.Job) {
			failed(j)
			j.Error.Message = "It says <a href=\"x\">\n" + strings.Repeat("no & ", 400)
		})
		pass(time.Minute)
		got := x.takeNotes()
		if len(got) != 1 {
			t.Fatalf("got %+v", got)
		}
		if body := got[0].Body; strings.ContainsAny(body, "<>&\n") || len([]rune(body)) > 160 || !strings.HasPrefix(body, "It says ‹a") {
			t.Errorf("got %q", body)
		}
	})
}

func TestTextsStayAsTheyAreWhereNobodyTakesThemForMarkup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newBench("each")
		n := notice.New(x.board, notice.Config{
			About: func() string { return "each" }, Send: x.send, Verbatim: true,
		}, discard())
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- n.Run(ctx) }()
		x.put("A", func(j *job.Job) { done(j); j.Title = "Q&A <live>" })
		pass(time.Minute)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		if got := x.takeNotes(); len(got) != 1 || got[0].Title != "Done: Q&A <live>" {
			t.Errorf("got %+v", got)
		}
	})
}
