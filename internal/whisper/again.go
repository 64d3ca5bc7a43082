package whisper

import (
	"context"
	"fmt"

	"sluice/internal/job"
	"sluice/internal/pipeline"
	"sluice/internal/transcript"
)

// hear listens to a span. A hearing that is doubtful is followed by at most
// two others, each of which hears the sound once: in two halves, since other
// borders often free a model that is caught in a loop, and then drawn by
// chance. What covers most of the sound with text that is not doubtful stays.
func (r *run) hear(ctx context.Context, planned PlannedSpan, done *pipeline.Span) error {
	first, err := r.ask(ctx, r.request(planned.Pieces), func(m Message) { r.tell(m, planned) })
	if err != nil {
		return err
	}
	language, sure := first.Language, first.Probability
	weigh := func(heard []Heard) judged {
		for i := range heard {
			heard[i].Segment = within(heard[i].Segment, done.FromMS, done.ToMS)
		}
		return judge(heard, planned.Speech, done.ToMS)
	}
	best := weigh(first.Segments)
	for _, way := range []struct {
		listen func(context.Context, []Piece, string) (heard []Heard, ok bool, err error)
		worth  float64 // what is drawn by chance is surer of itself than it should be
	}{{r.inHalves, 1}, {r.byChance, 0.8}} {
		if !best.doubtful || way.worth < 1 && best.mute {
			break
		}
		heard, ok, err := way.listen(ctx, planned.Pieces, language)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		done.HeardAgain = true
		other := weigh(heard)
		least := best.score
		if !other.doubtful {
			least *= enough
		}
		if way.worth*other.score > least {
			best = other
		}
	}
	done.Segments, done.Warnings = best.plain(), best.warnings
	r.settle(language, sure, done)
	return nil
}

// enough is the share of a doubtful text's score with which one that is not
// doubtful is better.
const enough = 0.9

// unsure is the probability below which a detected language is doubted.
const unsure = 0.5

// settle notes the language of a span; one without text tells of none.
func (r *run) settle(language string, sure float64, done *pipeline.Span) {
	if r.language != Auto || language == "" || len(done.Segments) == 0 {
		return
	}
	if sure < unsure {
		done.Warnings = append([]job.Warning{{
			Code: WarnLanguage, AtMS: done.FromMS,
			Text: fmt.Sprintf("The language was taken to be %q, but that is not sure.", language),
		}}, done.Warnings...)
	}
	r.spoken = language
}

func (r *run) request(pieces []Piece) Request {
	threads := r.req.Threads
	if threads <= 0 {
		threads = r.t.cfg.Threads
	}
	return Request{
		PCM: r.req.Audio.Path, Growing: r.growing, Pieces: pieces, Language: r.language, Spoken: r.spoken, Beam: r.req.BeamSize,
		Threads: threads, Words: r.req.Words, Prompt: r.req.Prompt, ToEnglish: r.req.ToEnglish,
	}
}

// inHalves hears the sound in two parts; ok is false when it is too short.
func (r *run) inHalves(ctx context.Context, pieces []Piece, language string) (heard []Heard, ok bool, err error) {
	first, second, ok, err := r.halves(ctx, pieces)
	if err != nil || !ok {
		return nil, false, err
	}
	for _, half := range [][]Piece{first, second} {
		q := r.request(half)
		q.Language, q.Again = language, true
		m, err := r.ask(ctx, q, r.memory)
		if err != nil {
			return nil, false, err
		}
		heard = append(heard, m.Segments...)
	}
	return heard, true, nil
}

// chance is how much a text is drawn by chance that is heard for the last
// time. From 0.5 on whisper.cpp would forget the prompt.
const chance = 0.4

func (r *run) byChance(ctx context.Context, pieces []Piece, language string) (heard []Heard, ok bool, err error) {
	q := r.request(pieces)
	q.Language, q.Again, q.Temperature = language, true, chance
	m, err := r.ask(ctx, q, r.memory)
	return m.Segments, err == nil, err
}

// within keeps a segment and its words inside the times of its span.
func within(s transcript.Segment, from, to int64) transcript.Segment {
	clamp := func(ms, least int64) int64 { return max(min(max(ms, from), to), least) }
	s.StartMS = clamp(s.StartMS, from)
	s.EndMS = clamp(s.EndMS, s.StartMS)
	for i := range s.Words {
		w := &s.Words[i]
		w.StartMS = clamp(w.StartMS, s.StartMS)
		w.EndMS = clamp(w.EndMS, w.StartMS)
	}
	return s
}
