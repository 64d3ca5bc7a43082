package app

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/ollama"
)

// byUse sorts by stage, and in each what is used when a job names no model
// first and the rest by need.
func byUse(a, b job.Budget) int {
	chosen := 0
	switch {
	case a.Chosen && !b.Chosen:
		chosen = -1
	case b.Chosen && !a.Chosen:
		chosen = 1
	}
	// Transcribe comes first in the alphabet too.
	return cmp.Or(cmp.Compare(a.Stage, b.Stage), chosen, cmp.Compare(a.Need, b.Need), strings.Compare(a.Model, b.Model))
}

// speechBudget has the installed speech models, the one to use, and the one
// that suits the machine.
func (d *doctor) speechBudget(ctx context.Context, _ job.Finding) seen {
	found, err := d.speech.infos(ctx)
	if err != nil {
		return seen{} // what is wrong with the folder is told of the model
	}
	standard, why := d.speech.look(ctx, d.usual(ctx))
	chosen, suits := or(standard.Name, d.speech.standard(ctx)), d.suits().speech
	var rows []job.Budget
	told := false
	for _, m := range found {
		if m.Damaged || !m.Installed && m.Name != chosen && m.Name != suits {
			continue
		}
		b := job.Budget{Stage: job.Transcribe, Model: m.Name, Chosen: m.Name == chosen, Here: new(m.Installed)}
		b.Need, b.From = d.speech.needs(ctx, m)
		rows = append(rows, d.weighSpeech(b))
		told = told || b.Chosen
	}
	if !told { // no name of a model, or a damaged file
		b := job.Budget{Stage: job.Transcribe, Model: chosen, From: job.FromFile, Chosen: true, Fits: true}
		if why != nil {
			b.Text = fault.From(why).Say
		}
		rows = append(rows, b)
	}
	return seen{budget: rows}
}

// usual is an order that names no model.
func (d *doctor) usual(ctx context.Context) job.Options {
	s := d.settings.Now().Speech
	return job.Options{Model: d.speech.standard(ctx), BeamSize: s.BeamSize, Language: s.Language}
}

// weighSpeech weighs a speech model, and says what to take or to do instead.
// What can never fit is not to be installed.
func (d *doctor) weighSpeech(b job.Budget) job.Budget {
	b = d.weigh(b)
	switch {
	case b.Fits && !*b.Here:
		b.Text = "Not installed; get it with 'sluice models pull " + b.Model + "'."
	case !b.Fits && b.Chosen:
		if too := d.speech.TooLarge(speechNeed(b.Model, b.Need), d.settings.Now().Speech.Language); too != nil {
			b.Text += " " + fault.From(too).Hint
		}
	}
	return b
}

func speechNeed(model string, bytes int64) job.Need {
	return job.Need{Stage: job.Transcribe, Model: model, Bytes: bytes}
}

// weigh says whether this machine can give what a model needs.
func (d *doctor) weigh(b job.Budget) job.Budget {
	never := d.gate.Never(b.Need)
	if b.Fits = never == ""; !b.Fits {
		b.Text = "It " + never + "."
	}
	return b
}

// atOllama looks at Ollama and at what its models need of this machine.
func (d *doctor) atOllama(ctx context.Context, f job.Finding) seen {
	use := d.suits()
	version, err := d.ollama.Version(ctx)
	var here []ollama.Model
	if err == nil {
		here, err = d.ollama.Models(ctx)
	}
	if err != nil {
		x := fault.From(err)
		f.Level, f.Text, f.Hint = job.FindingWarn, x.Say, x.Hint+" "+speechAnyway
		return seen{finding: f, budget: d.wanted(use, nil, "Whether it is installed is not known.")}
	}
	var rows []job.Budget
	has := false
	for _, m := range here {
		wanted := ollama.SameModel(m.Name, use.llm)
		has = has || wanted
		if d.ollama.Local() && !m.Remote {
			rows = append(rows, d.languageBudget(ctx, m.Name, use.context, wanted))
		}
	}
	if !has {
		rows = append(rows, d.wanted(use, new(false), "Not installed; get it with 'ollama pull "+use.llm+"'.")...)
	}
	never := ""
	if i := slices.IndexFunc(rows, func(b job.Budget) bool { return b.Chosen }); i >= 0 {
		never = d.gate.Never(rows[i].Need)
	}
	return seen{finding: d.ollamaFinding(ctx, f, version, use.llm, has, never), budget: rows}
}

// languageBudget is what an installed language model takes.
func (d *doctor) languageBudget(ctx context.Context, model string, tokens int, chosen bool) job.Budget {
	b := job.Budget{Stage: job.Translate, Model: model, Context: tokens, From: job.FromFile, Chosen: chosen, Here: new(true)}
	need, err := d.ollama.Need(ctx, model, tokens)
	if err != nil {
		b.Fits, b.Text = true, "What it needs is not known." // it is tried
		return b
	}
	b.Need = need
	return d.weigh(b)
}

// wanted is the language model to use, where nobody knows it but the catalog;
// the text says how it comes here, if it can ever fit.
func (d *doctor) wanted(use suits, here *bool, text string) []job.Budget {
	if use.llm == "" || !d.ollama.Local() {
		return nil
	}
	b := d.weigh(job.Budget{
		Stage: job.Translate, Model: use.llm, Context: use.context, Need: use.need, From: job.FromCatalog, Chosen: true, Here: here,
	})
	if b.Fits {
		b.Text = text
	}
	return []job.Budget{b}
}
