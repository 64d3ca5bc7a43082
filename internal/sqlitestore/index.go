package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"sluice/internal/transcript"
)

// How much is put among the words in one transaction, so that no other write
// waits long for it.
const (
	titlesAtOnce   = 500
	segmentsAtOnce = 500
	goneAtOnce     = 200
)

// Index does what can wait a while, and other writes go before it: it makes very
// many jobs that have become due together ready for good, takes out of the words
// of the search what is gone, and puts there what is missing: titles of new jobs,
// and transcripts that an older version has stored.
func (s *Store) Index(ctx context.Context) error {
	if err := s.promoteMany(ctx); err != nil {
		return fmt.Errorf("make due jobs ready: %w", err)
	}
	if err := s.unsay(ctx); err != nil {
		return fmt.Errorf("take words out: %w", err)
	}
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
				err = sayCorrected(t, seq, transcript.Transcript{Segments: segments})
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

// unsay takes the words out of the search that have gone with a job, or with its
// transcript.
func (s *Store) unsay(ctx context.Context) error {
	for {
		var some bool
		err := s.reads.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM unsaid)`).Scan(&some)
		if err != nil || !some {
			return s.explain(err)
		}
		if err := s.write(ctx, later, unsaySome); err != nil {
			return err
		}
	}
}

func unsaySome(t *tx) error {
	for left := int64(goneAtOnce); left > 0; left-- {
		var seq int64
		var there bool
		err := t.row(`SELECT job, EXISTS (SELECT 1 FROM jobs WHERE seq = job) FROM unsaid ORDER BY job LIMIT 1`, nil, &seq, &there)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		last := seq<<rowBits | titleRow
		if there {
			last-- // it keeps its title
		}
		n, err := t.change(`DELETE FROM words WHERE rowid IN (SELECT rowid FROM words WHERE rowid BETWEEN ? AND ? LIMIT ?)`, seq<<rowBits, last, left)
		if err != nil || n == left {
			return err
		}
		if err := t.exec(`DELETE FROM unsaid WHERE job = ?`, seq); err != nil {
			return err
		}
		left -= n
	}
	return nil
}

// forgetSegments takes the segments of a job that is there out of the words.
func forgetSegments(t *tx, seq int64) error {
	if err := t.exec(`DELETE FROM unsaid WHERE job = ?`, seq); err != nil {
		return err
	}
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
