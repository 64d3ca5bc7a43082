package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// How much is put among the words in one transaction, so that no other write
// waits long for it.
const (
	titlesAtOnce   = 500
	segmentsAtOnce = 500
)

// Index puts what is not among the words of the search yet there: titles of new
// jobs, and transcripts that an older version has stored. Other writes go
// before it.
func (s *Store) Index(ctx context.Context) error {
	if err := s.indexTitles(ctx); err != nil {
		return fmt.Errorf("index titles: %w", err)
	}
	for {
		more, err := s.indexOneTranscript(ctx)
		if err != nil {
			return fmt.Errorf("index transcripts: %w", err)
		}
		if !more {
			return nil
		}
	}
}

// indexTitles puts the titles of new jobs among the words.
func (s *Store) indexTitles(ctx context.Context) error {
	for {
		var missing bool
		err := s.reads.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM jobs WHERE seq > (SELECT titles FROM indexing))`).Scan(&missing)
		if err != nil || !missing {
			return s.explain(err)
		}
		err = s.write(ctx, later, func(t *tx) error {
			err := t.exec(`INSERT OR REPLACE INTO words (rowid, text)
				SELECT seq << 20 | 1048575, title_folded || char(10) || coalesce(json_extract(source, '$.name'), '')
				FROM jobs WHERE seq > (SELECT titles FROM indexing) ORDER BY seq LIMIT ?`, titlesAtOnce)
			if err != nil {
				return err
			}
			return t.exec(`UPDATE indexing SET titles = coalesce(
				(SELECT max(seq) FROM (SELECT seq FROM jobs WHERE seq > (SELECT titles FROM indexing) ORDER BY seq LIMIT ?)), titles)`, titlesAtOnce)
		})
		if err != nil {
			return err
		}
	}
}

// indexOneTranscript puts the segments of one transcript among the words, in
// steps. One that is cut off starts anew the next time.
func (s *Store) indexOneTranscript(ctx context.Context) (more bool, err error) {
	var seq int64
	var body []byte
	err = s.reads.QueryRowContext(ctx, `SELECT job, body FROM transcripts INDEXED BY transcripts_unindexed WHERE indexed = 0 ORDER BY job DESC LIMIT 1`).Scan(&seq, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, s.explain(err)
	}
	segments, err := segmentsOf(body)
	if err != nil {
		s.log.Warn("transcript cannot be searched", "err", err) // it will be no better the next time
		segments = nil
	}
	rest := textsOf(segments)
	for from := 0; ; from += segmentsAtOnce {
		part, last := rest, true
		if len(part) > segmentsAtOnce {
			part, last = part[:segmentsAtOnce], false
		}
		rest = rest[len(part):]
		gone := false
		err := s.write(ctx, later, func(t *tx) error {
			// Whoever stores it anew in the meantime has put it among the words.
			var still bool
			err := t.row(`SELECT EXISTS (SELECT 1 FROM transcripts WHERE job = ? AND indexed = 0)`, []any{seq}, &still)
			if err != nil || !still {
				gone = err == nil
				return err
			}
			if from == 0 {
				err = forgetSegments(t, seq)
			}
			if err == nil {
				err = addSegments(t, seq, from, part)
			}
			if err == nil && last {
				err = t.exec(`UPDATE transcripts SET indexed = 1 WHERE job = ?`, seq)
			}
			return err
		})
		if err != nil || gone || last {
			return true, err
		}
	}
}

// forgetSegments takes a job's segments out of the words.
func forgetSegments(t *tx, seq int64) error {
	return t.exec(`DELETE FROM words WHERE rowid BETWEEN ? AND ?`, seq<<rowBits, seq<<rowBits|(titleRow-1))
}

// addSegments puts segments among the words, the first of which is the given
// one of its transcript, from 0. There are numbers for a million of them. The
// last goes first: rows that come in the order of their numbers are gathered,
// any other is written by itself, which takes five times as long.
func addSegments(t *tx, seq int64, from int, texts []string) error {
	for i, text := range slices.Backward(texts) {
		n := int64(from + i + 1)
		if n >= titleRow {
			continue
		}
		if err := t.exec(`INSERT INTO words (rowid, text) VALUES (?, ?)`, seq<<rowBits|(titleRow-n), text); err != nil {
			return err
		}
	}
	return nil
}
