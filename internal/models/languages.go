package models

import (
	"strings"

	"sluice/internal/job"
)

// Languages says what a model understands: one of the catalog, installed or
// not, or a file, by its name or its path. "" = that is not known.
func (s *Store) Languages(name string) job.Languages {
	if strings.ContainsRune(name, '/') {
		return languagesOf(name)
	}
	_, languages := s.size(name)
	return languages
}

// ForAll names the model of the catalog that is like an English one, but
// understands all languages. "" if there is none.
func (s *Store) ForAll(name string) string {
	e, ok := s.entry(strings.Replace(name, ".en", "", 1))
	if !ok || e.Languages != job.Multilingual {
		return ""
	}
	return e.Name
}
