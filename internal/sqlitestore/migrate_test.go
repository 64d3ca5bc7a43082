package sqlitestore_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
	"sluice/internal/storetest"
	"sluice/internal/transcript"
)

// Schemas are frozen: files in the world have them. A change is a migration and
// a new number.
func TestOldSchemasAreTheFrozenOnes(t *testing.T) {
	t.Parallel()
	for frozen, ours := range map[string][]string{"schema_v1.sql": {"schema.sql"}, "schema_v2.sql": {"migrations", "2.sql"}, "schema_v3.sql": {"migrations", "3.sql"}, "schema_v4.sql": {"migrations", "4.sql"}, "schema_v5.sql": {"migrations", "5.sql"}} {
		if d := cmp.Diff(text(t, "testdata", frozen), text(t, ours...)); d != "" {
			t.Errorf("schema differs (-frozen +ours):\n%s", d)
		}
	}
}

// olds makes a file of each schema there ever was.
func olds() map[string]func(t *testing.T) (path string) {
	return map[string]func(t *testing.T) (path string){"first schema": firstStore, "second schema": secondStore, "third schema": thirdStore, "fourth schema": fourthStore, "fifth schema": fifthStore}
}

func TestAnOldFileComesOutLikeANewOne(t *testing.T) {
	t.Parallel()
	for name, old := range olds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old, fresh := old(t), filepath.Join(t.TempDir(), "sluice.db")
			for _, path := range []string{old, fresh, old} { // a second start finds nothing left to do
				s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, quiet())
				must(t, err)
				must(t, s.Close())
				checkFile(t, path)
			}
			if d := cmp.Diff(schemaOf(t, fresh), schemaOf(t, old)); d != "" {
				t.Errorf("schema differs (-new +brought up to date):\n%s", d)
			}
			if got := versionOf(t, old); got != sqlitestore.Version {
				t.Errorf("version is %d", got)
			}
		})
	}
}

// The ids of the jobs in testdata/rows_v1.sql.
const (
	oldDone     = "01HRKQQAT0EBYD22B5JXVSRRVM"
	oldFailed   = "01HRKQQEQ0YX3ND780Z4R5Y30W"
	oldCanceled = "01HRKQQFP84SFW9T5JS6TESCSF"
	oldRunning  = "01HRKQQGNGFXY3HHHNZTX3HBFD"
	oldTurn     = "01HRKQQHMR7SNFK90CFZA6YFZX"
	oldMemory   = "01HRKQQHMR7SNFK90CG0C5RZ7J"
	oldAway     = "01HRKQQHMR7SNFK90CG2JMC01H"
)

func TestNothingOfAFileOfTheFirstSchemaIsLost(t *testing.T) {
	t.Parallel()
	b := oldBench(t, firstStore(t), 1710059407000)
	type row struct {
		Title    string
		State    job.State
		Reason   job.Reason
		Stages   int
		Duration int64
	}
	for id, want := range map[string]row{
		oldDone:     {"finished talk", job.Done, "", 2, 0},
		oldFailed:   {"damaged talk", job.Failed, "", 1, 0},
		oldCanceled: {"unwanted talk", job.Canceled, "", 0, 0},
		oldRunning:  {"running talk", job.Running, "", 2, 0},
		oldTurn:     {"회의 녹음", job.Queued, job.Turn, 0, 0},
		oldMemory:   {"memory talk", job.Queued, job.Memory, 0, 0},
		oldAway:     {"away talk", job.Queued, job.NoSource, 0, 0},
	} {
		j := get(t, b.Store, id)
		b.same(want.Title, row{j.Title, j.State, j.Reason, len(j.Stages), j.DurationMS}, want)
	}
	j := get(t, b.Store, oldDone)
	b.same("metadata", j.Metadata, map[string]string{"video_id": "v1"})
	b.same("warnings", j.Warnings, []job.Warning{{Code: "noise", Text: "It is loud."}})
	b.same("stages", j.Stages[1], job.StageRun{Stage: job.Transcribe, StartedAt: time.UnixMilli(1710059402000), FinishedAt: time.UnixMilli(1710059403000)})
	b.same("error", get(t, b.Store, oldFailed).Error.Code, "file_damaged")
	b.same("need", get(t, b.Store, oldMemory).Need.Bytes, int64(2<<30))
	b.same("progress", get(t, b.Store, oldRunning).Progress, job.Progress{Stage: job.Transcribe, Fraction: 0.25, ETASeconds: 90})

	b.same("transcript", b.text(oldDone).Segments, []transcript.Segment{{ID: 1, EndMS: 900, Text: "hello there"}})
	b.same("partial transcript", b.text(oldRunning).Segments[0].Text, "안녕하세요")
	body, ok, err := b.Finished(t.Context(), job.Extract, "extract key")
	must(t, err)
	b.same("checkpoint", []any{string(body), ok}, []any{`{"path":"/x"}`, true})
	events, err := b.History(t.Context(), oldDone)
	must(t, err)
	b.same("events", len(events), 7)
	peak, _, err := b.Peak(t.Context(), "digest", 0)
	must(t, err)
	b.same("peak, which was not of a finished run", peak, int64(0))
	uploads, err := b.UploadsInUse(t.Context(), b.clock.Now())
	must(t, err)
	b.same("uploads", uploads, map[string]bool{"u1": true})
	counts, err := b.Counts(t.Context())
	must(t, err)
	b.same("counts", counts, queue.Counts{job.Queued: 3, job.Running: 1, job.Done: 1, job.Failed: 1, job.Canceled: 1})
	again := draft("finished talk")
	again.Key, again.KeyBody = "key of the first", "body"
	b.same("the job of a key", submit(t, b.Store, again)[0].ID, oldDone)
	next := submit(t, b.Store, draft("next"))[0]
	b.same("number of the next job", next.Seq, int64(8))
}

