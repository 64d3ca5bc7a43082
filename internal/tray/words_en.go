package tray

import (
	"fmt"
	"strings"

	"sluice/internal/job"
	"sluice/internal/oneline"
)

type english struct{}

func (english) starting() string { return "Starting" }
func (english) untitled() string { return "Untitled" }
func (english) pause() string    { return "Pause" }
func (english) resume() string   { return "Resume" }
func (english) add() string      { return "Add files…" }
func (english) open() string     { return "Open Sluice" }
func (english) quit() string     { return "Quit Sluice" }

func (english) newer(version string) string { return "Sluice " + version + " is available" }
func (english) next(name string) string     { return "Next: " + name }
func (english) waits(name string) string    { return "Waiting: " + name }
func (english) done(name string) string     { return "✓ Done: " + name }
func (english) failed(name string) string   { return "✗ Failed: " + name }

func (english) depth(n int) string {
	if n == 0 {
		return "Line is empty"
	}
	return fmt.Sprintf("%d in line", n)
}

func (english) paused(running bool) string {
	if running {
		return "Paused after this job"
	}
	return "Paused"
}

func (english) short(free string) string {
	return "Memory is critically short, " + free + " free"
}

// reason uses the core's own words where it has some: they are English and
// know more. A menu has room for their first sentence.
func (e english) reason(j job.Job, available int64) string {
	text := firstSentence(oneline.Tidy(j.ReasonText))
	if j.Reason != job.Memory {
		if text == "" {
			text = e.because(j.Reason)
		}
		return oneline.Shorten(text, reasonLength)
	}
	if text == "" {
		need, free, ok := shortage(j, available)
		if !ok {
			return e.because(j.Reason)
		}
		text = "needs " + need + ", " + free + " free"
	}
	return e.because(j.Reason) + ": " + oneline.Shorten(text, reasonLength)
}

// reasonLength is how many characters of a reason are shown.
const reasonLength = 60

// firstSentence ends where another one begins.
func firstSentence(s string) string {
	s, _, _ = strings.Cut(s, ". ")
	return strings.TrimSuffix(s, ".")
}

func (english) because(r job.Reason) string {
	switch r {
	case job.Memory:
		return "Waiting for memory"
	case job.Backoff:
		return "Waiting to try again"
	case job.Held:
		return "Held"
	case job.Paused:
		return "Paused"
	case job.Scheduled:
		return "Waiting for its start time"
	case job.Power:
		return "Waiting for power"
	case job.OllamaAway:
		return "Waiting for Ollama"
	case job.NoModel:
		return "Waiting for its model"
	case job.NoSource:
		return "Waiting for its file"
	case job.Disk:
		return "Waiting for space on the disk"
	case job.QueueAway:
		return "Waiting for the shared line"
	case job.Turn:
	}
	return "Waiting"
}

func (e english) memory(level job.Pressure, freePercent int) string {
	return fmt.Sprintf("Memory: %s, %d%% free", e.level(level), freePercent)
}

func (english) level(p job.Pressure) string {
	switch p {
	case job.Warn:
		return "tight"
	case job.Critical:
		return "critically short"
	case job.Normal:
	}
	return "fine"
}

func (e english) atWork(name string, stage job.Stage, percent, left int) string {
	text := name + " - " + e.doing(stage)
	if percent >= 0 {
		text += fmt.Sprintf(" %d%%", percent)
	}
	switch {
	case left <= 0:
		return text
	case left < 60:
		return text + ", less than a minute left"
	}
	return text + ", " + e.time(left) + " left"
}

func (english) doing(s job.Stage) string {
	switch s {
	case job.Extract:
		return "reading the sound"
	case job.Transcribe:
		return "transcribing"
	case job.Translate:
		return "translating"
	case job.Summarize:
		return "summing up"
	case job.Deliver:
		return "writing the files"
	}
	return "working"
}

func (e english) finish(seconds int) string {
	if seconds < 60 {
		return "Done in less than a minute"
	}
	return "Done in about " + e.time(seconds)
}

func (english) time(seconds int) string {
	switch hours, minutes := span(seconds); {
	case hours == 0:
		return fmt.Sprintf("%d min", minutes)
	case minutes == 0:
		return fmt.Sprintf("%d h", hours)
	default:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	}
}

func (e english) tooltip(depth int, m mood, r job.Reason, level job.Pressure) string {
	text := "Sluice: line is empty"
	if depth > 0 {
		text = "Sluice: " + e.depth(depth)
	}
	switch m {
	case idle:
	case working:
		text += ", working"
	case waiting:
		text += ", " + strings.ToLower(e.because(r)[:1]) + e.because(r)[1:]
	case short:
		text += ", nothing starts"
	case paused:
		text += ", paused"
	}
	if level != "" {
		text += ", memory " + e.level(level)
	}
	return text
}

func (english) sayDepth(n int) string {
	switch n {
	case 0:
		return "the line is empty."
	case 1:
		return "1 job in line."
	}
	return fmt.Sprintf("%d jobs in line.", n)
}

func (e english) sayWork(name string, stage job.Stage, percent int) string {
	doing := e.doing(stage)
	text := strings.ToUpper(doing[:1]) + doing[1:]
	switch stage {
	case job.Transcribe, job.Translate, job.Summarize:
		text += " " + name
	case job.Extract, job.Deliver:
		text += " of " + name
	default:
		text += " on " + name
	}
	if percent >= 0 {
		text += fmt.Sprintf(", %d percent done", percent)
	}
	return text + "."
}

func (e english) sayMood(m mood, r job.Reason, running bool) string {
	switch m {
	case waiting:
		return e.because(r) + "."
	case short:
		return "Nothing new starts."
	case paused:
		return e.paused(running) + "."
	case idle, working:
	}
	return ""
}

func (e english) sayMemory(level job.Pressure) string {
	if level == "" {
		return ""
	}
	return "Memory is " + e.level(level) + "."
}
