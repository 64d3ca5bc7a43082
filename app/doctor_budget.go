package app

import (
	"cmp"
	"context"
	"strings"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/models"
	"sluice/internal/ollama"
)

// translate is the stage that language models are for.
const translate job.Stage = "translate"

// byUse sorts what is used when a job names no model first, in the order of the
// stages, and the rest by need.
func byUse(a, b job.Budget) int {
	switch {
	case a.Chosen && b.Chosen:
		return cmp.Compare(a.Stage, b.Stage) // transcribe comes first in the alphabet too
	case a.Chosen:
		return -1
	case b.Chosen:
		return 1
	}
	return cmp.Or(cmp.Compare(a.Need, b.Need), strings.Compare(a.Model, b.Model))
}

// speechBudget has the installed speech models, the one to use, and the one
// that suits the machine.
func (d *doctor) speechBudget(ctx context.Context, _ job.Finding) seen {
	found, err := d.speech.infos(ctx)
	if err != nil {
		return seen{} // what is wrong with the folder is told of the model
	}
	chosen, suits := d.canonical(d.speech.standard(ctx)), d.suits().speech
	var rows []job.Budget
	for _, m := range found {
		if m.Damaged || !m.Installed && m.Name != chosen && m.Name != suits {
			continue
		}
		b := job.Budget{
			Stage: job.Transcribe, Model: m.Name, Need: m.NeedBytes, From: job.FromFile,
			Chosen: m.Name == chosen, Here: m.Installed,
		}
		if m.Catalog {
			b.From = job.FromCatalog
		}
		if m.Installed && d.peak != nil {
			if peak, floor := d.peak(ctx, m); peak > 0 || floor > 0 {
				b.Need, b.From = planned(m.NeedBytes, peak, floor, d.gate.Ceiling()), job.FromMeasured
			}
		}
		if !m.Installed {
			b.Text = "Not installed; get it with 'sluice models pull " + m.Name + "'."
		}
		rows = append(rows, d.weigh(b))
	}
	return seen{budget: rows}
}

// canonical is a speech model's own name, however it was spelled.
func (d *doctor) canonical(name string) string {
	m, _ := d.speech.Look(name) // one that is missing has its name too
	return or(m.Name, name)
}

// weigh says whether this machine can give what a model needs.
func (d *doctor) weigh(b job.Budget) job.Budget {
	ceiling := d.gate.Ceiling()
	b.Fits = ceiling <= 0 || b.Need <= ceiling
	if !b.Fits {
		b.Text = strings.TrimSpace("Needs " + job.FormatBytes(b.Need-ceiling) + " more than this machine can give. " + b.Text)
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
		return seen{f, d.wanted(use, "Whether it is installed is not known.")}
	}
	has := false
	var rows []job.Budget
	for _, m := range here {
		chosen := sameModel(m.Name, use.llm)
		has = has || chosen
		if d.ollama.Local() && !m.Remote {
			rows = append(rows, d.languageBudget(ctx, m.Name, use.context, chosen))
		}
	}
	if !has {
		rows = append(rows, d.wanted(use, "Not installed; get it with 'ollama pull "+use.llm+"'.")...)
	}
	return seen{d.ollamaFinding(ctx, f, version, use.llm, has), rows}
}

// languageBudget is what an installed language model takes.
func (d *doctor) languageBudget(ctx context.Context, model string, tokens int, chosen bool) job.Budget {
	b := job.Budget{Stage: translate, Model: model, Context: tokens, From: job.FromFile, Chosen: chosen, Here: true}
	need, err := d.ollama.Need(ctx, model, tokens)
	if err != nil {
		b.Fits, b.Text = true, "What it needs is not known." // it is tried
		return b
	}
	b.Need = need
	return d.weigh(b)
}

// wanted is the language model to use, where nobody knows it but the catalog.
func (d *doctor) wanted(use suits, text string) []job.Budget {
	if use.llm == "" || !d.ollama.Local() {
		return nil
	}
	return []job.Budget{d.weigh(job.Budget{
		Stage: translate, Model: use.llm, Context: use.context, Need: use.need, From: job.FromCatalog, Chosen: true, Text: text,
	})}
}

// sameModel compares names as Ollama does: case does not count, and no tag is
// the tag "latest".
func sameModel(has, want string) bool {
	return want != "" && (strings.EqualFold(has, want) || strings.EqualFold(has, want+":latest"))
}

// peakOf is what was learnt of an installed model with the beam of the settings;
// 0 when it never ran. The digest of a model of the catalog is published;
// another is read whole once.
func (f *finder) peakOf(ctx context.Context, m models.Info) (peak, floor int64) {
	digest := m.SHA256
	if digest == "" {
		found, err := f.Store.Model(ctx, m.Name)
		if err != nil {
			return 0, 0
		}
		digest = found.Digest
	}
	peak, floor, err := f.peaks.Peak(ctx, digest, f.settings.Speech.BeamSize)
	if err != nil {
		return 0, 0
	}
	return peak, floor
}
