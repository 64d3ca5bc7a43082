package tray_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/job"
	"sluice/internal/tray"
)

// inLine is a job that waits for its turn, or for something else.
func inLine(title string, r job.Reason) job.Job {
	return job.Job{ID: "id of " + title, State: job.Queued, Title: title, Reason: r}
}

func result(title string, s job.State) job.Job {
	return job.Job{ID: "id of " + title, State: s, Title: title}
}

// leads says whether a line belongs to the job that it names, as far as that
// can be told of a name that was made fit.
func leads(line tray.Line) bool {
	_, title, _ := strings.Cut(line.Label, ": ")
	id, ours := strings.CutPrefix(line.Job, "id of ")
	return ours && (title == "Untitled" || id[:1] == title[:1])
}

func TestTheMenuLeadsToSomeJobs(t *testing.T) {
	t.Parallel()
	many := func(n int, one func(string) job.Job) []job.Job {
		var out []job.Job
		for i := range n {
			out = append(out, one(fmt.Sprintf("%d.mp4", i)))
		}
		return out
	}
	tests := map[string]struct {
		next, last []job.Job
		want       []string
	}{
		"nothing waits and nothing was done": {nil, nil, nil},
		"as many as there is room for": {
			many(50, func(title string) job.Job { return inLine(title, job.Turn) }),
			many(20, func(title string) job.Job { return result(title, job.Done) }),
			[]string{"Next: 0.mp4", "Next: 1.mp4", "Next: 2.mp4", "✓ Done: 0.mp4", "✓ Done: 1.mp4", "✓ Done: 2.mp4"},
		},
		"who waits for something of its own is not next": {
			[]job.Job{inLine("held", job.Held), inLine("a", job.Turn), inLine("soon", job.Backoff), inLine("b", job.Turn)},
			nil,
			[]string{"Next: a", "Next: b", "Waiting: held"},
		},
		"a pause and a want of memory hold up all": {
			[]job.Job{inLine("a", job.Paused), inLine("b", job.Memory), inLine("c", job.Power)},
			nil,
			[]string{"Next: a", "Next: b", "Next: c"},
		},
		"a job that was canceled is no result": {
			nil,
			[]job.Job{result("a", job.Canceled), result("b", job.Failed), result("c", job.Canceled), result("d", job.Done), result("e", job.Failed)},
			[]string{"✗ Failed: b", "✓ Done: d", "✗ Failed: e"},
		},
		"names are one short line": {
			[]job.Job{inLine("one\ntwo\u202e"+strings.Repeat("x", 100)+".mp4", job.Turn)},
			[]job.Job{result("a"+strings.Repeat("\u0301", 500), job.Done), result("\u200b\n", job.Failed)},
			[]string{"Next: one twoxxxxxxxxxxxxx…xxxxxxxxxxxxxxx.mp4", "✓ Done: a" + strings.Repeat("\u0301", 31), "✗ Failed: Untitled"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshot(job.Reading{}, nil, tt.next)
			s.Last = tt.last
			before := slices.Clone(tt.last)
			menu := tray.LookOf(s, "en").Menu
			var got []string
			for _, line := range menu[tray.PlaceNext:tray.PlacePause] {
				if line.Label == "" {
					if line.Enabled || line.Job != "" {
						t.Errorf("a line that is not there: %+v", line)
					}
					continue
				}
				got = append(got, line.Label)
				if !line.Enabled || !leads(line) {
					t.Errorf("%+v leads to no job, or to another", line)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(before, s.Last); diff != "" {
				t.Errorf("the board was changed: %s", diff)
			}
		})
	}
}

func TestTheMenuLeadsToSomeJobsInKorean(t *testing.T) {
	t.Parallel()
	s := snapshot(job.Reading{}, nil, []job.Job{inLine("가", job.Turn), inLine("나", job.Held)})
	s.Last = []job.Job{result("다", job.Done), result("라", job.Failed)}
	want := []string{"다음 차례: 가", "기다리는 중: 나", "✓ 완료: 다", "✗ 실패: 라"}
	if diff := cmp.Diff(want, tray.LookOf(s, "ko").Labels()[1:5]); diff != "" {
		t.Error(diff)
	}
}

// The ring and what others are told count the whole job, and never go back.
func TestHowFarTheJobAtWorkIs(t *testing.T) {
	t.Parallel()
	plain := job.Options{}
	full := job.Options{TranslateTo: []string{"ko", "ja"}, Summarize: true}
	at := func(o job.Options, s job.Stage, fraction float64) job.Job {
		return job.Job{State: job.Running, Options: o, Stage: s, Progress: job.Progress{Stage: s, Fraction: fraction}}
	}
	tests := map[string]struct {
		j        job.Job
		ring     int
		progress float64
	}{
		"nothing is known yet":                  {job.Job{State: job.Running, Stage: job.Transcribe}, 0, 0},
		"reading the sound says nothing":        {at(plain, job.Extract, 0.9), 0, 0},
		"the beginning of a transcript":         {at(plain, job.Transcribe, 0), 1, 0},
		"a fraction that is none":               {at(plain, job.Transcribe, math.NaN()), 1, 0},
		"less than nothing":                     {at(plain, job.Transcribe, -3), 1, 0},
		"half of a transcript is half of a job": {at(plain, job.Transcribe, 0.5), 8, 0.5},
		"hundredths are enough":                 {at(plain, job.Transcribe, 0.4399), 7, 0.43},
		"nearly all is not all":                 {at(plain, job.Transcribe, 0.999), 15, 0.99},
		"all":                                   {at(plain, job.Transcribe, 1), 16, 1},
		"more than all":                         {at(plain, job.Transcribe, 7), 16, 1},
		"a transcript that is then translated":  {at(full, job.Transcribe, 0.75), 4, 0.25},
		"a translation that is then summed up":  {at(full, job.Translate, 0.5), 8, 0.5},
		"a summary":                             {at(full, job.Summarize, 0.5), 13, 0.83},
		"the files are written":                 {at(full, job.Deliver, 0), 16, 1},
		"a stage that the job was not to have":  {at(plain, job.Summarize, 0.5), 0, 0},
		"a stage that nobody has ever heard of": {at(plain, "polish", 0.5), 0, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshot(calm(), []job.Job{tt.j}, nil)
			if i := tray.LookOf(s, "en").Icon; !i.Running || i.Ring != tt.ring {
				t.Errorf("ring %d, want %d", i.Ring, tt.ring)
			}
			if got := tray.OutlineOf(s, "en").Progress; got != tt.progress {
				t.Errorf("progress %v, want %v", got, tt.progress)
			}
		})
	}
}

func TestTheRingIsSeldomAnother(t *testing.T) {
	t.Parallel()
	seen := map[tray.Icon]bool{}
	for i := range 10_000 {
		s := snapshot(calm(), []job.Job{busy(float64(i)/100, 0)}, nil)
		seen[tray.LookOf(s, "en").Icon] = true
	}
	if len(seen) != tray.RingSteps-1 { // the last step is for what is done
		t.Errorf("%d pictures", len(seen))
	}
}
