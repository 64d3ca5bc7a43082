package settings

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/pelletier/go-toml/v2"

	"sluice/internal/job"
)

// anyLanguage stands in a glossary for whatever is spoken.
const anyLanguage = "any"

// ReadGlossary reads a file such as translate.glossary names: tables by the
// language that is spoken and the one it is translated to, sorted. The error
// says what is wrong with the file, without its name.
func ReadGlossary(path string) ([]job.Term, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the user's own choice
	if err != nil {
		return nil, errors.New("the file cannot be read")
	}
	var tables map[string]map[string]map[string]string
	if err := toml.Unmarshal(text, &tables); err != nil {
		return nil, fmt.Errorf("the file is not written as it should be: %w", err)
	}
	var terms []job.Term
	for _, from := range slices.Sorted(maps.Keys(tables)) {
		for _, to := range slices.Sorted(maps.Keys(tables[from])) {
			for _, term := range slices.Sorted(maps.Keys(tables[from][to])) {
				t := job.Term{From: from, To: to, Term: term, Translation: tables[from][to][term]}
				if from == anyLanguage {
					t.From = ""
				}
				terms = append(terms, t)
			}
		}
	}
	return terms, nil
}
