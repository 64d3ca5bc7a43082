package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// mostMisses is how many jobs in a row may be unreadable before the rest of the
// file is given up.
const mostMisses = 20_000

// salvaged counts what was read out of a damaged file.
type salvaged struct {
	jobs       int // that the backup does not have
	renewed    int // that have gone on since the backup
	unreadable int // that were there, but not whole
}

// wreck is a damaged file that is being read.
type wreck struct {
	*Store
	db      *sql.DB
	t       *tx // into the new file
	columns map[string]columns
	stmts   map[string]prepared // on db
}

// columns is what a table has both in the damaged file and in the new one: the
// damaged one may be older.
type columns struct {
	list, marks string
	names       []string
}

// salvage brings into the new file what the damaged one has and the backup has
// not. What cannot be read is passed over: an error is one of the new file.
func (s *Store) salvage(ctx context.Context, t *tx) (salvaged, error) {
	// Two connections: what belongs to a job is read while the jobs are.
	db, err := connect(ctx, s.cfg.Path, "mode=ro", readerPragmas(), 2)
	if err != nil {
		return salvaged{}, ctx.Err()
	}
	defer func() { _ = db.Close() }()
	w := &wreck{Store: s, db: db, t: t, columns: map[string]columns{}, stmts: map[string]prepared{}}
	defer w.release()
	for _, table := range []string{"notices", "peaks", "paces", "samples"} {
		if err := w.table(ctx, table); err != nil {
			return salvaged{}, err
		}
	}
	var paused bool
	if db.QueryRowContext(ctx, `SELECT paused FROM line`).Scan(&paused) == nil {
		if err := t.exec(`UPDATE line SET paused = ?`, paused); err != nil {
			return salvaged{}, err
		}
	}
	return w.jobs(ctx)
}

// table copies the rows that the new file does not have.
func (w *wreck) table(ctx context.Context, table string) error {
	return w.t.savepoint(func(t *tx) error {
		c, err := w.common(ctx, table)
		if err != nil || len(c.names) == 0 {
			return err
		}
		var broken error
		_ = w.read(ctx, `SELECT `+c.list+` FROM `+table, nil, len(c.names), func(values []any) error {
			broken = t.exec(`INSERT OR IGNORE INTO `+table+` (`+c.list+`) VALUES (`+c.marks+`)`, values...)
			return broken
		})
		return broken
	})
}

// jobs goes through the jobs by number. Where a page cannot be read, it feels
// its way to the next one that can.
func (w *wreck) jobs(ctx context.Context) (salvaged, error) {
	var out salvaged
	c, err := w.common(ctx, "jobs")
	if err != nil || len(c.names) == 0 {
		return out, err
	}
	last := int64(1) << 62
	_ = w.db.QueryRowContext(ctx, `SELECT seq FROM sqlite_sequence WHERE name = 'jobs'`).Scan(&last)
	at := slices.Index(c.names, "seq")
	var broken error
	for seq, misses := int64(0), 0; misses < mostMisses && seq < last; {
		err := w.read(ctx, `SELECT `+c.list+` FROM jobs NOT INDEXED WHERE seq > ? ORDER BY seq`, []any{seq}, len(c.names), func(values []any) error {
			n, ok := values[at].(int64)
			if !ok {
				return errors.New("no number")
			}
			seq, misses = n, 0
			broken = w.job(ctx, c, n, values, &out)
			return broken
		})
		if err == nil || broken != nil || ctx.Err() != nil {
			return out, errors.Join(broken, ctx.Err())
		}
		seq, misses = seq+1, misses+1
	}
	return out, nil
}

// What the new file does with a job of the damaged one.
var (
	errKept     = errors.New("the backup has it as it is")
	errUnwanted = errors.New("not whole")
)

