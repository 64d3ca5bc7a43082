package storetest

import (
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// write does one thing with the results of a running job, where the store keeps
// any.
func (p *pair) write(verb string, do func(s results, lease job.Lease) error) {
	store, kept := p.store.(results)
	l, ok := p.lease()
	if !ok || !kept {
		return
	}
	p.sameErr(verb, do(store, l.store), do(p.model, l.model))
}

func (p *pair) key() string { return pick(p, "key", "k1", "k2", "k3") }

func (p *pair) someStage() job.Stage { return pick(p, "stage", job.Stages()...) }

func (p *pair) someWarnings() []job.Warning {
	return pick(p, "warnings", nil, []job.Warning{{Code: "noise"}}, []job.Warning{{Code: "untranslated", Text: "one"}, {Code: "noise", AtMS: 7}})
}

func (p *pair) someText(language string) transcript.Transcript {
	return translated(language, pick(p, "complete", false, true), pick(p, "line", "one", "two"))
}

func (p *pair) addPart() {
	key, body := p.key(), pick(p, "body", "a", "b")
	p.write("add part", func(s results, lease job.Lease) error { return s.AddPart(p.ctx, lease, key, []byte(body)) })
}

func (p *pair) parts() {
	stage, key := p.someStage(), p.key()
	var told [][][]byte // by both
	p.write("parts", func(s results, lease job.Lease) error {
		parts, err := s.Parts(p.ctx, lease, stage, key)
		told = append(told, parts)
		return err
	})
	if len(told) == 2 {
		p.sameValue("parts", told[0], told[1])
	}
}

func (p *pair) keep() {
	stage, key, body := p.someStage(), p.key(), pick(p, "body", "a", "b")
	p.write("keep", func(s results, lease job.Lease) error { return s.Keep(p.ctx, lease, stage, key, []byte(body)) })
}

func (p *pair) translate() {
	t, lines, more := p.someText(pick(p, "language", "ko", "de")), job.Lines{Done: p.dice.roll(3, "done"), Total: 2}, p.someWarnings()
	p.write("save translation", func(s results, lease job.Lease) error { return s.SaveTranslation(p.ctx, lease, t, lines, more) })
}

func (p *pair) sumUp() {
	sum, coverage, more := pick(p, "summary", nil, &transcript.Summary{Title: "a"}, &transcript.Summary{Title: "b"}), p.dice.roll(101, "percent"), p.someWarnings()
	p.write("save summary", func(s results, lease job.Lease) error { return s.SaveSummary(p.ctx, lease, sum, coverage, more) })
}

func (p *pair) hear() {
	t, warnings := p.someText("en"), p.someWarnings()
	p.write("save transcript", func(s results, lease job.Lease) error { return s.SaveTranscript(p.ctx, lease, t, warnings) })
}

func (p *pair) warn() {
	more := p.someWarnings()
	p.write("warn", func(s results, lease job.Lease) error { return s.Warn(p.ctx, lease, more) })
}

func (p *pair) compareResults(id ids) {
	store, kept := p.store.(results)
	if !kept {
		return
	}
	for _, language := range []string{"ko", "de"} {
		got, gotErr := store.Translation(p.ctx, id.store, language)
		want, wantErr := p.model.Translation(p.ctx, id.model, language)
		p.sameErr("translation", gotErr, wantErr)
		if gotErr == nil {
			p.sameValue("translation to "+language, got, want)
		}
	}
	got, gotErr := store.Summary(p.ctx, id.store)
	want, wantErr := p.model.Summary(p.ctx, id.model)
	p.sameErr("summary", gotErr, wantErr)
	p.sameValue("summary", got, want)
}

// compareFinished looks for all that stages may have left.
func (p *pair) compareFinished() {
	store, kept := p.store.(results)
	if !kept {
		return
	}
	for _, stage := range job.Stages() {
		for _, key := range []string{"k1", "k2", "k3"} {
			got, gotOK, gotErr := store.Finished(p.ctx, stage, key)
			want, wantOK, wantErr := p.model.Finished(p.ctx, stage, key)
			p.sameErr("finished", gotErr, wantErr)
			p.sameValue("finished "+string(stage)+" "+key, []any{string(got), gotOK}, []any{string(want), wantOK})
		}
	}
}
