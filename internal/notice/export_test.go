package notice

import (
	"sluice/internal/fault"
	"sluice/internal/job"
)

// KoreanFailure is what is said of a failure in Korean.
func KoreanFailure(code fault.Code) string { return koreanFailure(code) }

// TallyOf is what a line says in which these jobs have ended.
func TallyOf(jobs []job.Job) Note {
	var t tally
	for _, j := range jobs {
		t.add(j, false)
	}
	return t.note(0, english{})
}
