package install

import (
	"errors"
	"path/filepath"
	"strings"
)

const env = "/usr/bin/env"

// autostart is how a desktop on Linux starts a program: by a desktop entry in
// the folder for that.
type autostart struct{}

func (autostart) opened(p program) string { return p.path }

func (autostart) write(p program) ([]byte, error) {
	// The rules know no way to write an equals sign. Of the others they do, but
	// systemd, which starts what some desktops are told, reads something else.
	if !plain(p.path) || strings.ContainsAny(p.path, "=\\$`") {
		return nil, errors.New("the path does not fit into a desktop entry")
	}
	args := append([]string{p.path}, hidden()...)
	// These may stand in arguments, but neither GLib nor systemd finds a program
	// that has them in its name.
	if strings.ContainsAny(p.path, `%"'`) {
		args = append([]string{env}, args...)
	}
	line := execLine(args)
	return []byte(`[Desktop Entry]
Type=Application
Name=Sluice
Comment=Videos to text, one at a time, when there is memory for it
Comment[ko]=메모리가 허락할 때, 동영상을 한 번에 하나씩 글로
Exec=` + line + `
Icon=sluice
Terminal=false
StartupNotify=false
`), nil
}

func (autostart) read(text []byte) (path string, off bool, err error) {
	keys, err := desktopEntry(string(text))
	if err != nil {
		return "", false, err
	}
	// GNOME, Cinnamon and MATE have switches of their own; Xfce and KDE use the
	// one of the rules.
	off = keys["Hidden"] == "true" || keys["X-GNOME-Autostart-enabled"] == "false" || keys["X-MATE-Autostart-enabled"] == "false"
	args, err := execArgs(keys["Exec"])
	switch {
	case err != nil:
		return "", off, err
	case len(args) == 0 && off: // Hidden alone says that there is no such entry
		return "", true, nil
	case len(args) == 0:
		return "", false, errors.New("it starts nothing")
	}
	return programOf(args), off, nil
}

// programOf is what a command runs, be it with variables of its own; "" when
// that is hard to say.
func programOf(args []string) string {
	if filepath.Base(args[0]) != "env" {
		return args[0]
	}
	for _, arg := range args[1:] {
		switch {
		case strings.HasPrefix(arg, "-"):
			return ""
		case !strings.Contains(arg, "="):
			return arg
		}
	}
	return ""
}

// desktopEntry gives the keys of the group that counts, as they stand. Of those
// that stand twice it is the last, as for who starts programs.
func desktopEntry(text string) (map[string]string, error) {
	var keys map[string]string
	inside := false
	for line := range strings.Lines(text) {
		line = strings.Trim(line, " \t\r\n")
		key, value, pair := strings.Cut(line, "=")
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			inside = line == "[Desktop Entry]"
			if inside && keys == nil {
				keys = map[string]string{}
			}
		case inside && pair:
			keys[strings.TrimRight(key, " \t")] = strings.TrimLeft(value, " \t")
		}
	}
	if keys == nil {
		return nil, errors.New("it is no desktop entry")
	}
	return keys, nil
}

// reserved are the characters that an argument of Exec has in quotes only, and
// escaped those that even then mean something.
const (
	reserved = " \t\n\"'\\><~|&;$*?#()`"
	escaped  = "\"`$\\"
)

// execLine writes a command as the key Exec wants it: arguments in quotes where
// they need them, a % as two, and then the backslashes of any text of an entry.
func execLine(args []string) string {
	words := make([]string, len(args))
	for i, arg := range args {
		word := strings.ReplaceAll(arg, "%", "%%")
		if arg == "" || strings.ContainsAny(arg, reserved) {
			for _, c := range `\"` + "`$" { // the backslash first
				word = strings.ReplaceAll(word, string(c), `\`+string(c))
			}
			word = `"` + word + `"`
		}
		words[i] = strings.ReplaceAll(word, `\`, `\\`)
	}
	return strings.Join(words, " ")
}

// execArgs reads what execLine writes, and what others do.
func execArgs(line string) ([]string, error) {
	text, err := unescape(line)
	if err != nil {
		return nil, err
	}
	var args []string
	var word strings.Builder
	begun, quoted := false, false
	for rest := []rune(text); len(rest) > 0; rest = rest[1:] {
		switch c := rest[0]; {
		case c == '"':
			begun, quoted = true, !quoted
		case c == ' ' && !quoted:
			if begun {
				args = append(args, word.String())
			}
			word.Reset()
			begun = false
		case c == '\\' && quoted && len(rest) > 1 && strings.ContainsRune(escaped, rest[1]):
			word.WriteRune(rest[1])
			rest = rest[1:]
		default:
			begun = true
			word.WriteRune(c)
		}
	}
	if quoted {
		return nil, errors.New("a quote is not closed")
	}
	if begun {
		args = append(args, word.String())
	}
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "%%", "%")
	}
	return args, nil
}

// unescape undoes what every text of a desktop entry has.
func unescape(text string) (string, error) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, `\`)
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		if after == "" {
			return "", errors.New("a backslash stands alone")
		}
		plain, known := map[byte]string{'s': " ", 'n': "\n", 't': "\t", 'r': "\r", '\\': `\`}[after[0]]
		if !known { // others leave it as it is
			plain = `\` + after[:1]
		}
		b.WriteString(plain)
		text = after[1:]
	}
}