func TestAFileOfTheFirstSchemaCanDoWhatIsNew(t *testing.T) {
	t.Parallel()
	b := oldBench(t, firstStore(t), 1710059407000)
	paused, err := b.Paused(t.Context())
	must(t, err)
	b.same("paused", paused, false)
	got, err := b.Recover(t.Context(), "the next start", 5)
	must(t, err)
	b.same("recovered", got[0].ID, oldRunning)
	must(t, b.SetDuration(t.Context(), oldRunning, 10_000))
	unmeasured, err := b.Unmeasured(t.Context(), 10)
	must(t, err)
	b.same("unmeasured", []string{unmeasured[0].ID, unmeasured[1].ID, unmeasured[2].ID}, []string{oldTurn, oldMemory, oldAway})
	loads, err := b.Ahead(t.Context(), "")
	must(t, err)
	b.same("line", loads, []queue.Load{{Model: "large-v3", Jobs: 1, Unknown: 1}, {Model: "tiny", Jobs: 2, Unknown: 1, MediaMS: 10_000}})
	must(t, b.SetDuration(t.Context(), oldTurn, 60_000))
	lease := take(t, b.Store, oldTurn)
	must(t, b.Begin(t.Context(), lease, job.Transcribe))
	must(t, b.Finish(t.Context(), lease, job.Transcribe, "k", nil, false, 6*time.Second))
	paces, err := b.Paces(t.Context())
	must(t, err)
	b.same("paces", paces, []queue.Pace{{Stage: job.Transcribe, Model: "large-v3", Ratio: 0.1}})
	must(t, b.AppendSamples(t.Context(), []job.Sample{{At: b.clock.Now(), Level: job.Normal}}))
	must(t, b.SetPaused(t.Context(), true))
	_, _, err = b.Take(t.Context(), oldMemory, "me")
	if err == nil {
		t.Error("a job was taken from a paused line")
	}
}

// The ids of the jobs that testdata/rows_v2.sql adds.
const (
	oldBackoff = "01HRKQQKQ85N0T5Y1KT5TA8RX8"
	oldNoModel = "01HRKQQMPG9Y5D1Q2W3E4R5T6Y"
)

