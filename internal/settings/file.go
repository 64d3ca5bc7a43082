package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"sluice/internal/fault"
)

const maxFile = 1 << 20

// files applies settings.toml and the overlay beside it, or what is given in
// its place. What is wrong with the overlay is no reason to die: nobody has
// written it by hand, and the window that could mend it would not open.
func (l *loader) files(named string, given []byte) {
	file := l.s.Dirs.File()
	if named != "" {
		file = named
	}
	body, err := read(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && named == "":
	case err != nil:
		l.reject(fault.New(fault.SettingInvalid, "The settings file "+filepath.Base(file)+" cannot be read.", err).
			WithHint("Check that it is there and that you may read it."))
	default:
		l.file(filepath.Base(file), body, FromFile)
	}

	file = overlay(file)
	body, err = given, nil
	if given == nil {
		body, err = read(file)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		l.note("%s, which holds what was set in the window, cannot be read: nothing in it counts", filepath.Base(file))
	default:
		l.file(filepath.Base(file), body, FromOverlay)
	}
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	body, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(body) > maxFile {
		err = fmt.Errorf("%s is larger than a settings file can be", filepath.Base(path))
	}
	return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), err
}

// file applies one file. In the user's own an unknown key is an error. In the
// overlay it is not: a newer Sluice has written it, and going back to an older
// one must not need an editor.
func (l *loader) file(name string, body []byte, from Origin) {
	var root map[string]any
	if err := toml.Unmarshal(body, &root); err != nil {
		at := place{what: name}
		var syntax *toml.DecodeError
		if errors.As(err, &syntax) {
			at.line, _ = syntax.Position()
		}
		if from == FromOverlay {
			l.note("%s: this is not TOML, and nothing in the file counts; the next change in the window puts it aside as %s%s", at, name, aside)
			return
		}
		l.reject(fault.New(fault.SettingInvalid, at.String()+": this is not TOML.", err).
			WithHint("%s.", strings.TrimPrefix(err.Error(), "toml: ")))
		return
	}
	found := map[string]any{}
	l.flatten("", root, found)
	lines := lineNumbers(body)
	names := make([]string, 0, len(found))
	for key := range found {
		names = append(names, key)
	}
	// The first wrong line is told first.
	sort.Slice(names, func(i, j int) bool {
		a, b := lines.of(names[i]), lines.of(names[j])
		return a < b || a == b && names[i] < names[j]
	})
	for _, key := range names {
		at := place{what: name, line: lines.of(key)}
		k, ok := l.find(key)
		switch {
		case ok:
			l.set(k, typed(found[key]), from, at)
		case from == FromOverlay:
			l.note("%s: %s is no setting here and was left out", at, key)
		default:
			l.reject(unknown(at, key, l.keys))
		}
	}
}

// flatten gives tables their dotted names, down to what is a key or can be none.
func (l *loader) flatten(prefix string, table map[string]any, into map[string]any) {
	for name, v := range table {
		full := name
		if prefix != "" {
			full = prefix + "." + name
		}
		inner, isTable := v.(map[string]any)
		if _, known := l.find(full); isTable && !known && l.section(full) {
			l.flatten(full, inner, into)
			continue
		}
		into[full] = v
	}
}

// section says whether keys start with name and a dot.
func (l *loader) section(name string) bool {
	for _, k := range l.keys {
		if strings.HasPrefix(k.Name, name+".") {
			return true
		}
	}
	return false
}

// typed is a TOML value as a value of ours.
func typed(v any) value {
	switch v := v.(type) {
	case string:
		return value{form: formText, text: v}
	case int64:
		return value{form: formNumber, text: strconv.FormatInt(v, 10)}
	case float64:
		return value{form: formNumber, text: strconv.FormatFloat(v, 'f', -1, 64)}
	case bool:
		return value{form: formSwitch, text: strconv.FormatBool(v)}
	case []any:
		list := make([]string, len(v))
		for i, e := range v {
			s, ok := e.(string)
			if !ok {
				return value{form: formOther}
			}
			list[i] = s
		}
		return value{form: formList, list: list}
	}
	return value{form: formOther}
}

func unknown(at place, key string, keys []Key) error {
	f := fault.New(fault.SettingInvalid, fmt.Sprintf("%s: %s is no setting.", at, key), nil)
	if near := nearest(key, keys); near != "" {
		return f.WithHint("Did you mean %s?", near)
	}
	return f.WithHint("Remove the line, or put # before it.")
}

// positions are the lines of keys and tables by dotted name.
type positions map[string]int

// of is the line of a key, or of the table it is in.
func (p positions) of(key string) int {
	for {
		if line, ok := p[key]; ok {
			return line
		}
		i := strings.LastIndexByte(key, '.')
		if i < 0 {
			return 0
		}
		key = key[:i]
	}
}

// lineNumbers walks over a document that has been parsed before.
func lineNumbers(body []byte) positions {
	lines := positions{}
	var p unstable.Parser
	p.Reset(body)
	table := ""
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind != unstable.KeyValue && e.Kind != unstable.Table && e.Kind != unstable.ArrayTable {
			continue
		}
		var parts []string
		line := 0
		for it := e.Key(); it.Next(); {
			n := it.Node()
			parts = append(parts, string(n.Data))
			line = p.Shape(n.Raw).Start.Line
		}
		name := strings.Join(parts, ".")
		if e.Kind != unstable.KeyValue {
			table = name
		} else if table != "" {
			name = table + "." + name
		}
		if _, ok := lines[name]; !ok {
			lines[name] = line
		}
	}
	return lines
}

// nearest finds the key that was probably meant; "" when none is near.
func nearest(name string, keys []Key) string {
	best, least := "", 1+len(name)/4
	for _, k := range keys {
		if d := distance(name, k.Name); d <= least {
			best, least = k.Name, d-1
		}
	}
	return best
}

// distance counts the letters to add, remove or change between two names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
