package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"sluice/internal/job"
)

// jobs goes through the jobs by number. A job needs no more than its own row.
func (w *wreck) jobs(ctx context.Context) error {
	c, err := w.common(ctx, "jobs")
	if err != nil || c.at("seq") < 0 || c.at("id") < 0 || c.at("token") < 0 || c.at("state") < 0 {
		return err
	}
	whole, err := w.walk(ctx, `SELECT seq, `+c.list+` FROM jobs NOT INDEXED WHERE seq > ? ORDER BY seq`, len(c.names)+1, mostMissedJobs,
		func(seq int64, values []any) error {
			w.seen[seq] = true
			fits, err := w.put(c, values)
			if err == nil && !fits {
				w.late = append(w.late, values)
			}
			return err
		})
	if err != nil {
		return err
	}
	if err := w.dropDeleted(ctx, whole); err != nil {
		return err
	}
	for _, values := range w.late {
		if err := w.putLate(c, values); err != nil {
			return err
		}
	}
	if err := w.count(ctx); err != nil {
		return err
	}
	return w.indexAgain()
}

// count goes on with the numbers where the damaged file stopped: those of jobs
// that were deleted are not used twice.
func (w *wreck) count(ctx context.Context) error {
	return passedOver(w.db.read(ctx, `SELECT seq FROM sqlite_sequence WHERE name = 'jobs'`, nil, 1, func(values []any) error {
		last, ok := values[0].(int64)
		if !ok || last >= beyond {
			return nil
		}
		_, err := w.add(`UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'jobs'`, last)
		return err
	}))
}

// putLate writes a row that did not fit. By now the others are as they were; if
// it is still in their way, it goes without what makes it the same as another.
func (w *wreck) putLate(c columns, values []any) error {
	fits, err := w.put(c, values)
	if i := c.at("identity"); err == nil && !fits && i >= 0 {
		values[i] = nil
		fits, err = w.put(c, values)
	}
	if err == nil && !fits {
		w.out.unreadable++
	}
	return err
}

// put writes the job's own row. With one that the backup has, too, it is the
// same job further on.
func (w *wreck) put(c columns, values []any) (fits bool, err error) {
	seq, _ := values[c.at("seq")].(int64)
	if err := sound(c, values); err != nil {
		w.log.Debug("job not saved", "err", err)
		w.out.unreadable++
		return true, nil
	}
	var ours []any
	err = w.t.one(`SELECT `+c.list+` FROM jobs WHERE seq = ?`, []any{seq}, func(row scanner) (err error) {
		ours, err = scanAll(row, len(c.names))
		return err
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		fits, err = w.add(`INSERT INTO jobs (`+c.list+`) VALUES (`+c.marks+`)`, values...)
		if fits {
			w.changed[seq] = added
			w.out.jobs++
		}
		return fits, err
	case err != nil:
		return false, &brokenError{err}
	case ours[c.at("id")] != values[c.at("id")]:
		return false, nil
	case !further(c, ours, values):
		return true, nil
	}
	fits, err = w.add(`UPDATE jobs SET (`+c.list+`) = (`+c.marks+`) WHERE seq = ?`, append(slices.Clone(values), seq)...)
	if !fits {
		return false, err
	}
	w.changed[seq] = renewed
	w.out.renewed++
	if ours[c.at("token")] != values[c.at("token")] { // the results of the backup may be of another run
		for _, table := range []string{"transcripts", "translations", "summaries"} {
			if err := w.t.exec(`DELETE FROM `+table+` WHERE job = ?`, seq); err != nil {
				return true, err
			}
		}
	}
	return true, nil
}

// further says whether a row tells of something that happened since the backup.
// What a run has finished may not show in it.
func further(c columns, ours, values []any) bool {
	old, _ := ours[c.at("token")].(int64)
	token, _ := values[c.at("token")].(int64)
	return token >= old && (values[c.at("state")] == string(job.Running) || !slices.Equal(ours, values))
}

// beyond is a number that no job has: those of its words are a million times as
// large.
const beyond = 1 << 40

// sound says what is wrong with a row: one that cannot be shown would spoil
// every list.
func sound(c columns, values []any) error {
	if seq, ok := values[c.at("seq")].(int64); !ok || seq >= beyond {
		return fmt.Errorf("job %v: number %v", values[c.at("id")], values[c.at("seq")])
	}
	var j job.Job
	var work []any
	for name, into := range map[string]any{
		"source": &j.Source, "options": &j.Options, "metadata": &j.Metadata, "need": &j.Need,
		"error": &j.Error, "warnings": &j.Warnings, "fresh": &j.Fresh, "quality": &j.Quality, "language_work": &work,
	} {
		if i := c.at(name); i >= 0 {
			text, _ := values[i].(string)
			if err := fromJSON(text, into); err != nil {
				return fmt.Errorf("job %v: %s: %w", values[c.at("id")], name, err)
			}
		}
	}
	return nil
}

// dropDeleted takes jobs out of the new file that the damaged one does not have
// any more. A page that got lost must not look like that: something else in the
// damaged file has to tell the same number of jobs.
func (w *wreck) dropDeleted(ctx context.Context, whole bool) error {
	if !whole {
		return nil
	}
	sure := false
	for _, count := range []string{`SELECT count(*) FROM jobs INDEXED BY jobs_state`, `SELECT sum(n) FROM counters`} {
		err := passedOver(w.db.read(ctx, count, nil, 1, func(values []any) error {
			n, ok := values[0].(int64)
			sure = sure || (ok && n == int64(len(w.seen)))
			return nil
		}))
		if err != nil {
			return err
		}
	}
	if !sure {
		return nil
	}
	var gone []int64
	err := w.t.rows(`SELECT seq FROM jobs`, nil, func(row scanner) error {
		var seq int64
		err := row.Scan(&seq)
		if !w.seen[seq] {
			gone = append(gone, seq)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, seq := range gone {
		if err := w.t.exec(`DELETE FROM jobs WHERE seq = ?`, seq); err != nil {
			return err
		}
	}
	return nil
}

// indexAgain has the titles of the added jobs put among the words.
func (w *wreck) indexAgain() error {
	oldest := int64(0)
	for seq, f := range w.changed {
		if f == added && (oldest == 0 || seq < oldest) {
			oldest = seq
		}
	}
	if oldest == 0 {
		return nil
	}
	return w.t.exec(`UPDATE indexing SET titles = min(titles, ? - 1)`, oldest)
}