func TestNothingOfAFileOfTheSecondSchemaIsLost(t *testing.T) {
	t.Parallel()
	b := oldBench(t, secondStore(t), 1710059409000)
	p, err := b.List(t.Context(), queue.Filter{State: job.Queued})
	must(t, err)
	type row struct {
		ID       string
		Reason   job.Reason
		Duration int64
	}
	var rows []row
	for _, j := range p.Jobs {
		rows = append(rows, row{j.ID, j.Reason, j.DurationMS})
	}
	b.same("line", rows, []row{
		{oldBackoff, job.Backoff, 30_000},
		{oldRunning, job.Turn, 60_000},
		{oldTurn, job.Turn, 90_000},
		{oldMemory, job.Memory, 0},
		{oldAway, job.NoSource, 0},
		{oldNoModel, job.NoModel, 0},
	})
	j := get(t, b.Store, oldBackoff)
	b.same("error", []any{j.Error.Code, j.Attempts, j.Until.UnixMilli()}, []any{"engine_stuck", 1, int64(1710059409500)})
	b.same("metadata", get(t, b.Store, oldTurn).Metadata, map[string]string{"video_id": "v5"})
	b.same("stages", get(t, b.Store, oldRunning).Stages[2].Error, "interrupted")
	b.same("transcript", b.text(oldDone).Complete, true)
	counts, err := b.Counts(t.Context())
	must(t, err)
	b.same("counts", counts, queue.Counts{job.Queued: 6, job.Running: 0, job.Done: 1, job.Failed: 1, job.Canceled: 1})
	paused, err := b.Paused(t.Context())
	must(t, err)
	b.same("paused", paused, true)
	paces, err := b.Paces(t.Context())
	must(t, err)
	b.same("paces", paces, []queue.Pace{{Stage: job.Extract, Ratio: 0.05}, {Stage: job.Transcribe, Model: "tiny", Ratio: 0.5}})
	samples, err := b.Samples(t.Context(), time.Time{})
	must(t, err)
	b.same("samples", []any{len(samples), samples[1].Level}, []any{2, job.Warn})
	events, err := b.History(t.Context(), oldRunning)
	must(t, err)
	b.same("event", events[len(events)-1].Verb, job.VerbRecover)
}

func TestAFileOfTheSecondSchemaCanDoWhatIsNew(t *testing.T) {
	t.Parallel()
	b := oldBench(t, secondStore(t), 1710059409000)
	must(t, b.SetPaused(t.Context(), false))
	b.line([]queue.Load{{Model: "large-v3", Jobs: 1, MediaMS: 90_000}, {Model: "tiny", Jobs: 2, Unknown: 1, MediaMS: 60_000}})
	next, err := b.Next(t.Context())
	must(t, err)
	b.same("next", next.ID, oldRunning)
	b.clock.Advance(time.Second) // the backoff is over
	b.line([]queue.Load{{Model: "large-v3", Jobs: 2, MediaMS: 120_000}, {Model: "tiny", Jobs: 2, Unknown: 1, MediaMS: 60_000}})
	next, err = b.Next(t.Context())
	must(t, err)
	b.same("next in time", next.ID, oldBackoff)
	take(t, b.Store, oldBackoff)
	b.line([]queue.Load{{Model: "large-v3", Jobs: 1, MediaMS: 90_000}, {Model: "tiny", Jobs: 2, Unknown: 1, MediaMS: 60_000}})
	_, err = b.Hold(t.Context(), oldRunning, time.Time{})
	must(t, err)
	_, err = b.Move(t.Context(), oldMemory, job.Place{To: job.Front})
	must(t, err)
	next, err = b.Next(t.Context())
	must(t, err)
	b.same("next once one is held and one was moved", next.ID, oldMemory)
	j, err := b.Retry(t.Context(), oldDone, job.Retry{From: job.Transcribe})
	must(t, err)
	b.same("fresh", j.Fresh, map[job.Stage]int{job.Transcribe: 1})
	must(t, b.Delete(t.Context(), oldFailed))
	b.line([]queue.Load{{Model: "large-v3", Jobs: 1, MediaMS: 90_000}, {Model: "tiny", Jobs: 2, Unknown: 1, MediaMS: 60_000}})
}

func TestWhatAJobOfAnOldFileReliesOnIsNotDeletedWithAnother(t *testing.T) {
	t.Parallel()
	for name, old := range olds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := oldBench(t, old(t), 1710059409000)
			must(t, b.SetPaused(t.Context(), false))
			lease := take(t, b.Store, oldMemory)
			must(t, b.Finish(t.Context(), lease, job.Extract, "extract key", []byte("anew"), false, time.Minute))
			_, err := b.Settle(t.Context(), lease, queue.Outcome{State: job.Done})
			must(t, err)
			for i, id := range []string{oldMemory, oldDone} {
				must(t, b.Delete(t.Context(), id))
				_, ok, err := b.Finished(t.Context(), job.Extract, "extract key")
				must(t, err)
				b.same("found", ok, i == 0)
			}
		})
	}
}

