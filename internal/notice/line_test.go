package notice_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/board"
	"sluice/internal/job"
)

// What is told of the line as a whole, and when. Each story is played in fake
// time; at its end nothing runs for an hour.
func TestTheLineIsToldOfWhenItIsDone(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		story func(*bench)
		want  []string
	}{
		"all of them at once": {
			func(x *bench) {
				x.add("A", "B", "C")
				x.run("A", done)
				x.run("B", done)
				x.run("C", done)
			},
			[]string{"All done | 3 done."},
		},
		"a single one by its name": {
			func(x *bench) { x.add("A"); x.run("A", done) },
			[]string{"Done: A.mp4 | The text is ready."},
		},
		"failed ones when it happens": {
			func(x *bench) {
				x.add("A", "B", "C")
				x.run("A", failed)
				x.run("B", done)
				x.run("C", done)
			},
			[]string{"Failed: A.mp4 | The file has no sound.", "All done | 2 done, 1 failed."},
		},
		"not once more when all have failed": {
			func(x *bench) {
				x.add("A", "B")
				x.run("A", failed)
				x.run("B", failed)
			},
			[]string{"Failed: A.mp4 | The file has no sound.", "Failed: B.mp4 | The file has no sound."},
		},
		"each line by itself": {
			func(x *bench) {
				x.add("A", "B")
				x.run("A", done)
				x.run("B", done)
				pass(time.Minute)
				x.add("C", "D")
				x.run("C", done)
				x.run("D", done)
			},
			[]string{"All done | 2 done.", "All done | 2 done."},
		},
		"never of canceled ones": {
			func(x *bench) {
				x.add("A", "B", "C")
				x.run("A", canceled)
				x.put("B", canceled)
				x.put("C", canceled)
			},
			[]string{},
		},
		"canceled ones are not counted": {
			func(x *bench) {
				x.add("A", "B", "C")
				x.run("A", done)
				x.run("B", done)
				x.put("C", canceled)
			},
			[]string{"All done | 2 done."},
		},
		"an error that is tried again is no failure": {
			func(x *bench) {
				x.add("A")
				x.put("A", running)
				x.put("A", func(j *job.Job) {
					waits(job.Backoff)(j)
					j.Attempts, j.Error = 1, &job.Failure{Code: "ollama_failed", Message: "Ollama answers with an error."}
				})
				pass(30 * time.Minute)
				x.run("A", done)
			},
			[]string{"Done: A.mp4 | The text is ready."},
		},
		"not while one waits to be tried again": {
			func(x *bench) {
				x.add("A", "B")
				x.put("A", running)
				x.put("A", waits(job.Backoff))
				x.run("B", done)
			},
			[]string{},
		},
		"not while one waits for memory": {
			func(x *bench) {
				x.add("A", "B")
				x.run("A", done)
				x.put("B", waits(job.Memory))
			},
			[]string{},
		},
		"a failed one that was retried counts once": {
			func(x *bench) {
				x.add("A", "B", "C")
				x.run("A", failed)
				x.run("B", done)
				x.put("A", queued)
				x.run("C", done)
				x.run("A", done)
			},
			[]string{"Failed: A.mp4 | The file has no sound.", "All done | 3 done."},
		},
		"a failed one that was retried and canceled counts no more": {
			func(x *bench) {
				x.add("A", "B", "C")
				x.run("A", failed)
				x.run("B", done)
				x.put("A", queued)
				x.run("C", done)
				x.put("A", canceled)
			},
			[]string{"Failed: A.mp4 | The file has no sound.", "All done | 2 done."},
		},
		"the last is held, and nothing but the line says so": {
			func(x *bench) {
				x.add("A", "B")
				x.run("A", done)
				pass(time.Minute)
				x.silently(func(l *line) { l.jobs[1].Reason = job.Held })
				x.publish(board.LineChanged)
			},
			[]string{"Done: A.mp4 | The text is ready. 1 job still waits."},
		},
		"a paused line is not done": {
			func(x *bench) {
				x.add("A", "B")
				x.put("A", running)
				x.pause(true)
				x.put("A", done)
			},
			[]string{},
		},
		"a paused line goes on and is told of as one": {
			func(x *bench) {
				x.add("A", "B")
				x.put("A", running)
				x.pause(true)
				x.put("A", done)
				pass(8 * time.Hour)
				x.pause(false)
				x.run("B", done)
			},
			[]string{"All done | 2 done."},
		},
		"a paused line whose rest was canceled is done": {
			func(x *bench) {
				x.add("A", "B")
				x.put("A", running)
				x.pause(true)
				x.put("A", done)
				x.put("B", canceled)
			},
			[]string{"Done: A.mp4 | The text is ready."},
		},
		"held and scheduled ones may wait": {
			func(x *bench) {
				x.add("A", "B")
				x.put("H", waits(job.Held))
				x.put("S", waits(job.Scheduled))
				x.run("A", done)
				x.run("B", done)
			},
			[]string{"Done for now | 2 done. 2 jobs still wait."},
		},
		"one that may wait is told of beside a single one": {
			func(x *bench) {
				x.put("H", waits(job.Held))
				x.add("A")
				x.run("A", done)
			},
			[]string{"Done: A.mp4 | The text is ready. 1 job still waits."},
		},
		"a deleted one is not counted": {
			func(x *bench) {
				x.add("A", "B", "C")
				x.run("A", done)
				x.run("B", done)
				x.remove("A")
				x.run("C", done)
			},
			[]string{"All done | 2 done."},
		},
		"a deleted one is not named": {
			func(x *bench) {
				x.add("A", "B", "C")
				x.run("A", done)
				x.run("B", done)
				x.remove("B")
				x.put("C", canceled)
			},
			[]string{"All done | 1 done."},
		},
		"deleted to the last there is nothing to tell": {
			func(x *bench) {
				x.add("A", "B")
				x.run("A", done)
				x.remove("A")
				x.remove("B")
			},
			[]string{},
		},
		"the last that waits is deleted": {
			func(x *bench) {
				x.add("A", "B")
				x.run("A", done)
				pass(time.Minute)
				x.remove("B")
			},
			[]string{"Done: A.mp4 | The text is ready."},
		},
		"a result that changes later is old": {
			func(x *bench) {
				x.add("A")
				x.run("A", done)
				pass(time.Hour)
				x.put("A", func(j *job.Job) { j.Warnings = []job.Warning{{Code: "quiet"}} })
			},
			[]string{"Done: A.mp4 | The text is ready."},
		},
		"warnings are mentioned": {
			func(x *bench) {
				x.add("A")
				x.run("A", func(j *job.Job) { done(j); j.Warnings = make([]job.Warning, 2) })
			},
			[]string{"Done: A.mp4 | The text is ready, with 2 notes."},
		},
		"one that fails in the line": {
			func(x *bench) { x.add("A"); x.put("A", failed) },
			[]string{"Failed: A.mp4 | The file has no sound."},
		},
		"nobody knows why": {
			func(x *bench) {
				x.add("A")
				x.run("A", func(j *job.Job) { failed(j); j.Error = nil })
			},
			[]string{"Failed: A.mp4 | Open Sluice to see why."},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x := start(t, "line")
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

// A model, a file or Ollama may come back in a moment.
func TestJobsThatWaitForWhatIsNotThereAreGivenAMinute(t *testing.T) {
	t.Parallel()
	for _, reason := range []job.Reason{job.NoModel, job.NoSource, job.OllamaAway, job.Disk} {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x := start(t, "line")
				defer x.end()
				x.add("A", "B", "C")
				x.put("C", waits(reason))
				x.run("A", done)
				x.run("B", done)
				pass(50 * time.Second)
				if got := x.take(); len(got) > 0 {
					t.Errorf("told too early: %q", got)
				}
				for name, short := range map[string]func(*job.Job){"it ran": running, "its turn had come": queued} {
					x.put("C", short)
					pass(5 * time.Second)
					x.put("C", waits(reason))
					pass(50 * time.Second)
					if got := x.take(); len(got) > 0 {
						t.Errorf("told too early, after %s: %q", name, got)
					}
				}
				x.put("C", running) // for a moment in which nobody looks
				x.put("C", waits(reason))
				pass(50 * time.Second)
				if got := x.take(); len(got) > 0 {
					t.Errorf("told too early, after it ran for a moment: %q", got)
				}
				pass(time.Minute)
				if diff := cmp.Diff([]string{"Done for now | 2 done. 1 job still waits."}, x.take()); diff != "" {
					t.Error(diff)
				}
				x.run("C", done)
				pass(time.Minute)
				if diff := cmp.Diff([]string{"Done: C.mp4 | The text is ready."}, x.take()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestMoreHeldJobsThanTheBoardShows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := start(t, "line")
		defer x.end()
		for _, id := range names("H", 60) {
			x.put(id, waits(job.Held))
		}
		x.add("A", "B")
		x.run("A", done)
		x.run("B", done)
		pass(50 * time.Second) // one that is not shown might run
		if got := x.take(); len(got) > 0 {
			t.Errorf("told too early: %q", got)
		}
		pass(time.Minute)
		if diff := cmp.Diff([]string{"Done for now | 2 done. 60 jobs still wait."}, x.take()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTheNoteOfALineLeadsToTheQueueAndThatOfAJobToIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := start(t, "line")
		defer x.end()
		x.add("A", "B", "C")
		x.run("A", done)
		x.run("B", done)
		x.run("C", failed)
		pass(time.Minute)
		x.add("D")
		x.run("D", done)
		pass(time.Minute)
		var got []string
		for _, n := range x.takeNotes() {
			got = append(got, n.ID+" "+n.JobID)
		}
		if diff := cmp.Diff([]string{"job-C C", "line ", "job-D D"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTheRestOfALineIsToldOfAfterARestartAndNothingOfThePast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newBench("line")
		x.add("A", "B", "C", "D")
		x.run("A", done)
		x.run("B", failed)
		pass(time.Second)
		x.open(t)
		defer x.end()
		x.publish(board.Reset)
		x.put("B", func(j *job.Job) { j.Warnings = []job.Warning{{}} }) // an old one is told of again
		pass(time.Minute)
		x.run("C", done)
		x.run("D", done)
		pass(time.Minute)
		if diff := cmp.Diff([]string{"All done | 2 done."}, x.take()); diff != "" {
			t.Error(diff)
		}
	})
}

// A job may be given up while the app starts: that is news.
func TestAJobThatIsGivenUpAtTheStartIsToldOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newBench("line")
		x.add("A")
		x.open(t)
		defer x.end()
		x.put("A", failed)
		pass(time.Minute)
		if diff := cmp.Diff([]string{"Failed: A.mp4 | The file has no sound."}, x.take()); diff != "" {
			t.Error(diff)
		}
	})
}

// Some computers have a wrong clock until they have reached the network.
func TestAClockThatIsSetBackHidesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := start(t, "line")
		defer x.end()
		x.add("A")
		nineHoursAgo := func(j *job.Job) { done(j); j.FinishedAt = j.FinishedAt.Add(-9 * time.Hour) }
		x.run("A", nineHoursAgo)
		pass(time.Minute)
		if diff := cmp.Diff([]string{"Done: A.mp4 | The text is ready."}, x.take()); diff != "" {
			t.Error(diff)
		}
		x.put("A", func(j *job.Job) { j.Warnings = []job.Warning{{}} })
		x.put("B", func(j *job.Job) { done(j); j.FinishedAt = j.FinishedAt.Add(9 * time.Hour) }) // of the wrong time
		pass(time.Minute)
		if got := x.take(); len(got) > 0 {
			t.Errorf("told again, or of the past: %q", got)
		}
	})
}

