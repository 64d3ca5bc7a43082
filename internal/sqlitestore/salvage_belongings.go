package sqlitestore

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
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
	for _, table := range []string{"stage_runs", "events", "deliveries"} {
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
	if err := w.spans(ctx); err != nil {
		return err
	}
	return w.transcripts(ctx)
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
		body, _ := valueOf(c, values, "body").([]byte)
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

// spans copies partial transcripts, each as a whole or not at all: a run goes
// on from the last span and would not miss one in the middle.
func (w *wreck) spans(ctx context.Context) error {
	c, err := w.common(ctx, "spans")
	if err != nil || c.at("body") < 0 {
		return err
	}
	rows, whole, err := w.find(ctx, "spans", "key")
	if err != nil {
		return err
	}
	w.partial = w.partial || !whole
	for seq := range w.changed {
		if err := w.t.exec(`DELETE FROM spans WHERE job = ?`, seq); err != nil {
			return err
		}
	}
	if !whole {
		return nil
	}
	parts, wanted := map[string][]rowOf{}, map[string]bool{}
	for _, r := range rows {
		parts[r.key] = append(parts[r.key], r)
		wanted[r.key] = wanted[r.key] || w.changed[r.job] > 0
	}
	for key, wants := range wanted {
		if !wants {
			continue
		}
		if err := w.spansOf(ctx, c, key, parts[key]); err != nil {
			return err
		}
	}
	return nil
}

func (w *wreck) spansOf(ctx context.Context, c columns, key string, parts []rowOf) error {
	err := w.t.savepoint(func(t *tx) error {
		if err := t.exec(`DELETE FROM spans WHERE key = ?`, key); err != nil {
			return &brokenError{err}
		}
		for _, r := range parts {
			values, err := w.large(ctx, "spans", c, r.n)
			if err != nil {
				return &brokenError{err}
			}
			body, _ := valueOf(c, values, "body").([]byte)
			if _, err := inflate(body); err != nil || values == nil {
				return errTorn
			}
			fits, err := w.add(`INSERT INTO spans (`+c.list+`) VALUES (`+c.marks+`)`, values...)
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
		return w.t.exec(`DELETE FROM spans WHERE key = ?`, key)
	}
	return passedOver(err)
}

var errTorn = errors.New("not all spans of a key can be read")

// transcripts copies the results. One that is there and cannot be read is lost:
// its job says so, instead of a result that cannot be shown.
func (w *wreck) transcripts(ctx context.Context) error {
	c, err := w.common(ctx, "transcripts")
	if err != nil || c.at("body") < 0 {
		return err
	}
	rows, whole, err := w.find(ctx, "transcripts", "language")
	if err != nil {
		return err
	}
	found := map[int64]bool{}
	for _, r := range rows {
		found[r.job] = true
		if w.changed[r.job] == 0 {
			continue
		}
		values, err := w.large(ctx, "transcripts", c, r.n)
		if err != nil {
			return err
		}
		body, _ := valueOf(c, values, "body").([]byte)
		if values == nil || unpack(body, &transcript.Transcript{}) != nil {
			if err := w.lose(r.job); err != nil {
				return err
			}
			continue
		}
		if _, err := w.add(`INSERT OR REPLACE INTO transcripts (`+c.list+`) VALUES (`+c.marks+`)`, values...); err != nil {
			return err
		}
	}
	for seq, f := range w.changed {
		switch {
		case found[seq]:
		case !whole:
			err = w.lose(seq)
		case f == renewed:
			err = w.t.exec(`DELETE FROM transcripts WHERE job = ?`, seq)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lose makes a done job a failed one, unless the backup has its transcript.
func (w *wreck) lose(seq int64) error {
	text, err := toJSON(job.Failure{
		Code:    string(fault.StoreDamaged),
		Message: "The transcript was lost when the database was damaged.",
		Hint:    "Retry the job.",
	})
	if err != nil {
		return err
	}
	n, err := w.t.change(`UPDATE jobs SET state = 'failed', error = ?
		WHERE seq = ? AND state = 'done' AND NOT EXISTS (SELECT 1 FROM transcripts WHERE job = jobs.seq)`, text, seq)
	w.out.lost += int(n)
	return err
}

// valueOf is a column's value; nil without a row.
func valueOf(c columns, values []any, name string) any {
	if values == nil {
		return nil
	}
	return values[c.at(name)]
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
