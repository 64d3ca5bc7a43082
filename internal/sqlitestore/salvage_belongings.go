package sqlitestore

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"sluice/internal/job"
)

// settledAtOnce bounds the length of a list of numbers.
const settledAtOnce = 1000

// belongings copies what belongs to the jobs that were brought, each table
// apart: what is lost of one is not missed by the others. A table is read from
// its front to its end, without its indexes, since one of these may be what is
// damaged; and once for all jobs, since there may be many.
func (w *wreck) belongings(ctx context.Context) error {
	if len(w.changed) == 0 {
		return nil
	}
	for _, table := range []string{"stage_runs", "events", "deliveries", "attempts"} {
		if err := w.history(ctx, table); err != nil {
			return err
		}
	}
	if err := w.keys(ctx); err != nil {
		return err
	}
	if err := w.checkpoints(ctx); err != nil {
		return err
	}
	for _, table := range []string{"spans", "parts"} {
		if err := w.pieces(ctx, table); err != nil {
			return err
		}
	}
	return w.results(ctx)
}

// history copies small rows that number themselves. They take the place of what
// the backup has of the same job.
func (w *wreck) history(ctx context.Context, table string) error {
	c, err := w.common(ctx, table)
	if err != nil || c.at("job") < 0 {
		return err
	}
	cleared := map[int64]bool{}
	_, err = w.walk(ctx, `SELECT rowid, `+c.list+` FROM `+table+` NOT INDEXED WHERE rowid > ? ORDER BY rowid`, len(c.names)+1, mostMissed,
		func(_ int64, values []any) error {
			seq, _ := values[c.at("job")].(int64)
			if w.changed[seq] == 0 {
				return nil
			}
			if w.changed[seq] == renewed && !cleared[seq] {
				cleared[seq] = true
				if err := w.t.exec(`DELETE FROM `+table+` WHERE job = ?`, seq); err != nil {
					return &brokenError{err}
				}
			}
			_, err := w.add(`INSERT INTO `+table+` (`+c.list+`) VALUES (`+c.marks+`)`, values...)
			return err
		})
	return err
}

// keys copies idempotency keys, which have no numbers: a bad page among them is
// come at from both of its sides.
func (w *wreck) keys(ctx context.Context) error {
	c, err := w.common(ctx, "idempotency")
	if err != nil || c.at("job") < 0 {
		return err
	}
	for _, order := range []string{"ASC", "DESC"} {
		err := w.db.read(ctx, `SELECT `+c.list+` FROM idempotency ORDER BY key `+order, nil, len(c.names), func(values []any) error {
			seq, _ := values[c.at("job")].(int64)
			if w.changed[seq] == 0 {
				return nil
			}
			_, err := w.add(`INSERT OR IGNORE INTO idempotency (`+c.list+`) VALUES (`+c.marks+`)`, values...)
			return err
		})
		if err == nil {
			return nil
		}
		if err := passedOver(err); err != nil {
			return err
		}
	}
	return nil
}

// rowOf is where a large row lies, and whose it is.
type rowOf struct {
	n, job int64
	key    string
}

// find looks for the rows of a table, but not at what is large in them.
func (w *wreck) find(ctx context.Context, table, key string) (rows []rowOf, whole bool, err error) {
	whole, err = w.walk(ctx, `SELECT rowid, job, `+key+` FROM `+table+` NOT INDEXED WHERE rowid > ? ORDER BY rowid`, 3, mostMissed,
		func(n int64, values []any) error {
			r := rowOf{n: n}
			r.job, _ = values[0].(int64)
			r.key, _ = values[1].(string)
			rows = append(rows, r)
			return nil
		})
	return rows, whole, err
}

// large reads one row that was found; nil when it cannot be read.
func (w *wreck) large(ctx context.Context, table string, c columns, n int64) (values []any, err error) {
	err = passedOver(w.db.read(ctx, `SELECT `+c.list+` FROM `+table+` NOT INDEXED WHERE rowid = ?`, []any{n}, len(c.names), func(v []any) error {
		values = v
		return nil
	}))
	return values, err
}