func TestAJobWhoseStartWasMissedIsNews(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := start(t, "line")
		defer x.end()
		x.add("A")
		x.silently(func(l *line) { running(&l.jobs[0]) })
		x.publish(board.Reset)
		pass(time.Minute)
		x.put("A", func(j *job.Job) { done(j); j.FinishedAt = j.FinishedAt.Add(-9 * time.Hour) })
		pass(time.Minute)
		if diff := cmp.Diff([]string{"Done: A.mp4 | The text is ready."}, x.take()); diff != "" {
			t.Error(diff)
		}
	})
}

// The note of the line is one of few, too.
func TestALineThatIsDoneWaitsItsTurnBehindOtherNotes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := start(t, "line")
		defer x.end()
		x.add("A", "B")
		for _, id := range names("F", 3) {
			x.put(id, failed)
		}
		x.put("A", done)
		x.put("B", done)
		pass(20 * time.Second)
		if got := x.take(); len(got) != 3 {
			t.Errorf("told %q", got)
		}
		pass(20 * time.Second)
		if diff := cmp.Diff([]string{"All done | 2 done, 3 failed."}, x.take()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatWasMissedIsFoundOnTheBoard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := start(t, "line")
		defer x.end()
		x.add("A", "B", "C")
		x.put("A", running)
		pass(time.Minute)
		x.silently(func(l *line) {
			done(&l.jobs[0])
			failed(&l.jobs[1])
			done(&l.jobs[2])
		})
		x.publish(board.Reset)
		pass(time.Minute)
		want := []string{"Failed: B.mp4 | The file has no sound.", "All done | 2 done, 1 failed."}
		got := x.take()
		if len(got) == 2 && strings.HasPrefix(got[0], "All done") { // both were found at once
			got[0], got[1] = got[1], got[0]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// Resets without end must not keep the board from being looked at.
func TestManyResetsHideNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := start(t, "line")
		defer x.end()
		x.add("A")
		x.silently(func(l *line) { done(&l.jobs[0]) })
		for range 40 {
			x.publish(board.Reset)
			pass(time.Second / 4)
		}
		if diff := cmp.Diff([]string{"Done: A.mp4 | The text is ready."}, x.take()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestALineThatCannotBeReadIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := start(t, "line")
		x.add("A")
		x.silently(func(l *line) { l.err = errors.New("disk on fire") })
		x.run("A", done)
		pass(time.Minute)
		if got := x.take(); len(got) > 0 {
			t.Errorf("told %q", got)
		}
		x.silently(func(l *line) { l.err = nil })
		pass(10 * time.Second)
		if diff := cmp.Diff([]string{"Done: A.mp4 | The text is ready."}, x.take()); diff != "" {
			t.Error(diff)
		}
		x.end()
		if n := strings.Count(x.log.String(), "level=WARN"); n != 1 {
			t.Errorf("warned %d times:\n%s", n, x.log)
		}
	})
}