// job brings one job and all that belongs to it, or nothing of it.
func (w *wreck) job(ctx context.Context, c columns, seq int64, values []any, out *salvaged) error {
	known := false
	err := w.t.savepoint(func(t *tx) error {
		var err error
		if known, err = w.put(t, c, seq, values); err != nil {
			return err
		}
		for _, table := range []string{"stage_runs", "events", "checkpoints", "spans", "transcripts", "idempotency"} {
			if err := w.belongings(ctx, t, table, seq); err != nil {
				return err
			}
		}
		j, err := w.bySeq(t, seq) // what cannot be shown would spoil every list
		if err != nil {
			return fmt.Errorf("%w: %w", errUnwanted, err)
		}
		return w.record(t, seq, job.VerbRestore, j.State, "")
	})
	var broken *brokenError
	switch {
	case errors.As(err, &broken):
		return broken.cause
	case errors.Is(err, errKept):
	case err != nil:
		if !damaged(err) && fault.Is(w.explain(err), fault.DiskFull) {
			return err
		}
		w.log.Debug("job not saved", "err", err)
		out.unreadable++
	case known:
		out.renewed++
	default:
		out.jobs++
	}
	return nil
}

// put writes the job's own row. One that the backup has, too, is the same job
// further on.
func (w *wreck) put(t *tx, c columns, seq int64, values []any) (known bool, err error) {
	value := func(name string) any {
		if i := slices.Index(c.names, name); i >= 0 {
			return values[i]
		}
		return nil
	}
	var same bool
	err = t.row(`SELECT state = ? AND token >= ? AND stage = ? AND progress = ? FROM jobs WHERE seq = ? AND id = ?`,
		[]any{value("state"), value("token"), value("stage"), value("progress"), seq, value("id")}, &same)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return false, err
	case same:
		return true, errKept
	default:
		if err := t.exec(`DELETE FROM jobs WHERE seq = ?`, seq); err != nil {
			return true, err
		}
		known = true
	}
	if err := t.exec(`UPDATE indexing SET titles = min(titles, ? - 1)`, seq); err != nil {
		return known, err
	}
	return known, t.exec(`INSERT INTO jobs (`+c.list+`) VALUES (`+c.marks+`)`, values...)
}

// belongings copies the rows of a table that belong to a job; all of them or an
// error. Rows that number themselves get new numbers.
func (w *wreck) belongings(ctx context.Context, t *tx, table string, seq int64) error {
	c, err := w.common(ctx, table)
	if err != nil || len(c.names) == 0 {
		return err
	}
	into := `INSERT OR IGNORE INTO ` + table + ` (` + c.list + `) VALUES (` + c.marks + `)`
	return w.read(ctx, `SELECT `+c.list+` FROM `+table+` WHERE job = ?`, []any{seq}, len(c.names), func(values []any) error {
		if i := slices.Index(c.names, "body"); table == "transcripts" && i >= 0 {
			body, _ := values[i].([]byte)
			if err := unpack(body, &transcript.Transcript{}); err != nil {
				return fmt.Errorf("%w: %w", errUnwanted, err)
			}
		}
		return t.exec(into, values...)
	})
}

// common finds the columns to copy; none when the damaged file has no such
// table. Those that say what was done in the old file only are left out.
func (w *wreck) common(ctx context.Context, table string) (columns, error) {
	if c, ok := w.columns[table]; ok {
		return c, nil
	}
	there := map[string]bool{}
	_ = w.read(ctx, `SELECT name FROM pragma_table_info(?)`, []any{table}, 1, func(values []any) error {
		name, _ := values[0].(string)
		there[name] = true
		return nil
	})
	var c columns
	err := w.t.rows(`SELECT name FROM pragma_table_info(?)`, []any{table}, func(row scanner) error {
		var name string
		err := row.Scan(&name)
		own := name == "indexed" || (name == "seq" && table != "jobs")
		if there[name] && !own {
			c.names = append(c.names, name)
		}
		return err
	})
	c.list = strings.Join(c.names, ", ")
	c.marks = strings.TrimSuffix(strings.Repeat("?, ", len(c.names)), ", ")
	w.columns[table] = c
	return c, err
}

// read calls each for every row of the damaged file until there is an error.
func (w *wreck) read(ctx context.Context, query string, args []any, width int, each func([]any) error) error {
	stmt, ok := w.stmts[query]
	if !ok {
		p, err := w.db.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		stmt = prepared{p}
		w.stmts[query] = stmt
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	return drain(rows, func(row scanner) error {
		values := make([]any, width)
		into := make([]any, width)
		for i := range values {
			into[i] = &values[i]
		}
		if err := row.Scan(into...); err != nil {
			return err
		}
		return each(values)
	})
}

func (w *wreck) release() {
	for _, stmt := range w.stmts {
		_ = stmt.Close()
	}
}
