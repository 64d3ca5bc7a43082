package ollama

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sluice/internal/pipeline"
	"sluice/internal/transcript"
)

// Room for answers, in tokens.
const (
	pieceRoom = 700
	lastRoom  = 1536
)

const pointsShape = `{"type":"object","properties":{"points":{"type":"array","maxItems":8,"items":{"type":"object",` +
	`"properties":{"id":{"type":"integer"},"text":{"type":"string"}},"required":["id","text"],"additionalProperties":false}}},` +
	`"required":["points"],"additionalProperties":false}`

const summaryShape = `{"type":"object","properties":{"title":{"type":"string"},"summary":{"type":"string"},` +
	`"key_points":{"type":"array","maxItems":8,"items":{"type":"string"}},` +
	`"chapters":{"type":"array","maxItems":12,"items":{"type":"object","properties":{"id":{"type":"integer"},"title":{"type":"string"}},` +
	`"required":["id","title"],"additionalProperties":false}},` +
	`"action_items":{"type":"array","maxItems":8,"items":{"type":"string"}}},` +
	`"required":["title","summary","key_points","chapters","action_items"],"additionalProperties":false}`

// piece asks for the points of one piece.
func (s *digest) piece(points []pipeline.Point) query {
	return query{
		system: strings.Join([]string{
			"You take notes of a recording. Its transcript was made by speech recognition, so single words may be wrong.",
			matters(s.req.Template),
			"You get a part of it, line by line, each with its id in brackets. List what matters in it, in at most 8 points and in its order.",
			"Write in " + s.into.name + ". Each point has the id of the line where it begins. Invent nothing.",
			`Answer with JSON: {"points": [{"id": 1, "text": "..."}]}`,
		}, "\n"),
		user:   s.heading() + listed(points),
		format: json.RawMessage(pointsShape),
		room:   min(pieceRoom, s.talk.context/4),
		heat:   0.3,
		prove:  true,
	}
}

// last asks for the summary.
func (s *digest) last(points []pipeline.Point) query {
	return query{
		system: strings.Join([]string{
			"You sum up a recording. Its transcript was made by speech recognition, so single words may be wrong.",
			matters(s.req.Template),
			"You get what is said in it, line by line, each with its id in brackets. Invent nothing.",
			"Write all texts in " + s.into.name + ".",
			"title: a few words. summary: one to three paragraphs. key_points: at most 8 sentences. " +
				"chapters: where a new subject begins, each with the id of its first line. action_items: what somebody has to do; none if nobody has.",
			`Answer with JSON: {"title": "...", "summary": "...", "key_points": ["..."], "chapters": [{"id": 1, "title": "..."}], "action_items": ["..."]}`,
		}, "\n"),
		user:   s.heading() + listed(points),
		format: json.RawMessage(summaryShape),
		room:   min(lastRoom, s.talk.context*3/8),
		heat:   0.3,
		prove:  true,
	}
}

// matters says what a summary of this kind is for.
func matters(t pipeline.Template) string {
	switch t {
	case pipeline.Meeting:
		return "It is a meeting: what counts is what was decided and why, who does what by when, and what stays open."
	case pipeline.Lecture:
		return "It is a lecture: what counts is its claim, the steps that lead to it, terms with their meaning, and examples."
	case pipeline.Interview:
		return "It is an interview: what counts is who speaks, what was asked, what was answered, and what is striking in it."
	case pipeline.General:
	}
	return "What counts is what it is about, what is said of it, and what follows."
}

func (s *digest) heading() string {
	if title := short(transcript.OneLine(s.req.Title), titleRunes); title != "" {
		return "Title: " + title + "\n"
	}
	return ""
}

func entry(p pipeline.Point) string { return fmt.Sprintf("[%d] %s\n", p.ID, p.Text) }

func listed(points []pipeline.Point) string {
	var b strings.Builder
	for _, p := range points {
		b.WriteString(entry(p))
	}
	return b.String()
}

// lineID reads the id of a line in the ways that models write it.
type lineID int

// UnmarshalJSON takes a number, alone or in quotes and brackets.
func (l *lineID) UnmarshalJSON(b []byte) error {
	n, err := strconv.Atoi(string(bytes.Trim(b, `"[]# `)))
	if err != nil {
		n = -1 // no line has it
	}
	*l = lineID(n)
	return nil
}

// Bounds of a summary.
const (
	textRunes   = 6000
	itemRunes   = 500
	mostItems   = 12
	mostChapter = 20
	leastText   = 20 // weight
)

// parse reads a summary from an answer and checks it. Times come from our own
// lines: a chapter that names none of them is dropped.
func (s *digest) parse(said string) (transcript.Summary, error) {
	raw, err := object(said)
	if err != nil {
		return transcript.Summary{}, err
	}
	var told struct {
		Title       string   `json:"title"`
		Summary     string   `json:"summary"`
		KeyPoints   []string `json:"key_points"`
		ActionItems []string `json:"action_items"`
		Chapters    []struct {
			ID    lineID `json:"id"`
			Title string `json:"title"`
		} `json:"chapters"`
	}
	if err := json.Unmarshal(raw, &told); err != nil {
		return transcript.Summary{}, fmt.Errorf("%w: %w", errShape, err)
	}
	made := transcript.Summary{
		Title: short(transcript.OneLine(told.Title), titleRunes), Text: short(transcript.Paragraphs(told.Summary), textRunes),
		KeyPoints: s.items(told.KeyPoints), ActionItems: s.items(told.ActionItems), Chapters: []transcript.Chapter{},
	}
	for _, c := range told.Chapters {
		start, ours := s.starts[int(c.ID)]
		if title := short(transcript.OneLine(c.Title), titleRunes); ours && title != "" {
			made.Chapters = append(made.Chapters, transcript.Chapter{StartMS: start, Title: title})
		}
	}
	slices.SortStableFunc(made.Chapters, func(a, b transcript.Chapter) int { return cmp.Compare(a.StartMS, b.StartMS) })
	made.Chapters = slices.CompactFunc(made.Chapters, func(a, b transcript.Chapter) bool { return a.StartMS == b.StartMS })
	made.Chapters = made.Chapters[:min(len(made.Chapters), mostChapter)]

	switch {
	case plain(made.Title) == "", weight(made.Text) < leastText:
		return transcript.Summary{}, fmt.Errorf("%w: no title or no text", errShape)
	case circular(made.Text):
		return transcript.Summary{}, errLoop
	case !s.into.writes(made.Text):
		return transcript.Summary{}, fmt.Errorf("%w: not in %s", errShape, s.into.name)
	}
	return made, nil
}

// items cleans a list: no empty ones, none twice, none in another language, not
// too many.
func (s *digest) items(told []string) []string {
	kept := []string{}
	seen := map[string]bool{}
	for _, t := range told {
		t = short(transcript.OneLine(strings.TrimLeft(t, " -*•")), itemRunes)
		if key := plain(t); key != "" && !seen[key] && s.into.writes(t) && len(kept) < mostItems {
			kept, seen[key] = append(kept, t), true
		}
	}
	return kept
}