func TestAFileOfTheFourthSchemaCanDoWhatIsNew(t *testing.T) {
	t.Parallel()
	b := oldBench(t, fourthStore(t), 1710059412000)
	peak, _, err := b.Peak(t.Context(), "digest", 5)
	must(t, err)
	b.same("peak", peak, int64(323456789))
	b.same("deliveries of what ended before there were any", len(b.list(job.DeliveryFilter{})), 0)
	_, err = b.Cancel(t.Context(), oldRunning) // a queued one since the second schema
	must(t, err)
	b.same("deliveries", b.list(job.DeliveryFilter{})[0].Event, job.EventCanceled)
	must(t, b.SetPaused(t.Context(), false))
	b.same("quality of before", get(t, b.Store, oldDone).Quality, job.Quality{})
	d := draft("in two languages")
	d.Options.TranslateTo, d.Options.LLMModel = []string{"ko", "de"}, "gemma"
	id := submit(t, b.Store, d)[0].ID
	b.line([]queue.Load{
		{Model: "large-v3", Jobs: 2, MediaMS: 120_000},
		{Model: "tiny", Jobs: 1, Unknown: 1},
		{Model: "tiny", LLMModel: "gemma", Languages: 2, Jobs: 1, Unknown: 1},
	})
	_, err = b.Cancel(t.Context(), oldTurn) // of the line before
	must(t, err)
	b.lease = take(t, b.Store, id)
	b.line([]queue.Load{{Model: "large-v3", Jobs: 1, MediaMS: 30_000}, {Model: "tiny", Jobs: 1, Unknown: 1}})
	b.derive()
	b.same("what was made of it", b.derived(), []bool{true, true, true})
}

func TestNothingOfAFileOfTheFifthSchemaIsLost(t *testing.T) {
	t.Parallel()
	b := oldBench(t, fifthStore(t), 1710059413000)
	ko, err := b.Translation(t.Context(), oldDone, "ko")
	must(t, err)
	b.same("translation", ko.Segments, []transcript.Segment{{ID: 1, EndMS: 900, Text: "안녕하세요"}})
	sum, err := b.Summary(t.Context(), oldDone)
	must(t, err)
	b.same("summary", sum.Title, "A greeting")
	b.same("lines", get(t, b.Store, oldDone).Quality.Lines, map[string]job.Lines{"ko": {Done: 1, Total: 1}})
	b.same("delivery", b.list(job.DeliveryFilter{})[0].LastStatus, 204)
	owner, sum256, err := b.Exported(t.Context(), "/out/talk.srt")
	must(t, err)
	b.same("export", []string{owner, sum256}, []string{oldDone, "5f"})
}

func TestAFileOfTheFifthSchemaCanDoWhatIsNew(t *testing.T) {
	t.Parallel()
	b := oldBench(t, fifthStore(t), 1710059413000)
	must(t, b.Index(t.Context()))
	edit(t, b.Store, oldDone, "", 1, "goodbye")
	edit(t, b.Store, oldDone, "ko", 1, "안녕히 가세요")
	sameLines(t, "corrected", lines(t, b.Store, oldDone), "!goodbye <- hello there")
	sameLines(t, "found", find(t, b.Store, "goodbye"), "finished talk/1")
	ko, err := b.Translation(t.Context(), oldDone, "ko")
	must(t, err)
	b.same("translation", ko.Segments[0].Text, "안녕히 가세요")
	attempts, err := b.Attempts(t.Context(), oldFailed)
	must(t, err)
	b.same("attempts of before", len(attempts), 0)
	must(t, b.SetPaused(t.Context(), false))
	lease := take(t, b.Store, oldTurn)
	must(t, b.Begin(t.Context(), lease, job.Extract))
	_, err = b.Settle(t.Context(), lease, queue.Outcome{State: job.Failed, Attempt: true, Error: &job.Failure{Code: "file_damaged", Stage: job.Extract, Detail: "log"}})
	must(t, err)
	attempts, err = b.Attempts(t.Context(), oldTurn)
	must(t, err)
	b.same("attempt", []any{attempts[0].Kind, attempts[0].Code, attempts[0].Log}, []any{job.AttemptError, "file_damaged", "log"})
}

