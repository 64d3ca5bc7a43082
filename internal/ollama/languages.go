package ollama

import (
	"strings"
	"sync"
	"unicode"

	"sluice/internal/fault"
)

// tongue is a language as a model is told of it.
type tongue struct {
	code   string
	name   string
	script string // what it is written in; a key of scripts
}

// tongues lists the languages: code, name, and the script where it is not
// Latin. The first ones are those that the recogniser knows.
const tongues = `
en English|zh Chinese:han|de German|es Spanish|ru Russian:cyrillic|ko Korean:hangul|fr French|ja Japanese:kana|pt Portuguese|tr Turkish
pl Polish|ca Catalan|nl Dutch|ar Arabic:arabic|sv Swedish|it Italian|id Indonesian|hi Hindi:devanagari|fi Finnish|vi Vietnamese
he Hebrew:hebrew|uk Ukrainian:cyrillic|el Greek:greek|ms Malay|cs Czech|ro Romanian|da Danish|hu Hungarian|ta Tamil:tamil|no Norwegian
th Thai:thai|ur Urdu:arabic|hr Croatian|bg Bulgarian:cyrillic|lt Lithuanian|la Latin|mi Maori|ml Malayalam:malayalam|cy Welsh|sk Slovak
te Telugu:telugu|fa Persian:arabic|lv Latvian|bn Bengali:bengali|sr Serbian:any|az Azerbaijani:any|sl Slovenian|kn Kannada:kannada
et Estonian|mk Macedonian:cyrillic|br Breton|eu Basque|is Icelandic|hy Armenian:armenian|ne Nepali:devanagari|mn Mongolian:any
bs Bosnian:any|kk Kazakh:any|sq Albanian|sw Swahili|gl Galician|mr Marathi:devanagari|pa Punjabi:any|si Sinhala:sinhala|km Khmer:khmer
sn Shona|yo Yoruba|so Somali|af Afrikaans|oc Occitan|ka Georgian:georgian|be Belarusian:cyrillic|tg Tajik:any|sd Sindhi:any
gu Gujarati:gujarati|am Amharic:ethiopic|yi Yiddish:hebrew|lo Lao:lao|uz Uzbek:any|fo Faroese|ht Haitian Creole|ps Pashto:arabic
tk Turkmen:any|nn Norwegian Nynorsk|mt Maltese|sa Sanskrit:any|lb Luxembourgish|my Burmese:myanmar|bo Tibetan:tibetan|tl Tagalog
mg Malagasy|as Assamese:bengali|tt Tatar:any|haw Hawaiian|ln Lingala|ha Hausa|ba Bashkir:cyrillic|jw Javanese|su Sundanese|yue Cantonese:han
zh-hans Simplified Chinese:han|zh-hant Traditional Chinese:han|zh-cn Simplified Chinese:han|zh-tw Traditional Chinese (Taiwan):han
pt-br Brazilian Portuguese|pt-pt European Portuguese|en-us American English|en-gb British English|es-419 Latin American Spanish
fr-ca Canadian French|ga Irish|gd Scottish Gaelic|eo Esperanto|nb Norwegian Bokmål|fil Filipino|jv Javanese|zu Zulu|xh Xhosa|ky Kyrgyz:any`

// known is the table of languages by code.
var known = sync.OnceValue(func() map[string]tongue {
	table := map[string]tongue{}
	for _, entry := range strings.FieldsFunc(tongues, func(r rune) bool { return r == '|' || r == '\n' }) {
		code, rest, _ := strings.Cut(entry, " ")
		name, script, told := strings.Cut(rest, ":")
		if !told {
			script = "latin"
		}
		table[code] = tongue{code, name, script}
	}
	return table
})

// KnowsLanguage says whether a code names a language that text can be asked for
// in: such as ko, or zh-Hant. Whether a model can write it is another matter.
func KnowsLanguage(code string) bool {
	_, ok := known()[strings.ToLower(code)]
	return ok
}

// inLanguage finds a language to write in. Fault: language_unknown.
func inLanguage(code string) (tongue, error) {
	to, ok := known()[strings.ToLower(code)]
	if !ok {
		return tongue{}, fault.New(fault.LanguageUnknown, "There is no language with the code "+clip(code, 20)+".", nil).
			WithHint("Use a code such as en, ko or zh-Hant.")
	}
	return to, nil
}

// scripts are the letters of each script. One that may be several is not
// checked.
func scripts(name string) []*unicode.RangeTable {
	switch name {
	case "latin":
		return []*unicode.RangeTable{unicode.Latin}
	case "han":
		return []*unicode.RangeTable{unicode.Han, unicode.Bopomofo}
	case "kana":
		return []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana}
	case "hangul":
		return []*unicode.RangeTable{unicode.Hangul}
	case "any":
		return nil
	}
	return []*unicode.RangeTable{unicode.Scripts[strings.ToUpper(name[:1])+name[1:]]}
}

// Shares of letters that a text needs in its own script. Names of people and
// things stay in Latin everywhere, so those of others need less.
const (
	ownLatin = 0.6
	ownOther = 0.35
	kanaLeft = 12 // letters of Japanese that cannot all be Chinese
)

// writes says whether a text may be in the language, going by its letters. A
// few letters prove nothing.
func (l tongue) writes(text string) bool {
	tables := scripts(l.script)
	var letters, own, kana int
	for _, r := range text {
		if !unicode.IsLetter(r) || r == 'ー' {
			continue
		}
		letters++
		if unicode.In(r, tables...) {
			own++
		}
		if unicode.In(r, unicode.Hiragana, unicode.Katakana) {
			kana++
		}
	}
	if letters < 4 || tables == nil {
		return true
	}
	share := float64(own) / float64(letters)
	switch l.script {
	case "latin":
		return share >= ownLatin
	case "han":
		return share >= ownOther && kana*5 <= letters
	case "kana":
		return share >= ownOther && (kana > 0 || own < kanaLeft)
	}
	return share >= ownOther
}
