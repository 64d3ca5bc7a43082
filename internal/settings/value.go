package settings

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"sluice/internal/job"
)

// value is what one layer says about a key, before the key's own type. A file
// knows types; the environment and flags know only text.
type value struct {
	form form
	text string
	list []string
}

type form string

const (
	formLoose  form = "text of any kind" // environment, flag, default
	formText   form = "text"
	formNumber form = "a number"
	formSwitch form = "true or false"
	formList   form = "a list of texts"
	formOther  form = "something else"
)

func loose(text string) value { return value{form: formLoose, text: text} }

// field is one value inside Settings with its type.
type field interface {
	set(v value, home string) error  // the error ends a sentence that starts with the key
	text() string                    // as the environment writes it
	toml(text string) (value string) // text as the file writes it
	bare() any                       // as JSON and TOML have it
}

// mismatch says which type was found and which is wanted.
func mismatch(want, got form) error { return fmt.Errorf("needs %s, not %s", want, got) }

type textField struct {
	p     *string
	check func(string) (string, error)
}

func (f textField) text() string { return *f.p }

func (f textField) set(v value, _ string) error {
	if v.form != formText && v.form != formLoose {
		return mismatch(formText, v.form)
	}
	s, err := f.check(strings.TrimSpace(v.text))
	if err != nil {
		return err
	}
	*f.p = s
	return nil
}

func (f textField) toml(text string) string { return strconv.Quote(text) }

func (f textField) bare() any { return *f.p }

type numberField struct {
	p        *int
	min, max int
}

func (f numberField) text() string { return strconv.Itoa(*f.p) }

func (f numberField) set(v value, _ string) error {
	if v.form != formNumber && v.form != formLoose {
		return mismatch(formNumber, v.form)
	}
	n, err := strconv.Atoi(strings.TrimSpace(v.text))
	if err != nil || n < f.min || n > f.max {
		return fmt.Errorf("needs a whole number from %d to %d, not %q", f.min, f.max, v.text)
	}
	*f.p = n
	return nil
}

func (f numberField) toml(text string) string { return text }

func (f numberField) bare() any { return *f.p }

type switchField struct{ p *bool }

func (f switchField) text() string { return strconv.FormatBool(*f.p) }

func (f switchField) set(v value, _ string) error {
	if v.form != formSwitch && v.form != formLoose {
		return mismatch(formSwitch, v.form)
	}
	switch strings.ToLower(strings.TrimSpace(v.text)) {
	case "true", "1", "yes", "on":
		*f.p = true
	case "false", "0", "no", "off":
		*f.p = false
	default:
		return fmt.Errorf("needs true or false, not %q", v.text)
	}
	return nil
}

func (f switchField) toml(text string) string { return text }

func (f switchField) bare() any { return *f.p }

// sizeField takes bytes, or a number with a unit.
type sizeField struct {
	p    *int64
	min  int64 // a smaller size is a forgotten unit
	zero bool  // 0 is allowed
}

// text keeps to a unit only where nothing is lost.
func (f sizeField) text() string {
	for _, u := range units() {
		if n := int64(u.bytes); *f.p != 0 && u.bytes > 1 && *f.p%n == 0 {
			return strconv.FormatInt(*f.p/n, 10) + u.name
		}
	}
	return strconv.FormatInt(*f.p, 10)
}

func (f sizeField) set(v value, _ string) error {
	if v.form != formText && v.form != formNumber && v.form != formLoose {
		return fmt.Errorf("needs a size, not %s", v.form)
	}
	n, err := parseSize(v.text)
	switch {
	case err != nil:
		return err
	case n == 0 && f.zero:
	case n < f.min:
		return fmt.Errorf("is %q, and must be at least %s", strings.TrimSpace(v.text), job.FormatBytes(f.min))
	}
	*f.p = n
	return nil
}

func (f sizeField) toml(text string) string {
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		return text
	}
	return strconv.Quote(text)
}

func (f sizeField) bare() any { return f.text() }

type unit struct {
	name  string
	bytes float64
}

// units are in falling order; decimal ones first where both would do.
func units() []unit {
	return []unit{
		{"TB", 1e12},
		{"GB", 1e9},
		{"MB", 1e6},
		{"KB", 1e3},
		{"TiB", 1 << 40},
		{"GiB", 1 << 30},
		{"MiB", 1 << 20},
		{"KiB", 1 << 10},
		{"T", 1e12},
		{"G", 1e9},
		{"M", 1e6},
		{"K", 1e3},
		{"B", 1},
	}
}

// parseSize reads "50GB", "1.5 GiB", "2000000".
func parseSize(s string) (int64, error) {
	bad := fmt.Errorf("needs a size such as 10GB, not %q", s)
	digits, factor := strings.TrimSpace(s), 1.0
	for _, u := range units() {
		if n := len(digits) - len(u.name); n > 0 && strings.EqualFold(digits[n:], u.name) {
			digits, factor = strings.TrimSpace(digits[:n]), u.bytes
			break
		}
	}
	if digits == "" || strings.Trim(digits, "0123456789.") != "" { // no signs, exponents, NaN
		return 0, bad
	}
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil && factor == 1 {
		return n, nil
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil || f*factor >= math.MaxInt64 {
		return 0, bad
	}
	return int64(f * factor), nil
}

// pathField takes one absolute path; program also takes a bare name.
type pathField struct {
	p       *string
	program bool
}

func (f pathField) text() string { return *f.p }

func (f pathField) set(v value, home string) error {
	if v.form != formText && v.form != formLoose {
		return mismatch(formText, v.form)
	}
	if f.program && v.text != "" && !strings.ContainsAny(v.text, `/\`) {
		*f.p = v.text
		return nil
	}
	path, err := absolute(v.text, home)
	if err != nil {
		return err
	}
	*f.p = path
	return nil
}

func (f pathField) toml(text string) string { return strconv.Quote(text) }

func (f pathField) bare() any { return *f.p }

// pathsField takes absolute paths; as text they are joined like PATH.
type pathsField struct{ p *[]string }

func (f pathsField) text() string { return strings.Join(*f.p, string(os.PathListSeparator)) }

func (f pathsField) set(v value, home string) error {
	list := v.list
	switch v.form {
	case formLoose:
		list = filepath.SplitList(v.text)
	case formList:
	default:
		return mismatch(formList, v.form)
	}
	paths := make([]string, 0, len(list))
	for _, p := range list {
		path, err := absolute(p, home)
		if err != nil {
			return err
		}
		if path != "" {
			paths = append(paths, path)
		}
	}
	*f.p = paths
	return nil
}

func (f pathsField) toml(text string) string {
	quoted := filepath.SplitList(text)
	for i, p := range quoted {
		quoted[i] = strconv.Quote(p)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func (f pathsField) bare() any { return append([]string{}, *f.p...) }

// absolute cleans a path and knows ~. What a relative one is relative to
// would depend on who starts Sluice, so there are none.
func absolute(path, home string) (string, error) {
	switch {
	case path == "":
		return "", nil
	case path == "~":
		return home, nil
	case strings.HasPrefix(path, "~/"):
		return filepath.Join(home, path[2:]), nil
	case !filepath.IsAbs(path):
		return "", errors.New("needs a whole path that starts with / or ~/")
	}
	return filepath.Clean(path), nil
}
