package sqlitestore

import (
	"context"
	"database/sql"

	"sluice/internal/queue"
)

// nth is the queries for the job at a place of a list: one walks there from the
// front, the other from the end. Both read nothing but an index.
func nth(f queue.Filter) (front, behind statement) {
	const skip = ` LIMIT 1 OFFSET ?`
	switch {
	case f.Order == queue.ByLine:
		const from = `SELECT priority, rank, seq, 0 FROM jobs INDEXED BY jobs_line WHERE state = 'queued' `
		front.text = from + `ORDER BY priority DESC, rank, seq` + skip
		behind.text = from + `ORDER BY priority, rank DESC, seq DESC` + skip
	case f.Order == queue.ByEnd && f.State == "":
		const from = `SELECT 0, 0, seq, finished_at FROM jobs INDEXED BY jobs_ended WHERE finished_at > 0 `
		front.text = from + `ORDER BY finished_at DESC, seq DESC` + skip
		behind.text = from + `ORDER BY finished_at, seq` + skip
	case f.Order == queue.ByEnd:
		const from = `SELECT 0, 0, seq, finished_at FROM jobs INDEXED BY jobs_ended WHERE state = ? AND finished_at > 0 `
		front = statement{from + `ORDER BY finished_at DESC, seq DESC` + skip, []any{f.State}}
		behind = statement{from + `ORDER BY finished_at, seq` + skip, []any{f.State}}
	case f.State == "":
		front.text = `SELECT 0, 0, seq, 0 FROM jobs NOT INDEXED ORDER BY seq DESC` + skip
		behind.text = `SELECT 0, 0, seq, 0 FROM jobs NOT INDEXED ORDER BY seq` + skip
	default:
		const from = `SELECT 0, 0, seq, 0 FROM jobs INDEXED BY jobs_state WHERE state = ? `
		front = statement{from + `ORDER BY seq DESC` + skip, []any{f.State}}
		behind = statement{from + `ORDER BY seq` + skip, []any{f.State}}
	}
	return front, behind
}

// placeOf finds the job at place f.From of a list that is so long, from the end
// that is nearer, and gives a cursor right before it.
func placeOf(ctx context.Context, ask asker, f queue.Filter, all int) (*cursor, error) {
	q, end := nth(f)
	skip := f.From - 1
	if all-f.From < skip {
		q, skip = end, all-f.From
	}
	rows, err := ask(ctx, q.text, append(q.args, skip)...)
	if err != nil {
		return nil, err
	}
	var c *cursor
	err = drain(rows, func(row scanner) error {
		c = &cursor{}
		return row.Scan(&c.Priority, &c.Rank, &c.Seq, &c.Ended)
	})
	switch {
	case err != nil:
		return nil, err
	case c == nil:
		return nil, sql.ErrNoRows // counted in the same transaction: it cannot be
	case f.Order == queue.ByLine:
		c.Seq--
	default:
		c.Seq++ // the newest first
	}
	return c, nil
}

// aroundPlace counts the queued jobs up to a place and behind it, of each no
// more than so many.
const aroundPlace = `SELECT
		(SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_line WHERE state = 'queued' AND priority > ?1 LIMIT ?4))
		+ (SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_line WHERE state = 'queued' AND priority = ?1 AND (rank, seq) <= (?2, ?3) LIMIT ?4)),
		(SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_line WHERE state = 'queued' AND priority < ?1 LIMIT ?4))
		+ (SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_line WHERE state = 'queued' AND priority = ?1 AND (rank, seq) > (?2, ?3) LIMIT ?4))`

// behind is the place of the first queued job behind a cursor, counted from
// the end of the line that is nearer.
func behind(ctx context.Context, ask asker, c cursor, all int) (int, error) {
	for most := nearEnough; ; most *= lookFurther {
		rows, err := ask(ctx, aroundPlace, c.Priority, c.Rank, c.Seq, most+1)
		if err != nil {
			return 0, err
		}
		var before, after int
		err = drain(rows, func(row scanner) error { return row.Scan(&before, &after) })
		switch {
		case err != nil:
			return 0, err
		case before <= most:
			return before + 1, nil
		case after <= most:
			return all - after + 1, nil
		}
	}
}
