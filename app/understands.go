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
	if !o.ToEnglish && (o.Language == "en" || o.Language == whisper.Auto) {
		return nil // whatever the model is: that takes a look into its file
	}
	if f.Languages(or(o.ModelPath, o.Model)) != job.English {
		return nil
	}
	why, otherwise := "the language is "+o.Language, "the language en"
	if o.ToEnglish {
		why, otherwise = "it cannot translate", "leave the translation out"
	}
	other := "a model"
	if all := f.ForAll(o.Model); all != "" {
		other = "the model " + all + ","
	}
	return fault.New(fault.LanguageUnknown, fmt.Sprintf("The speech model %s knows only English, and %s.", o.Model, why), nil).
		WithHint("Use %s which knows all languages, or %s.", other, otherwise)
}
