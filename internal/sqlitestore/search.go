package sqlitestore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode"

	"sluice/internal/fault"
	"sluice/internal/library"
	"sluice/internal/transcript"
)

// searchVersion changes when the order of the hits does, or how words are told
// apart.
const searchVersion = 1

// mostWords is how many words one search may have.
const mostWords = 50

// Search finds words. See library.Shelf. A title that is not among the words
// yet is put there first: what was submitted before a search is found by it.
func (s *Store) Search(ctx context.Context, q library.Query) (library.Found, error) {
	words, err := wordsOf(q.Text)
	if err != nil {
		return library.Found{}, err
	}
	limit := q.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	if limit < 0 || limit > largestLimit {
		return library.Found{}, fault.New(fault.RequestInvalid, "The limit is not between 1 and 500.", nil)
	}
	match := matching(words)
	below, err := parseSearchCursor(q.Cursor, match)
	if err != nil {
		return library.Found{}, err
	}
	if err := s.indexTitles(ctx); err != nil {
		if ctx.Err() != nil {
			return library.Found{}, err
		}
		s.log.Debug("titles not indexed", "err", err) // a full disk: then what is there is searched
	}
	places, err := s.places(ctx, match, below, limit+1)
	if err != nil {
		return library.Found{}, err
	}
	var found library.Found
	if len(places) > limit {
		places = places[:limit]
		found.Next = searchCursorAt(match, places[limit-1].row)
	}
	found.Hits, err = s.hits(ctx, places)
	return found, err
}

// wordsOf splits a text where the index does, at whatever is no letter, digit
// or mark. What it drops can therefore not matter, and what it keeps has no
// character that means something in a search expression.
func wordsOf(text string) ([]string, error) {
	fields := strings.FieldsFunc(fold(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) && !unicode.Is(unicode.Co, r)
	})
	var words []string
	for _, w := range fields {
		if strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsMark(r) }) && !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	switch {
	case len(words) == 0:
		return nil, fault.New(fault.RequestInvalid, "There is no word to look for.", nil).
			WithHint("Type a word, or the beginning of one; signs alone are not found.")
	case len(words) > mostWords:
		return nil, fault.New(fault.RequestInvalid, "There are too many words to look for.", nil).
			WithHint("Look for %d words at most.", mostWords)
	}
	return words, nil
}

// matching is the expression for rows that have every word, or one that begins
// with it.
func matching(words []string) string { return `"` + strings.Join(words, `"* AND "`) + `"*` }

// A row of words is known by its job and, within it, by a number that goes down
// from the title's. See migrations/3.sql.
const (
	rowBits  = 20
	titleRow = 1<<rowBits - 1
)

// hitPlace is a row of words that a search has found.
type hitPlace struct {
	row       int64
	id, title string
}

func (p hitPlace) job() int64 { return p.row >> rowBits }

// segment is the number of the segment, from 1; 0 is the title.
func (p hitPlace) segment() int { return int(titleRow - (p.row & titleRow)) }

// places finds rows of words, but for those that are still there of what is gone.
func (s *Store) places(ctx context.Context, match string, below int64, limit int) ([]hitPlace, error) {
	var places []hitPlace
	err := s.query(ctx, `SELECT words.rowid, jobs.id, jobs.title FROM words CROSS JOIN jobs ON jobs.seq = words.rowid >> 20
		WHERE words MATCH ? AND words.rowid < ?
			AND (words.rowid & 1048575 = 1048575 OR NOT EXISTS (SELECT 1 FROM unsaid WHERE job = jobs.seq))
		ORDER BY words.rowid DESC LIMIT ?`, []any{match, below, limit}, func(row scanner) error {
		var p hitPlace
		err := row.Scan(&p.row, &p.id, &p.title)
		places = append(places, p)
		return err
	})
	return places, err
}

// hits fills in what was said at each place. A segment that has gone in the
// meantime is left out.
func (s *Store) hits(ctx context.Context, places []hitPlace) ([]library.Hit, error) {
	hits := make([]library.Hit, 0, len(places))
	var of int64 // whose the segments are
	var segments rawSegments
	var corrected []transcript.Correction
	for _, p := range places {
		hit := library.Hit{JobID: p.id, Title: p.title, Text: p.title}
		if n := p.segment(); n > 0 {
			if of != p.job() {
				var err error
				if segments, err = s.said(ctx, p.job()); err != nil {
					return nil, err
				}
				if corrected, err = s.correctionsOf(ctx, p.job()); err != nil {
					return nil, err
				}
				of = p.job()
			}
			seg, ok, err := segments.nth(n)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			seg = transcript.Transcript{Segments: []transcript.Segment{seg}}.Corrected(corrected).Segments[0]
			hit.Segment, hit.StartMS, hit.EndMS, hit.Text = seg.ID, seg.StartMS, seg.EndMS, seg.Text
		}
		hits = append(hits, hit)
	}
	return hits, nil
}

// said reads what was said in a job's whole transcript; empty when it has none.
func (s *Store) said(ctx context.Context, seq int64) (rawSegments, error) {
	var body []byte
	err := s.reads.QueryRowContext(ctx, `SELECT body FROM transcripts WHERE job = ?`, seq).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return rawSegments{}, nil
	}
	if err != nil {
		return rawSegments{}, s.explain(err)
	}
	body, err = inflate(body)
	return rawSegments{rest: body}, err
}

// segmentsOf reads what was said in the body of a transcript.
func segmentsOf(body []byte) ([]transcript.Segment, error) {
	var t transcript.Transcript
	err := unpack(body, &t)
	return t.Segments, err
}

// textsOf is what the index is to have of the segments.
func textsOf(segments []transcript.Segment) []string {
	texts := make([]string, len(segments))
	for i, seg := range segments {
		texts[i] = fold(seg.Text)
	}
	return texts
}

// searchCursor is the row of the last hit of a page, good for the words that it
// came from only.
type searchCursor struct {
	Version int    `json:"v"`
	Words   string `json:"w"`
	Row     int64  `json:"r"`
}

func searchCursorAt(match string, row int64) string {
	b, _ := json.Marshal(searchCursor{searchVersion, searchMark(match), row}) // numbers and a word: it cannot fail
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseSearchCursor gives the row that the hits of the page come after.
func parseSearchCursor(text, match string) (below int64, err error) {
	if text == "" {
		return 1<<63 - 1, nil
	}
	var c searchCursor
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil || c.Version != searchVersion || c.Words != searchMark(match) || c.Row <= 0 {
		return 0, fault.New(fault.RequestInvalid, "The cursor does not belong to this search.", err).
			WithHint("Leave the cursor out to start from the first page.")
	}
	return c.Row, nil
}

func searchMark(match string) string {
	sum := sha256.Sum256([]byte(match))
	return hex.EncodeToString(sum[:4])
}
