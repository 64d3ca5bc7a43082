package settings

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// textsField takes a list of texts without commas; as text they are joined by
// commas.
type textsField struct {
	p     *[]string
	check func(string) (string, error)
}

func (f textsField) text() string { return strings.Join(*f.p, ",") }

func (f textsField) set(v value, _ string) error {
	list := v.list
	switch v.form {
	case formLoose:
		list = strings.Split(v.text, ",")
	case formList:
	default:
		return mismatch(formList, v.form)
	}
	texts := make([]string, 0, len(list))
	for _, t := range list {
		if t = strings.TrimSpace(t); t == "" {
			continue
		}
		t, err := f.check(t)
		if err != nil {
			return err
		}
		texts = append(texts, t)
	}
	*f.p = texts
	return nil
}

func (f textsField) toml(text string) string {
	quoted := strings.Split(text, ",")
	for i, t := range quoted {
		quoted[i] = strconv.Quote(t)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func (f textsField) bare() any { return append([]string{}, *f.p...) }

// durationField takes a time with its unit, such as 90s or 5m.
type durationField struct {
	p        *time.Duration
	min, max time.Duration
}

// text leaves out what Go writes of nothing: 10m0s is 10m.
func (f durationField) text() string {
	text := f.p.String()
	for _, none := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, none) {
			text = strings.TrimSuffix(text, none[1:])
		}
	}
	return text
}

func (f durationField) set(v value, _ string) error {
	if v.form != formText && v.form != formLoose {
		return fmt.Errorf(`needs a time with its unit such as "90s", not %s`, v.form)
	}
	d, err := time.ParseDuration(strings.TrimSpace(v.text))
	if err != nil || d < f.min || d > f.max {
		return fmt.Errorf("needs a time from %v to %v with its unit, not %q", f.min, f.max, v.text)
	}
	*f.p = d
	return nil
}

func (f durationField) toml(text string) string { return strconv.Quote(text) }

func (f durationField) bare() any { return f.text() }
