package sqlitestore

import (
	"bytes"
	"compress/flate"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"sluice/internal/pipeline"
	"sluice/internal/transcript"
)

// Transcript gives what is there of a job's transcript. See library.Shelf.
func (s *Store) Transcript(ctx context.Context, jobID string) (transcript.Transcript, error) {
	t := transcript.Transcript{Segments: []transcript.Segment{}}
	var key sql.NullString
	var body []byte
	err := s.reads.QueryRowContext(ctx, `SELECT transcribe_key, body FROM jobs LEFT JOIN transcripts ON transcripts.job = jobs.seq
		WHERE jobs.id = ?`, jobID).Scan(&key, &body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return t, unknownJob()
	case err != nil:
		return t, s.explain(err)
	case body != nil:
		if err = unpack(body, &t); err == nil {
			t, err = s.corrected(ctx, jobID, "", t)
		}
	case key.Valid:
		err = s.partial(ctx, key.String, &t)
	}
	if t.Segments == nil {
		t.Segments = []transcript.Segment{}
	}
	return t, err
}

// Translation gives what is there of a translation. See library.Shelf.
func (s *Store) Translation(ctx context.Context, jobID, language string) (transcript.Transcript, error) {
	t := transcript.Transcript{Language: language, Segments: []transcript.Segment{}}
	var body []byte
	err := s.reads.QueryRowContext(ctx, `SELECT body FROM jobs LEFT JOIN translations ON translations.job = jobs.seq AND translations.language = ?
		WHERE jobs.id = ?`, language, jobID).Scan(&body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return t, unknownJob()
	case err != nil:
		return t, s.explain(err)
	case body != nil:
		if err = unpack(body, &t); err == nil {
			t, err = s.corrected(ctx, jobID, language, t)
		}
	}
	if t.Segments == nil {
		t.Segments = []transcript.Segment{}
	}
	return t, err
}

// corrected gives a text as people have corrected it.
func (s *Store) corrected(ctx context.Context, jobID, language string, t transcript.Transcript) (transcript.Transcript, error) {
	all, err := s.Corrections(ctx, jobID, language)
	return t.Corrected(all), err
}

// Summary gives a job's summary. See library.Shelf.
func (s *Store) Summary(ctx context.Context, jobID string) (*transcript.Summary, error) {
	var body []byte
	err := s.reads.QueryRowContext(ctx, `SELECT body FROM jobs LEFT JOIN summaries ON summaries.job = jobs.seq WHERE jobs.id = ?`, jobID).Scan(&body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, unknownJob()
	case err != nil:
		return nil, s.explain(err)
	case body == nil:
		return nil, nil //nolint:nilnil // none is an answer
	}
	var sum transcript.Summary
	if err := unpack(body, &sum); err != nil {
		return nil, err
	}
	return &sum, nil
}

// partial puts the finished spans together.
func (s *Store) partial(ctx context.Context, key string, t *transcript.Transcript) error {
	var spans []pipeline.Span
	err := s.query(ctx, `SELECT body FROM spans WHERE key = ? ORDER BY from_ms`, []any{key}, func(row scanner) error {
		sp, err := scanSpan(row)
		spans = append(spans, sp)
		return err
	})
	*t = pipeline.Join(spans, false)
	return err
}

func scanSpan(row scanner) (pipeline.Span, error) {
	var sp pipeline.Span
	var body []byte
	if err := row.Scan(&body); err != nil {
		return sp, err
	}
	return sp, unpack(body, &sp)
}

// pack is deflated JSON.
func pack(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return deflate(b)
}

func unpack(body []byte, into any) error {
	b, err := inflate(body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	return nil
}

// deflate makes a body small. A text is only ever read and written whole, so
// nothing is gained by rows of segments; with word times its JSON is mostly
// repeated keys, and a fraction of the bytes is left of it on disk, in the
// log and in every backup.
func deflate(body []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("deflate: %w", err)
	}
	if _, err := w.Write(body); err != nil {
		return nil, fmt.Errorf("deflate: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("deflate: %w", err)
	}
	return b.Bytes(), nil
}

func inflate(body []byte) ([]byte, error) {
	b, err := io.ReadAll(flate.NewReader(bytes.NewReader(body)))
	if err != nil {
		return nil, fmt.Errorf("inflate: %w", err)
	}
	return b, nil
}