// checkpoints copies what finished stages left. What is missing is done again.
func (w *wreck) checkpoints(ctx context.Context) error {
	c, err := w.common(ctx, "checkpoints")
	if err != nil || c.at("body") < 0 {
		return err
	}
	rows, whole, err := w.find(ctx, "checkpoints", "key")
	if err != nil {
		return err
	}
	w.partial = w.partial || !whole
	for _, r := range rows {
		if w.changed[r.job] == 0 {
			continue
		}
		values, err := w.large(ctx, "checkpoints", c, r.n)
		if err != nil {
			return err
		}
		body := bodyOf(c, values)
		if _, err := inflate(body); err != nil || values == nil {
			w.partial = true
			continue
		}
		if _, err := w.add(`INSERT OR REPLACE INTO checkpoints (`+c.list+`) VALUES (`+c.marks+`)`, values...); err != nil {
			return err
		}
	}
	return nil
}

// pieces copies what there is of unfinished work, each key's as a whole or not
// at all: a run goes on from the last piece and would not miss one in the middle.
func (w *wreck) pieces(ctx context.Context, table string) error {
	c, err := w.common(ctx, table)
	if err != nil || c.at("body") < 0 {
		return err
	}
	rows, whole, err := w.find(ctx, table, "key")
	if err != nil {
		return err
	}
	w.partial = w.partial || !whole
	for seq := range w.changed {
		if err := w.t.exec(`DELETE FROM `+table+` WHERE job = ?`, seq); err != nil {
			return err
		}
	}
	if !whole {
		return nil
	}
	of, wanted := map[string][]rowOf{}, map[string]bool{}
	for _, r := range rows {
		of[r.key] = append(of[r.key], r)
		wanted[r.key] = wanted[r.key] || w.changed[r.job] > 0
	}
	for key, wants := range wanted {
		if !wants {
			continue
		}
		if err := w.piecesOf(ctx, table, c, key, of[key]); err != nil {
			return err
		}
	}
	return nil
}

func (w *wreck) piecesOf(ctx context.Context, table string, c columns, key string, rows []rowOf) error {
	drop := `DELETE FROM ` + table + ` WHERE key = ?`
	err := w.t.savepoint(func(t *tx) error {
		if err := t.exec(drop, key); err != nil {
			return &brokenError{err}
		}
		for _, r := range rows {
			values, err := w.large(ctx, table, c, r.n)
			if err != nil {
				return &brokenError{err}
			}
			body := bodyOf(c, values)
			if _, err := inflate(body); err != nil || values == nil {
				return errTorn
			}
			fits, err := w.add(`INSERT INTO `+table+` (`+c.list+`) VALUES (`+c.marks+`)`, values...)
			if err != nil {
				return err
			}
			if !fits {
				return errTorn
			}
		}
		return nil
	})
	if errors.Is(err, errTorn) {
		w.partial = true
		return w.t.exec(drop, key)
	}
	return passedOver(err)
}

var errTorn = errors.New("not all pieces of a key can be read")

// bodyOf is the column of that name; nil without a row.
func bodyOf(c columns, values []any) []byte {
	if values == nil {
		return nil
	}
	body, _ := values[c.at("body")].([]byte)
	return body
}

// settle puts the restore into the history of the brought jobs. A live one that
// may lack something that it had finished looks at all its stages again.
func (w *wreck) settle() error {
	all := slices.Sorted(maps.Keys(w.changed))
	for part := range slices.Chunk(all, settledAtOnce) {
		list, err := json.Marshal(part)
		if err != nil {
			return err
		}
		if w.partial {
			err := w.t.exec(`UPDATE jobs SET stage = ? WHERE state IN ('queued', 'running') AND seq IN (SELECT value FROM json_each(?))`,
				job.Stages()[0], string(list))
			if err != nil {
				return err
			}
		}
		err = w.t.exec(`INSERT INTO events (job, at, verb, from_state, to_state, reason, stage, token, owner, code)
			SELECT seq, ?, ?, state, state, reason, stage, token, owner, '' FROM jobs WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq`,
			w.now(), job.VerbRestore, string(list))
		if err != nil {
			return err
		}
	}
	return nil
}