// Views publish all the time; the store is asked only when there is something
// to tell.
func TestAnIdleLineIsNotLookedAt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := start(t, "line")
		defer x.end()
		x.add("A", "B")
		x.put("A", running)
		for range 100 {
			x.publish(board.LineChanged)
			x.publish(board.Progress)
			x.publish(board.Memory)
			pass(time.Second)
		}
		if x.line.asked > 0 {
			t.Errorf("asked %d times", x.line.asked)
		}
	})
}

func TestEndsAreForgottenInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := start(t, "line")
		defer x.end()
		const most = 1100 // more than are remembered
		ids := names("J", most)
		for _, id := range ids {
			x.put(id, running)
			pass(time.Millisecond)
			x.put(id, done)
		}
		pass(time.Minute)
		if diff := cmp.Diff([]string{"All done | 1100 done."}, x.take()); diff != "" {
			t.Error(diff)
		}
		for _, id := range []string{ids[0], ids[90], ids[99], ids[100], ids[most-1]} { // each is told of again
			x.put(id, func(j *job.Job) { j.Warnings = []job.Warning{{}} })
		}
		pass(time.Minute)
		if got := x.take(); len(got) > 0 {
			t.Errorf("told again: %q", got)
		}
		x.run("K", done)
		pass(time.Minute)
		if diff := cmp.Diff([]string{"Done: K.mp4 | The text is ready."}, x.take()); diff != "" {
			t.Error(diff)
		}
	})
}