// line compares the work in the whole line.
func (b *bench) line(want []queue.Load) {
	b.Helper()
	loads, err := b.Ahead(b.Context(), "")
	must(b, err)
	b.same("line", loads, want)
}

// A long line is brought up to date in one go; a hundred thousand jobs in a soak.
func TestALongLineIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	if os.Getenv("SLUICE_TEST_ALL") == "" {
		t.Skip("too slow for all day: 'make test' runs it")
	}
	jobs := 20_000
	if os.Getenv(soakEnv) != "" {
		jobs = 100_000
	}
	path := secondStore(t)
	script(t, path, fmt.Sprintf(`WITH RECURSIVE n (seq) AS (SELECT 10 UNION ALL SELECT seq + 1 FROM n LIMIT %d)
		INSERT INTO jobs (seq, id, state, reason, ready_at, priority, rank, title, title_folded, source, model, options, stage, created_at, duration_ms)
		SELECT seq, printf('%%026d', seq), 'queued', iif(seq %% 10 = 0, 'held', 'turn'), iif(seq %% 10 = 0, 1 << 62, 0), seq %% 3, seq * 1024, 'talk ' || seq, 'talk ' || seq,
			json_object('kind', 'path', 'path', '/media/' || seq, 'name', 'talk ' || seq || '.mp4'), 'model ' || (seq %% 4), '{}', 'extract', 1710059400000, (seq %% 5) * 1000 FROM n`, jobs))
	began := time.Now()
	s := open(t, sqlitestore.Config{Path: path})
	t.Logf("%d jobs in %v", jobs, time.Since(began))
	loads, err := s.Ahead(t.Context(), "")
	must(t, err)
	ready, unknown := 0, 0
	for _, l := range loads {
		ready, unknown = ready+l.Jobs, unknown+l.Unknown
	}
	if ready != jobs*9/10+5 || unknown != jobs/10+2 { // five of the old ones are ready by now, two of them not measured
		t.Errorf("%d jobs are ready, %d of them of unknown length", ready, unknown)
	}
	counts, err := s.Counts(t.Context())
	must(t, err)
	if counts[job.Queued] != jobs+6 {
		t.Errorf("%d jobs are queued", counts[job.Queued])
	}
}

// A table that is in the way makes the migration fail after a part of it.
func TestAMigrationThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	for table, version := range map[string]int{"samples": 1, "loads": 2, "peaks": 3, "exports": 4, "attempts": 5} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			path := firstStore(t)
			switch version {
			case 2:
				path = secondStore(t)
			case 3: // the table that it replaces is no table there
				path = thirdStore(t)
				script(t, path, `ALTER TABLE peaks RENAME TO before; CREATE VIEW peaks AS SELECT 1 AS x`)
			}
			switch version {
			case 4:
				path = fourthStore(t)
			case 5:
				path = fifthStore(t)
			}
			if version != 3 {
				script(t, path, `CREATE TABLE `+table+` (x INTEGER)`)
			}
			before := schemaOf(t, path)
			_, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, quiet())
			if err == nil {
				t.Fatal("it did not fail")
			}
			if d := cmp.Diff(before, schemaOf(t, path)); d != "" || versionOf(t, path) != version {
				t.Errorf("version %d, schema differs (-before +after):\n%s", versionOf(t, path), d)
			}
			if version == 3 {
				script(t, path, `DROP VIEW peaks; ALTER TABLE before RENAME TO peaks`)
			} else {
				script(t, path, `DROP TABLE `+table)
			}
			get(t, open(t, sqlitestore.Config{Path: path}), oldDone)
		})
	}
}

