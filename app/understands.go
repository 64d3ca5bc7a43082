package app

import (
	"fmt"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/whisper"
)

// understands refuses a language that a model does not know, and a translation
// by one that knows no other. With auto, an English model takes everything for
// English.
func (f *finder) understands(o job.Options) error {
	name := or(o.ModelPath, o.Model)
	if f.Languages(name) != job.English {
		return nil
	}
	all := f.ForAll(o.Model)
	if o.ToEnglish {
		no := fault.New(fault.LanguageUnknown, fmt.Sprintf("The speech model %s knows only English: it cannot translate.", o.Model), nil)
		if all != "" {
			return no.WithHint("Use the model %s, which knows all languages, or leave the translation out.", all)
		}
		return no.WithHint("Use a model that knows all languages, or leave the translation out.")
	}
	if o.Language == "en" || o.Language == whisper.Auto {
		return nil
	}
	no := fault.New(fault.LanguageUnknown, fmt.Sprintf("The speech model %s knows only English, and the language is %s.", o.Model, o.Language), nil)
	if all != "" {
		return no.WithHint("Use the model %s, which knows all languages, or the language en.", all)
	}
	return no.WithHint("Use a model that knows all languages, or the language en.")
}
