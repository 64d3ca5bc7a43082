package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/ollama"
	"sluice/internal/pipeline"
	"sluice/internal/settings"
)

// wishes is what an order means by leaving out what it wants of the text.
type wishes struct {
	translateTo []string
	summarize   bool
	summary     job.Summary
	register    string
	glossary    string // path; "" = none
	webhook     string

	model func() string                                 // of the texts' languages; "" = none suits
	check func(ctx context.Context, model string) error // whether it can fit here at all
	hook  func(address string) error                    // whether it may be told
}

func newWishes(s *settings.Settings, l *llms, hook func(address string) error) wishes {
	return wishes{
		translateTo: s.Defaults.TranslateTo,
		summarize:   s.Defaults.Summarize,
		summary:     job.Summary(s.Summary),
		register:    s.Translate.Register,
		glossary:    s.Translate.Glossary,
		webhook:     string(s.Webhook.URL),
		model:       l.standard,
		check:       l.check,
		hook:        hook,
	}
}

// fill says what an order wants done with its text, and where it is told.
func (w wishes) fill(ctx context.Context, o job.Order, out *job.Options) error {
	out.Webhook = given(o.Webhook, w.webhook)
	if err := w.hook(out.Webhook); err != nil {
		return err
	}
	out.Summarize = given(o.Summarize, w.summarize)
	if err := w.translations(o, out); err != nil {
		return err
	}
	if out.Summarize {
		out.Summary = job.Summary{
			Template: or(or(o.Summary.Template, w.summary.Template), string(pipeline.General)),
			Language: strings.ToLower(or(o.Summary.Language, w.summary.Language)),
		}
		if err := checkSummary(out.Summary); err != nil {
			return err
		}
	}
	if !out.Summarize && len(out.TranslateTo) == 0 {
		return nil
	}
	if out.LLMModel = or(o.LLMModel, w.model()); out.LLMModel == "" {
		return fault.New(fault.ModelTooLarge, "This machine is too small for a language model of the plans.", nil).
			WithHint("Name one in ollama.model or llm_model, or leave translations and summary out.")
	}
	if !job.IsLLMName(out.LLMModel) {
		return invalid("llm_model is no name of a model.").WithHint("Write it as 'ollama list' does, such as gemma3:4b.")
	}
	return w.check(ctx, out.LLMModel)
}

func (w wishes) translations(o job.Order, out *job.Options) error {
	for _, code := range given(o.TranslateTo, w.translateTo) {
		code = strings.ToLower(strings.TrimSpace(code))
		if !ollama.KnowsLanguage(code) {
			return unknownLanguage(code)
		}
		if !slices.Contains(out.TranslateTo, code) {
			out.TranslateTo = append(out.TranslateTo, code)
		}
	}
	if len(out.TranslateTo) > job.MaxLanguages {
		return invalid(fmt.Sprintf("translate_to names more than %d languages.", job.MaxLanguages))
	}
	if len(out.TranslateTo) == 0 {
		return nil
	}
	out.Register = given(o.Register, w.register)
	if out.Register != "" && !slices.Contains(job.Registers(), out.Register) {
		return invalid("register is formal, polite or nothing.")
	}
	terms, err := w.terms(o)
	if err != nil {
		return err
	}
	for _, t := range terms { // those of other languages would only make jobs differ
		if slices.Contains(out.TranslateTo, t.To) {
			out.Glossary = append(out.Glossary, t)
		}
	}
	return nil
}

// terms is the glossary of an order, or that of the settings.
func (w wishes) terms(o job.Order) ([]job.Term, error) {
	if o.Glossary != nil {
		terms, why := checkTerms(*o.Glossary)
		if why != "" {
			return nil, invalid("The glossary is not right: " + why + ".")
		}
		return terms, nil
	}
	if w.glossary == "" {
		return nil, nil
	}
	terms, err := settings.ReadGlossary(w.glossary)
	if err != nil {
		return nil, wrongGlossary(err.Error())
	}
	terms, why := checkTerms(terms)
	if why != "" {
		return nil, wrongGlossary(why)
	}
	return terms, nil
}

func wrongGlossary(why string) error {
	return fault.New(fault.SettingInvalid, "translate.glossary: "+why+".", nil).
		WithHint("Write tables such as [en.ko] with lines such as \"sluice\" = \"수문\".")
}

// checkTerms says what is wrong with a glossary: words without an end; "" =
// nothing.
func checkTerms(terms []job.Term) (checked []job.Term, why string) {
	if len(terms) > job.MaxTerms {
		return nil, fmt.Sprintf("it has more than %d terms", job.MaxTerms)
	}
	for _, t := range terms {
		t.From, t.To = strings.ToLower(t.From), strings.ToLower(t.To)
		t.Term, t.Translation = strings.TrimSpace(t.Term), strings.TrimSpace(t.Translation)
		switch {
		case t.From != "" && !ollama.KnowsLanguage(t.From):
			return nil, fmt.Sprintf("there is no language %q", t.From)
		case !ollama.KnowsLanguage(t.To):
			return nil, fmt.Sprintf("there is no language %q", t.To)
		case t.Term == "" || t.Translation == "":
			return nil, "a term or its translation is empty"
		case len(t.Term) > job.MaxTermBytes || len(t.Translation) > job.MaxTermBytes:
			return nil, fmt.Sprintf("a term is longer than %d bytes", job.MaxTermBytes)
		}
		checked = append(checked, t)
	}
	return checked, ""
}

func checkSummary(s job.Summary) error {
	switch {
	case !slices.Contains(job.Templates(), s.Template):
		return invalid("summary.template is general, meeting, lecture or interview.")
	case s.Language != "" && !ollama.KnowsLanguage(s.Language):
		return unknownLanguage(s.Language)
	}
	return nil
}

func unknownLanguage(code string) error {
	return fault.New(fault.LanguageUnknown, fmt.Sprintf("Nothing can be translated into %q.", code), nil).
		WithHint("Use a code such as en, ko or zh-hant.")
}

// given is what an order says, or the default.
func given[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