// What a power cut leaves is the files as they are in the middle.
func TestACrashInTheMiddleOfAMigrationLeavesTheOldSchema(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		old     func(t *testing.T) string
		version int
		step    string
		more    string // what the migration might have made of a longer line
	}{
		"to the second": {firstStore, 1, "2.sql", `INSERT INTO samples SELECT i, 'normal', 0, 0, 0, 0, 0 FROM n`},
		"to the third":  {secondStore, 2, "3.sql", `INSERT INTO loads SELECT 'model ' || i, 1, 0, 0 FROM n`},
		"to the fourth": {thirdStore, 3, "4.sql", `INSERT INTO peaks SELECT 'model ' || i, 0, 1, 0, 0 FROM n`},
		"to the fifth":  {fourthStore, 4, "5.sql", `INSERT INTO exports SELECT '/out/' || i, '', '', 0 FROM n`},
		"to the sixth":  {fifthStore, 5, "6.sql", `INSERT INTO edits SELECT i, 1, '', i, 'hello', 'bye', 0 FROM n`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := test.old(t)
			db, err := sql.Open("sqlite", path)
			must(t, err)
			defer func() { must(t, db.Close()) }()
			conn, err := db.Conn(t.Context())
			must(t, err)
			defer func() { must(t, conn.Close()) }()
			// A cache of a few pages: the rest is already on the disk, uncommitted.
			_, err = conn.ExecContext(t.Context(), "PRAGMA journal_mode = WAL; PRAGMA cache_size = 5; BEGIN IMMEDIATE;"+text(t, "migrations", test.step)+`;
				WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) `+test.more+fmt.Sprintf(`; PRAGMA user_version = %d`, test.version+1))
			must(t, err)
			crashed := filepath.Join(t.TempDir(), "sluice.db")
			for _, side := range []string{"", "-wal", "-shm"} {
				b, err := os.ReadFile(path + side)
				must(t, err)
				if side == "-wal" && len(b) < 50<<10 {
					t.Fatalf("only %d bytes were written ahead: this tests nothing", len(b))
				}
				must(t, os.WriteFile(crashed+side, b, 0o600))
			}
			if got := versionOf(t, crashed); got != test.version {
				t.Errorf("version is %d", got)
			}
			s := open(t, sqlitestore.Config{Path: crashed})
			get(t, s, oldDone)
			loads, err := s.Ahead(t.Context(), "")
			must(t, err)
			if len(loads) > 2 {
				t.Errorf("%d loads were never committed", len(loads))
			}
			samples, err := s.Samples(t.Context(), time.Time{})
			must(t, err)
			if len(samples) > 2 {
				t.Errorf("%d samples were never committed", len(samples))
			}
		})
	}
}

// firstStore makes a file as a store of the first schema left it.
func firstStore(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "sluice.db")
	script(t, path, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; BEGIN;"+
		text(t, "testdata", "schema_v1.sql")+text(t, "testdata", "rows_v1.sql")+
		"PRAGMA application_id = 0x534c4345; PRAGMA user_version = 1; COMMIT")
	return path
}

// secondStore makes a file as a store of the second schema left it.
func secondStore(t *testing.T) (path string) {
	t.Helper()
	path = firstStore(t)
	script(t, path, "BEGIN;"+text(t, "testdata", "schema_v2.sql")+text(t, "testdata", "rows_v2.sql")+"PRAGMA user_version = 2; COMMIT")
	return path
}

// thirdStore makes a file as a store of the third schema left it.
func thirdStore(t *testing.T) (path string) {
	t.Helper()
	path = secondStore(t)
	script(t, path, "BEGIN;"+text(t, "testdata", "schema_v3.sql")+text(t, "testdata", "rows_v3.sql")+"PRAGMA user_version = 3; COMMIT")
	return path
}

// fourthStore makes a file as a store of the fourth schema left it.
func fourthStore(t *testing.T) (path string) {
	t.Helper()
	path = thirdStore(t)
	script(t, path, "BEGIN;"+text(t, "testdata", "schema_v4.sql")+text(t, "testdata", "rows_v4.sql")+"PRAGMA user_version = 4; COMMIT")
	return path
}

// fifthStore makes a file as a store of the fifth schema left it.
func fifthStore(t *testing.T) (path string) {
	t.Helper()
	path = fourthStore(t)
	script(t, path, "BEGIN;"+text(t, "testdata", "schema_v5.sql")+text(t, "testdata", "rows_v5.sql")+"PRAGMA user_version = 5; COMMIT")
	return path
}

// oldBench opens such a file when its clock stood at its newest row.
func oldBench(t *testing.T, path string, ms int64) *bench {
	t.Helper()
	clock := storetest.NewClock()
	clock.Advance(time.UnixMilli(ms).Sub(clock.Now()))
	return &bench{T: t, Store: open(t, sqlitestore.Config{Path: path, Now: clock.Now}), path: path, clock: clock}
}

func text(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	must(t, err)
	return string(b)
}

func versionOf(t *testing.T, path string) (version int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	must(t, db.QueryRowContext(t.Context(), "PRAGMA user_version").Scan(&version))
	return version
}
