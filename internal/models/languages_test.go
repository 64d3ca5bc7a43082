package models_test

import (
	"testing"

	"sluice/internal/job"
	"sluice/internal/models"
)

func TestWhatAModelUnderstands(t *testing.T) {
	t.Parallel()
	s := models.New(models.Config{Dir: t.TempDir()})
	tests := map[string]struct {
		languages job.Languages
		forAll    string
	}{
		"small.en":           {job.English, "small"},
		"small.en-q5_1":      {job.English, "small-q5_1"},
		"ggml-medium.en.bin": {job.English, "medium"},
		"small":              {job.Multilingual, "small"},
		"mine.en":            {"", ""},
		"/no/such.en.bin":    {"", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := s.Languages(name); got != tt.languages {
				t.Errorf("understands %q", got)
			}
			if got := s.ForAll(name); got != tt.forAll {
				t.Errorf("for all languages: %q", got)
			}
		})
	}
}

func TestEveryEnglishModelHasOneForAllLanguages(t *testing.T) {
	t.Parallel()
	s := models.New(models.Config{Dir: t.TempDir()})
	for _, e := range models.Catalog() {
		if s.ForAll(e.Name) == "" {
			t.Errorf("%s has none", e.Name)
		}
	}
}
