package notice

import (
	"strings"

	"sluice/internal/job"
)

// words are what notifications say in one language.
type words interface {
	untitled() string

	// done and failed name the job that has ended.
	done(name string) string
	failed(name string) string
	// ready tells of a job that is done, with so many warnings.
	ready(warnings int) string
	// why tells of a job that failed; nil = nobody knows.
	why(*job.Failure) string

	// lineDone is when all is done but so many jobs that still wait.
	lineDone(waiting int) string
	// waiting tells of these; "" = there are none.
	waiting(n int) string

	// many tells how many have ended at once.
	many(figures) string
	// list names the first of so many.
	list(names []string, of int) string
	figures(figures) string
}

// wordsFor finds the words of a language tag.
func wordsFor(code string) words {
	primary, _, _ := strings.Cut(strings.ReplaceAll(code, "_", "-"), "-")
	if strings.EqualFold(primary, "ko") {
		return korean{}
	}
	return english{}
}
