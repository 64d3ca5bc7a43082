package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/library"
	"sluice/internal/transcript"
)

// Edit corrects segments of a whole text. See library.Shelf.
func (s *Store) Edit(ctx context.Context, jobID, language string, edits []library.Edit) error {
	return s.write(ctx, first, func(t *tx) error {
		raw, seq, indexed, err := editable(t, jobID, language)
		if err != nil {
			return err
		}
		before, err := corrections(t.asker(), seq, language)
		if err != nil {
			return err
		}
		if err := s.correct(t, seq, language, raw, before, edits); err != nil {
			return err
		}
		if language != "" || !indexed {
			return nil // of a transcript that is not indexed yet, the corrections are with it
		}
		touched := map[int]bool{}
		for _, e := range edits {
			touched[e.Segment] = true
		}
		now, err := corrections(t.asker(), seq, "")
		if err != nil {
			return err
		}
		return sayAgain(t, seq, raw.Corrected(now), touched)
	})
}

// editable reads a text that may be corrected, as it was made.
func editable(t *tx, jobID, language string) (raw transcript.Transcript, seq int64, indexed bool, err error) {
	query, args := `SELECT seq, state, body, 1, indexed FROM jobs LEFT JOIN transcripts ON transcripts.job = jobs.seq WHERE jobs.id = ?`, []any{jobID}
	if language != "" {
		query, args = `SELECT seq, state, body, complete, 0 FROM jobs LEFT JOIN translations ON translations.job = jobs.seq AND translations.language = ?
			WHERE jobs.id = ?`, []any{language, jobID}
	}
	var state job.State
	var body []byte
	var complete, searched sql.NullBool
	err = t.row(query, args, &seq, &state, &body, &complete, &searched)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return raw, 0, false, unknownJob()
	case err != nil:
		return raw, 0, false, err
	case !state.Final(), body == nil, !complete.Bool: // it may have been retried since somebody looked
		return raw, 0, false, fault.New(fault.NotReady, "The job has no whole text that could be corrected.", nil)
	}
	return raw, seq, searched.Bool, unpack(body, &raw)
}

// correct stores the edits of one text. What is given back its own words has no
// row.
func (s *Store) correct(t *tx, seq int64, language string, raw transcript.Transcript, before []transcript.Correction, edits []library.Edit) error {
	shown := raw.Corrected(before)
	at := make(map[int]int, len(raw.Segments))
	for i, seg := range raw.Segments {
		at[seg.ID] = i
	}
	for _, e := range edits {
		i, ok := at[e.Segment]
		if !ok {
			return fault.New(fault.RequestInvalid, fmt.Sprintf("There is no segment %d in this text.", e.Segment), nil)
		}
		if says := shown.Segments[i].Text; e.Was != nil && *e.Was != says && *e.Was != transcript.Clean(says) {
			return fault.New(fault.EditConflict, fmt.Sprintf("Segment %d says something else by now.", e.Segment), nil)
		}
		original := raw.Segments[i].Text
		if e.Text == nil || *e.Text == original {
			if err := t.exec(`DELETE FROM edits WHERE job = ? AND language = ? AND segment = ? AND original = ?`, seq, language, e.Segment, original); err != nil {
				return err
			}
			continue
		}
		err := t.exec(`INSERT INTO edits (job, language, segment, original, text, edited_at) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (job, language, segment, original) DO UPDATE SET text = excluded.text, edited_at = excluded.edited_at`,
			seq, language, e.Segment, original, *e.Text, s.now())
		if err != nil {
			return err
		}
	}
	return nil
}

// eachRow calls each for every row of a query.
type eachRow func(query string, args []any, each func(scanner) error) error

func (t *tx) asker() eachRow { return t.rows }

// corrections reads those of one text, also those that do not hold now.
func corrections(ask eachRow, seq int64, language string) (all []transcript.Correction, err error) {
	err = ask(`SELECT segment, original, text FROM edits INDEXED BY edits_place WHERE job = ? AND language = ?`, []any{seq, language}, func(row scanner) error {
		var c transcript.Correction
		err := row.Scan(&c.Segment, &c.Original, &c.Text)
		all = append(all, c)
		return err
	})
	return all, err
}

// Corrections gives what people made of a text of a job, also what does not hold
// while the text says something else; language "" is the transcript.
func (s *Store) Corrections(ctx context.Context, jobID, language string) ([]transcript.Correction, error) {
	var all []transcript.Correction
	err := s.query(ctx, `SELECT segment, original, text FROM edits INDEXED BY edits_place
		WHERE job = (SELECT seq FROM jobs WHERE id = ?) AND language = ?`, []any{jobID, language}, func(row scanner) error {
		var c transcript.Correction
		err := row.Scan(&c.Segment, &c.Original, &c.Text)
		all = append(all, c)
		return err
	})
	return all, err
}

// correctionsOf is Corrections of a transcript for a job by its number.
func (s *Store) correctionsOf(ctx context.Context, seq int64) ([]transcript.Correction, error) {
	return corrections(func(query string, args []any, each func(scanner) error) error {
		return s.query(ctx, query, args, each)
	}, seq, "")
}

// sayAgain puts the segments of those ids among the words as they are now.
func sayAgain(t *tx, seq int64, now transcript.Transcript, ids map[int]bool) error {
	for i, seg := range now.Segments {
		n := int64(i + 1)
		if !ids[seg.ID] || n >= titleRow {
			continue
		}
		row := seq<<rowBits | (titleRow - n)
		if err := t.exec(`DELETE FROM words WHERE rowid = ?`, row); err != nil {
			return err
		}
		if err := t.exec(`INSERT INTO words (rowid, text) VALUES (?, ?)`, row, fold(seg.Text)); err != nil {
			return err
		}
	}
	return nil
}

// sayCorrected puts the segments that were corrected among the words as they
// were, when all the others are there.
func sayCorrected(t *tx, seq int64, raw transcript.Transcript) error {
	all, err := corrections(t.asker(), seq, "")
	if err != nil || len(all) == 0 {
		return err
	}
	ids := map[int]bool{}
	for _, c := range all {
		ids[c.Segment] = true
	}
	return sayAgain(t, seq, raw.Corrected(all), ids)
}
