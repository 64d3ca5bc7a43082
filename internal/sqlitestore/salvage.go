package sqlitestore

import (
	"context"
	"errors"
	"slices"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// How many rows in a row may be unreadable before the rest of a table is given
// up. The jobs are what must not be lost.
const (
	mostMissedJobs = 20_000
	mostMissed     = 2_000
)

// salvaged counts what was read out of a damaged file.
type salvaged struct {
	jobs       int // that the backup does not have
	renewed    int // that are not as in the backup
	unreadable int // that were there, but not whole
	lost       int // whose result was there and cannot be read, or not all of it
}

// wreck is a damaged file that is being read.
type wreck struct {
	*Store
	db      *sourceDB
	t       *tx // into the new file
	columns map[string]columns
	out     salvaged

	seen    map[int64]bool // jobs that it has
	changed map[int64]fate // those of them that were not in the new file as they are
	late    [][]any        // those that did not fit beside others at first
	partial bool           // not all that they had finished could be read
}

// fate is what became of a job of the damaged file.
type fate int

const (
	added   fate = iota + 1
	renewed      // it has gone on since the backup
)

// columns is what a table has both in the damaged file and in the new one: the
// damaged one may be older.
type columns struct {
	list, marks string
	names       []string
}

func (c columns) at(name string) int { return slices.Index(c.names, name) }

// salvage brings into the new file what the damaged one has and the backup has
// not: what has happened since the backup wins. Damage is passed over, while a
// disk that cannot be read is an error: it may be readable the next time.
func (s *Store) salvage(ctx context.Context, t *tx) (salvaged, error) {
	// Two connections: one row may be looked for while others are gone through.
	db, err := connect(ctx, s.cfg.Path, "mode=ro", readerPragmas(), 2)
	if err != nil {
		return salvaged{}, passedOver(err)
	}
	w := &wreck{
		Store: s, db: &sourceDB{db: db, stmts: map[string]prepared{}}, t: t, columns: map[string]columns{},
		seen: map[int64]bool{}, changed: map[int64]fate{},
	}
	defer w.db.close()
	for _, table := range []string{"notices", "peaks", "paces", "samples", "exports"} {
		if err := w.table(ctx, table); err != nil {
			return salvaged{}, err
		}
	}
	if err := w.line(ctx); err != nil {
		return salvaged{}, err
	}
	if err := w.jobs(ctx); err != nil {
		return salvaged{}, err
	}
	if err := w.belongings(ctx); err != nil {
		return salvaged{}, err
	}
	if err := w.edits(ctx); err != nil {
		return salvaged{}, err
	}
	return w.out, w.settle()
}

// table copies the rows that do not belong to a job.
func (w *wreck) table(ctx context.Context, table string) error {
	c, err := w.common(ctx, table)
	if err != nil || len(c.names) == 0 {
		return err
	}
	if table == "peaks" && c.at("context") < 0 { // of an older version, which is learned anew
		return nil
	}
	verb := `INSERT OR REPLACE INTO `
	if table == "notices" {
		verb = `INSERT OR IGNORE INTO `
	}
	return passedOver(w.db.read(ctx, `SELECT `+c.list+` FROM `+table, nil, len(c.names), func(values []any) error {
		_, err := w.add(verb+table+` (`+c.list+`) VALUES (`+c.marks+`)`, values...)
		return err
	}))
}

// line says whether it was paused.
func (w *wreck) line(ctx context.Context) error {
	c, err := w.common(ctx, "line")
	if err != nil || c.at("paused") < 0 {
		return err
	}
	return passedOver(w.db.read(ctx, `SELECT paused FROM line`, nil, 1, func(values []any) error {
		_, err := w.add(`UPDATE line SET paused = ?`, values[0])
		return err
	}))
}

// walk calls each for the rows of a table by number, which a row begins with.
// The query has the number as its only parameter. Where a page cannot be read,
// walk feels its way to the next one that can; whole says that there was none.
func (w *wreck) walk(ctx context.Context, query string, width, misses int, each func(n int64, values []any) error) (whole bool, err error) {
	whole = true
	for at, left := int64(0), misses; left > 0; at, left = at+1, left-1 {
		err := w.db.read(ctx, query, []any{at}, width, func(values []any) error {
			n, ok := values[0].(int64)
			if !ok || n <= at { // a page in a wrong place leads in circles
				return errBackwards
			}
			at, left = n, misses
			return each(n, values[1:])
		})
		if err == nil {
			return whole, nil
		}
		if err := passedOver(err); err != nil {
			return false, err
		}
		whole = false
	}
	return false, nil
}

var errBackwards = errors.New("rows are not in the order of their numbers")

// add changes the new file. What the file cannot take, since the row makes no
// sense there, is left out; every other error ends the salvage.
func (w *wreck) add(query string, values ...any) (fits bool, err error) {
	err = w.t.exec(query, values...)
	switch {
	case err == nil:
		return true, nil
	case misfit(err):
		return false, nil
	}
	return false, &brokenError{err}
}

func misfit(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	code := e.Code() & 0xff
	return code == sqlite3.SQLITE_CONSTRAINT || code == sqlite3.SQLITE_MISMATCH
}

// passedOver is nil for what is wrong with the damaged file itself. What is
// wrong with the disk, the memory, the new file or the caller's time stays.
func passedOver(err error) error {
	var broken *brokenError
	var e *sqlite.Error
	switch {
	case errors.As(err, &broken):
		return broken.cause
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &e) && unread(e.Code()):
		return err
	}
	return nil
}

// unread says whether a result code is about the reading and not about what
// was read.
func unread(code int) bool {
	switch code & 0xff {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_FULL:
		return true
	}
	return false
}

// common finds the columns to copy; none when the damaged file has no such
// table. Those that say what was done in the old file only are left out, and
// rows that number themselves get new numbers.
func (w *wreck) common(ctx context.Context, table string) (columns, error) {
	if c, ok := w.columns[table]; ok {
		return c, nil
	}
	there := map[string]bool{}
	err := passedOver(w.db.read(ctx, `SELECT name FROM pragma_table_info(?)`, []any{table}, 1, func(values []any) error {
		name, _ := values[0].(string)
		there[name] = true
		return nil
	}))
	if err != nil {
		return columns{}, err
	}
	var c columns
	err = w.t.rows(`SELECT name FROM pragma_table_info(?)`, []any{table}, func(row scanner) error {
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
