package intake

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const maxName = 200 // bytes; file systems take 255

// displayName makes a name that a client sent fit for people: the last part
// of a path, readable, and not endless.
func displayName(name string) string {
	name = readable(path.Base(strings.ReplaceAll(name, `\`, "/")))
	if strings.Trim(name, "./ ") == "" {
		return "upload"
	}
	if len(name) <= maxName {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > 16 {
		ext = ""
	}
	cut := maxName - len(ext)
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + ext
}

// readable makes any name fit for a line of text: NFC, without controls and
// without marks that turn the reading direction and so can hide an extension.
func readable(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || r == '\uFEFF' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "\uFFFD"))
	return strings.Join(strings.Fields(norm.NFC.String(name)), " ")
}

// diskName is what the file of an upload is called: nothing a client sent but
// a plausible extension, which helps people who look into the folder.
func diskName(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if len(ext) < 2 || len(ext) > 9 || strings.ContainsFunc(ext[1:], func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}) {
		return "source"
	}
	if ext == ".json" { // our own note lies beside it
		return "source"
	}
	return "source" + ext
}
