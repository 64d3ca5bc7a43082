package sqlitestore

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// results copies transcripts, translations and summaries. One that was there and
// cannot be read is lost: its job says so, instead of a result that cannot be
// shown.
func (w *wreck) results(ctx context.Context) error {
	if err := w.transcripts(ctx); err != nil {
		return err
	}
	translation := func(body []byte) bool { return unpack(body, &transcript.Transcript{}) == nil }
	if err := w.derived(ctx, "translations", translation); err != nil {
		return err
	}
	summary := func(body []byte) bool { return body == nil || unpack(body, &transcript.Summary{}) == nil }
	if err := w.derived(ctx, "summaries", summary); err != nil {
		return err
	}
	return w.missDerived()
}

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
		body := bodyOf(c, values)
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

// derived copies what was made of transcripts, in the place of what the backup
// has of the same jobs. What cannot be read is passed over.
func (w *wreck) derived(ctx context.Context, table string, sound func(body []byte) bool) error {
	c, err := w.common(ctx, table)
	if err != nil || c.at("body") < 0 {
		return err
	}
	rows, whole, err := w.find(ctx, table, "created_at")
	if err != nil {
		return err
	}
	if whole {
		for seq := range w.changed {
			if err := w.t.exec(`DELETE FROM `+table+` WHERE job = ?`, seq); err != nil {
				return err
			}
		}
	}
	for _, r := range rows {
		if w.changed[r.job] == 0 {
			continue
		}
		values, err := w.large(ctx, table, c, r.n)
		if err != nil {
			return err
		}
		body := bodyOf(c, values)
		if values == nil || !sound(body) {
			continue
		}
		if _, err := w.add(`INSERT OR REPLACE INTO `+table+` (`+c.list+`) VALUES (`+c.marks+`)`, values...); err != nil {
			return err
		}
	}
	return nil
}

// lost is why a job failed whose result was.
func lost() (text string, err error) {
	return toJSON(job.Failure{
		Code:    string(fault.StoreDamaged),
		Message: "The result was lost when the database was damaged, or a part of it.",
		Hint:    "Retry the job.",
	})
}

// lose makes a done job a failed one, unless the backup has its transcript.
func (w *wreck) lose(seq int64) error {
	text, err := lost()
	if err != nil {
		return err
	}
	n, err := w.t.change(`UPDATE jobs SET state = 'failed', error = ?
		WHERE seq = ? AND state = 'done' AND NOT EXISTS (SELECT 1 FROM transcripts WHERE job = jobs.seq)`, text, seq)
	w.out.lost += int(n)
	return err
}

// missDerived does the same to jobs that know of a translation or a summary that
// is not there.
func (w *wreck) missDerived() error {
	text, err := lost()
	if err != nil {
		return err
	}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(w.changed)), settledAtOnce) {
		list, err := json.Marshal(part)
		if err != nil {
			return err
		}
		n, err := w.t.change(`UPDATE jobs SET state = 'failed', error = ?
			WHERE seq IN (SELECT value FROM json_each(?)) AND state = 'done' AND quality IS NOT NULL AND (
				EXISTS (SELECT 1 FROM json_each(quality, '$.lines') AS line
					WHERE NOT EXISTS (SELECT 1 FROM translations WHERE job = jobs.seq AND language = line.key))
				OR (json_extract(quality, '$.coverage_percent') IS NOT NULL
					AND NOT EXISTS (SELECT 1 FROM summaries WHERE job = jobs.seq)))`, text, string(list))
		if err != nil {
			return err
		}
		w.out.lost += int(n)
	}
	return nil
}

// edits copies what people have corrected, of every job that was seen: a job
// tells nothing of it in its own row. The words of their transcripts are put
// into the search anew.
func (w *wreck) edits(ctx context.Context) error {
	c, err := w.common(ctx, "edits")
	if err != nil || c.at("job") < 0 {
		return err
	}
	var rows [][]any
	whole, err := w.walk(ctx, `SELECT rowid, `+c.list+` FROM edits NOT INDEXED WHERE rowid > ? ORDER BY rowid`, len(c.names)+1, mostMissed,
		func(_ int64, values []any) error {
			rows = append(rows, values)
			return nil
		})
	if err != nil {
		return err
	}
	touched := map[int64]bool{}
	if whole { // then what is not there was taken back
		err := w.t.rows(`SELECT DISTINCT job FROM edits`, nil, func(row scanner) error {
			var seq int64
			err := row.Scan(&seq)
			touched[seq] = w.seen[seq]
			return err
		})
		if err != nil {
			return err
		}
		for seq, ours := range touched {
			if !ours {
				continue
			}
			if err := w.t.exec(`DELETE FROM edits WHERE job = ?`, seq); err != nil {
				return err
			}
		}
	}
	for _, values := range rows {
		seq, _ := values[c.at("job")].(int64)
		if !w.seen[seq] {
			continue
		}
		touched[seq] = true
		if _, err := w.add(`INSERT OR REPLACE INTO edits (`+c.list+`) VALUES (`+c.marks+`)`, values...); err != nil {
			return err
		}
	}
	for seq := range touched {
		if err := w.t.exec(`UPDATE transcripts SET indexed = 0 WHERE job = ?`, seq); err != nil {
			return err
		}
	}
	return nil
}
