package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"sluice/internal/job"
)

// more is an entry of a catalog of the user's own, as its file has it.
type more struct {
	Name        string        `json:"name"`
	Description string        `json:"description"`
	Languages   job.Languages `json:"languages"`
	Bytes       int64         `json:"bytes"`
	NeedBytes   int64         `json:"need_bytes"`
	SHA256      string        `json:"sha256"`
	URL         string        `json:"url"`
}

// CatalogWith gives Catalog and after it the models of a file: a JSON list of
// objects with name, bytes and, if they are known, description, languages,
// need_bytes, sha256 and url. The error says what is wrong with the file.
func CatalogWith(path string) ([]Entry, error) {
	all := Catalog()
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	const most = 4 << 20
	d := json.NewDecoder(io.LimitReader(f, most))
	d.DisallowUnknownFields()
	var found []more
	if err := d.Decode(&found); err != nil {
		return nil, fmt.Errorf("needs a JSON list of models: %w", err)
	}
	for i, m := range found {
		if err := m.check(all); err != nil {
			return nil, fmt.Errorf("model %d: %w", i+1, err)
		}
		all = append(all, m.entry())
	}
	return all, nil
}

func (m more) check(known []Entry) error {
	switch {
	case !validName(m.Name) || strings.HasSuffix(m.Name, suffix) || strings.HasPrefix(m.Name, "ggml-"):
		return fmt.Errorf("%q is not a name for a model", m.Name)
	case slices.ContainsFunc(known, func(e Entry) bool { return e.Name == m.Name }):
		return fmt.Errorf("there is a model %q already", m.Name)
	case m.Bytes <= 0:
		return errors.New("bytes must be the size of the file")
	case m.NeedBytes < 0:
		return errors.New("need_bytes must be memory in bytes")
	case m.Languages != "" && m.Languages != job.Multilingual && m.Languages != job.English:
		return fmt.Errorf("languages must be %q or %q", job.Multilingual, job.English)
	case m.SHA256 != "" && !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(m.SHA256):
		return errors.New("sha256 must be 64 of 0-9 and a-f")
	}
	u, err := url.Parse(m.URL)
	if m.URL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		return errors.New("url must start with https:// or http://")
	}
	return nil
}

func (m more) entry() Entry {
	if m.NeedBytes == 0 {
		m.NeedBytes = NeedBytes(m.Bytes)
	}
	if m.Description == "" {
		m.Description = "A model of your own catalog."
	}
	return Entry(m)
}
