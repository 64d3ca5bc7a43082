package sqlitestore_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sluice/internal/job"
	"sluice/internal/library"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
)

// childEnv makes the test binary a process that works on the named store
// until it is killed.
const childEnv = "SLUICE_TEST_STORE"

// edited is what the child says of a job whose text it has corrected.
const edited = "edited"

// soakEnv asks for ten times as many kills.
const soakEnv = "SLUICE_TEST_SOAK"

// child submits and settles as fast as it can, and says so only once it is
// acknowledged: four submitters and a worker, so that commits are shared.
func child(path string) {
	ctx := context.Background()
	s, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: path}, quiet())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if _, err := s.Recover(ctx, fmt.Sprint(os.Getpid()), 1000); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	say := make(chan string)
	for range 4 {
		go func() {
			for {
				a, err := s.Submit(ctx, []job.Draft{draft("talk"), draft("talk")})
				if err != nil {
					say <- "error " + err.Error()
					return
				}
				for _, one := range a {
					say <- "queued " + one.Job.ID
				}
			}
		}()
	}
	go func() {
		for {
			j, err := s.Next(ctx)
			if err != nil {
				continue // nothing there yet
			}
			_, lease, err := s.Take(ctx, j.ID, fmt.Sprint(os.Getpid()))
			if err == nil {
				err = s.SaveTranscript(ctx, lease, spoken("one"), nil)
			}
			if err == nil {
				_, err = s.Settle(ctx, lease, queue.Outcome{State: job.Done})
			}
			if err != nil {
				say <- "error " + err.Error()
				return
			}
			say <- "done " + j.ID
			text := "uno"
			if err := s.Edit(ctx, j.ID, "", []library.Edit{{Segment: 1, Text: &text}}); err != nil {
				say <- "error " + err.Error()
				return
			}
			say <- edited + " " + j.ID
		}
	}()
	for line := range say {
		fmt.Println(line)
	}
}

func TestWhatWasAcknowledgedSurvivesAKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sluice.db")
	acknowledged := map[string]job.State{}
	rounds := 5
	if os.Getenv(soakEnv) == "1" {
		rounds = 50
	}
	for range rounds {
		killedAfter(t, path, 60, acknowledged)
	}
	s := open(t, sqlitestore.Config{Path: path})
	for id, state := range acknowledged {
		j, err := s.Get(t.Context(), id)
		if err != nil {
			t.Errorf("acknowledged job %s: %v", id, err)
			continue
		}
		if state != job.Queued && j.State != job.Done {
			t.Errorf("job %s is %s, but was acknowledged as done", id, j.State)
		}
		if state == edited {
			sameLines(t, "corrected text", lines(t, s, id), "!uno <- one")
		}
	}
	checkFile(t, path)
}

// killedAfter runs a child, kills it after so many words, and notes all that
// it had said by then.
func killedAfter(t *testing.T, path string, words int, acknowledged map[string]job.State) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	n := 0
	for lines.Scan() {
		state, id, ok := strings.Cut(lines.Text(), " ")
		if !ok || len(id) != 26 {
			if !strings.HasPrefix(lines.Text(), "error") {
				continue // cut off by the kill
			}
			t.Errorf("child says %q", lines.Text())
		}
		if acknowledged[id] == "" || state != string(job.Queued) { // submitters and worker speak apart
			acknowledged[id] = job.State(state)
		}
		if n++; n == words {
			must(t, cmd.Process.Kill())
		}
	}
	if n < words {
		t.Errorf("child ended after %d words", n)
	}
	_ = cmd.Wait() // killed
}

// checkFile opens the file as SQLite itself sees it.
func checkFile(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	var word string
	must(t, db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&word))
	if word != "ok" {
		t.Errorf("integrity check says %q", word)
	}
	var wrong int
	must(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM counters c WHERE n <> (SELECT count(*) FROM jobs WHERE state = c.state)`).Scan(&wrong))
	if wrong != 0 {
		t.Errorf("%d counters differ from the real counts", wrong)
	}
	must(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM jobs WHERE NOT EXISTS (SELECT 1 FROM events WHERE events.job = jobs.seq AND to_state = jobs.state)`).Scan(&wrong))
	if wrong != 0 {
		t.Errorf("%d jobs came to their state without an event", wrong)
	}
}
