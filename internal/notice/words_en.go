package notice

import (
	"fmt"
	"strings"

	"sluice/internal/job"
	"sluice/internal/oneline"
)

type english struct{}

func (english) untitled() string          { return "Untitled" }
func (english) done(name string) string   { return "Done: " + name }
func (english) failed(name string) string { return "Failed: " + name }

func (english) ready(warnings int) string {
	switch warnings {
	case 0:
		return "The text is ready."
	case 1:
		return "The text is ready, with 1 note."
	}
	return fmt.Sprintf("The text is ready, with %d notes.", warnings)
}

// why uses the core's own words: they are English and know more than a code.
func (english) why(f *job.Failure) string {
	if f != nil {
		if text := oneline.Tidy(f.Message); text != "" {
			return oneline.Shorten(text, whyLength)
		}
	}
	return "Open Sluice to see why."
}

// whyLength is how many characters of what went wrong are shown.
const whyLength = 160

func (english) lineDone(waiting int) string {
	if waiting > 0 {
		return "Done for now"
	}
	return "All done"
}

func (english) waiting(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 job still waits."
	}
	return fmt.Sprintf("%d jobs still wait.", n)
}

func (english) many(f figures) string {
	switch {
	case f.failed == 0:
		return fmt.Sprintf("%d jobs are done", f.done)
	case f.done == 0:
		return fmt.Sprintf("%d jobs failed", f.failed)
	}
	return fmt.Sprintf("%d jobs have ended", f.done+f.failed)
}

func (english) list(names []string, of int) string {
	text := strings.Join(names, ", ")
	if more := of - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func (english) figures(f figures) string {
	switch {
	case f.failed == 0:
		return fmt.Sprintf("%d done.", f.done)
	case f.done == 0:
		return fmt.Sprintf("%d failed.", f.failed)
	}
	return fmt.Sprintf("%d done, %d failed.", f.done, f.failed)
}
