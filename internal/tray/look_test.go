package tray_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/board"
	"sluice/internal/job"
	"sluice/internal/tray"
)

// calm is a machine with room.
func calm() job.Reading {
	return job.Reading{Level: job.Normal, FreePercent: 62, Available: 11_200_000_000}
}

func busy(percent float64, left int) job.Job {
	return job.Job{
		ID: "A", State: job.Running, Title: "Interview.mp4", Stage: job.Transcribe,
		Progress: job.Progress{Stage: job.Transcribe, Fraction: percent / 100, ETASeconds: left},
	}
}

func queued(r job.Reason, text string) job.Job {
	return job.Job{ID: "B", State: job.Queued, Title: "Talk.mov", Reason: r, ReasonText: text}
}

// snapshot counts the jobs and lets the gate stand open.
func snapshot(r job.Reading, running, next []job.Job) board.Snapshot {
	return board.Snapshot{
		Standing: board.Standing{
			Counts:  map[job.State]int{job.Running: len(running), job.Queued: len(next), job.Done: 7},
			Running: running, Next: next,
		},
		Memory: r, Gate: job.Gate{State: job.GateOpen},
	}
}

// with changes a snapshot.
func with(s board.Snapshot, change func(*board.Snapshot)) board.Snapshot {
	change(&s)
	return s
}

type seen struct {
	icon           tray.Icon
	title          string
	en, ko         []string // the lines that only tell
	tooltip, tipKo string
}

func TestTheLook(t *testing.T) {
	t.Parallel()
	short := job.Reading{Level: job.Warn, FreePercent: 22, Available: 4_200_000_000}
	critical := job.Reading{Level: job.Critical, FreePercent: 6, Available: 1_200_000_000}
	hungry := queued(job.Memory, "needs 6.9 GB, 4.2 GB free")
	hungry.Need = job.Need{Bytes: 6_900_000_000}
	turn := queued(job.Turn, "")

	tests := map[string]struct {
		s    board.Snapshot
		want seen
	}{
		"an empty line on a machine with room": {
			snapshot(calm(), nil, nil),
			seen{
				tray.Icon{Level: job.Normal},
				"",
				[]string{"Line is empty", "Memory: fine, 62% free"},
				[]string{"대기 중인 작업 없음", "메모리 여유 있음, 62% 사용 가능"},
				"Sluice: line is empty, memory fine", "Sluice: 대기 중인 작업 없음, 메모리 여유 있음",
			},
		},
		"a job at work and two behind it": {
			with(snapshot(calm(), []job.Job{busy(43.9, 110)}, []job.Job{turn, turn}), func(s *board.Snapshot) { s.ETASeconds = 700 }),
			seen{
				tray.Icon{Level: job.Normal, Running: true, Ring: 7},
				"3",
				[]string{"3 in line", "Memory: fine, 62% free", "Done in about 12 min", "Interview.mp4 - transcribing 43%, 2 min left", "Next: Talk.mov", "Next: Talk.mov"},
				[]string{"대기 3건", "메모리 여유 있음, 62% 사용 가능", "약 12분 뒤 모두 끝남", "Interview.mp4 - 받아쓰는 중 43%, 2분 남음", "다음 차례: Talk.mov", "다음 차례: Talk.mov"},
				"Sluice: 3 in line, working, memory fine", "Sluice: 대기 3건, 작업 중, 메모리 여유 있음",
			},
		},
		"the first waits for memory": {
			with(snapshot(short, nil, []job.Job{hungry, turn}), func(s *board.Snapshot) {
				s.Gate, s.ETASeconds = job.Gate{State: job.GateWaiting, Text: hungry.ReasonText}, 700
			}),
			seen{
				tray.Icon{Shut: true, Level: job.Warn},
				"2",
				[]string{"2 in line", "Waiting for memory: needs 6.9 GB, 4.2 GB free", "Memory: tight, 22% free", "Next: Talk.mov", "Next: Talk.mov"},
				[]string{"대기 2건", "메모리 여유를 기다리는 중: 6.9 GB 필요, 4.2 GB 사용 가능", "메모리 빠듯함, 22% 사용 가능", "다음 차례: Talk.mov", "다음 차례: Talk.mov"},
				"Sluice: 2 in line, waiting for memory, memory tight", "Sluice: 대기 2건, 메모리 여유를 기다리는 중, 메모리 빠듯함",
			},
		},
		"memory is critically short": {
			with(snapshot(critical, []job.Job{busy(10, 0)}, nil), func(s *board.Snapshot) { s.Gate.State = job.GateShut }),
			seen{
				tray.Icon{Shut: true, Level: job.Critical, Running: true, Ring: 1},
				"1",
				[]string{"1 in line", "Memory is critically short, 1.2 GB free", "Memory: critically short, 6% free", "Interview.mp4 - transcribing 10%"},
				[]string{"대기 1건", "메모리가 매우 부족함: 1.2 GB 사용 가능", "메모리 매우 부족, 6% 사용 가능", "Interview.mp4 - 받아쓰는 중 10%"},
				"Sluice: 1 in line, nothing starts, memory critically short", "Sluice: 대기 1건, 새 작업을 시작하지 않음, 메모리 매우 부족",
			},
		},
		"paused with nobody at work": {
			with(snapshot(calm(), nil, []job.Job{turn}), func(s *board.Snapshot) { s.Paused, s.ETASeconds = true, 60 }),
			seen{
				tray.Icon{Level: job.Normal, Paused: true},
				"1",
				[]string{"1 in line", "Paused", "Memory: fine, 62% free", "Next: Talk.mov"},
				[]string{"대기 1건", "일시 정지됨", "메모리 여유 있음, 62% 사용 가능", "다음 차례: Talk.mov"},
				"Sluice: 1 in line, paused, memory fine", "Sluice: 대기 1건, 일시 정지됨, 메모리 여유 있음",
			},
		},
		"paused while a job runs": {
			with(snapshot(calm(), []job.Job{busy(99.99, 0)}, nil), func(s *board.Snapshot) { s.Paused = true }),
			seen{
				tray.Icon{Level: job.Normal, Paused: true, Running: true, Ring: 15},
				"1",
				[]string{"1 in line", "Paused after this job", "Memory: fine, 62% free", "Interview.mp4 - transcribing 99%"},
				[]string{"대기 1건", "이 작업까지만 하고 멈춤", "메모리 여유 있음, 62% 사용 가능", "Interview.mp4 - 받아쓰는 중 99%"},
				"Sluice: 1 in line, paused, memory fine", "Sluice: 대기 1건, 일시 정지됨, 메모리 여유 있음",
			},
		},
		"a job that waits for its model, in the core's words": {
			snapshot(calm(), nil, []job.Job{queued(job.NoModel, "The model tiny is not installed. Run sluice models pull tiny.")}),
			seen{
				tray.Icon{Level: job.Normal},
				"1",
				[]string{"1 in line", "The model tiny is not installed", "Memory: fine, 62% free", "Waiting: Talk.mov"},
				[]string{"대기 1건", "모델 설치를 기다리는 중", "메모리 여유 있음, 62% 사용 가능", "기다리는 중: Talk.mov"},
				"Sluice: 1 in line, waiting for its model, memory fine", "Sluice: 대기 1건, 모델 설치를 기다리는 중, 메모리 여유 있음",
			},
		},
		"those that may go before the first are what counts": {
			snapshot(calm(), nil, []job.Job{queued(job.Backoff, "Trying again."), turn}),
			seen{
				tray.Icon{Level: job.Normal},
				"2",
				[]string{"2 in line", "Memory: fine, 62% free", "Next: Talk.mov", "Waiting: Talk.mov"},
				[]string{"대기 2건", "메모리 여유 있음, 62% 사용 가능", "다음 차례: Talk.mov", "기다리는 중: Talk.mov"},
				"Sluice: 2 in line, working, memory fine", "Sluice: 대기 2건, 작업 중, 메모리 여유 있음",
			},
		},
		"nothing is known of the memory": {
			snapshot(job.Reading{}, nil, nil),
			seen{
				tray.Icon{Level: job.Normal},
				"",
				[]string{"Line is empty"},
				[]string{"대기 중인 작업 없음"},
				"Sluice: line is empty", "Sluice: 대기 중인 작업 없음",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			en, ko := tray.LookOf(tt.s, "en"), tray.LookOf(tt.s, "ko")
			pause, pauseKo := "Pause", "일시 정지"
			if tt.s.Paused {
				pause, pauseKo = "Resume", "계속하기"
			}
			got := seen{en.Icon, en.Title, en.Labels(), ko.Labels(), en.Tooltip, ko.Tooltip}
			tt.want.en = append(tt.want.en, pause, "Add files…", "Open Sluice", "Quit Sluice")
			tt.want.ko = append(tt.want.ko, pauseKo, "파일 추가…", "Sluice 열기", "Sluice 종료")
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(seen{})); diff != "" {
				t.Error(diff)
			}
			if ko.Icon != en.Icon || ko.Title != en.Title {
				t.Errorf("icon or title depend on the language: %v %q", ko.Icon, ko.Title)
			}
			for place, line := range en.Menu {
				if line.Enabled != (place >= tray.PlaceJob && line.Label != "") {
					t.Errorf("%q enabled: %v", line.Label, line.Enabled)
				}
			}
		})
	}
}

func TestEveryReasonHasWordsOfItsOwn(t *testing.T) {
	t.Parallel()
	reasons := []job.Reason{
		job.Memory, job.Backoff, job.Held, job.Paused, job.Scheduled, job.Power,
		job.OllamaAway, job.NoModel, job.NoSource, job.Disk, job.QueueAway,
	}
	for _, language := range []string{"en", "ko"} {
		said := map[string]job.Reason{}
		for _, r := range reasons {
			text := tray.LookOf(snapshot(calm(), nil, []job.Job{queued(r, "")}), language).Labels()[1]
			if other, ok := said[text]; ok || strings.HasPrefix(text, "Memory:") || text == "Waiting" {
				t.Errorf("%s: %q is said of %q and of %q", language, text, r, other)
			}
			said[text] = r
		}
	}
}

func TestTheJobLine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		j      job.Job
		en, ko string
	}{
		"before the first progress": {
			job.Job{Title: "a.mp4", Stage: job.Extract}, "a.mp4 - reading the sound", "a.mp4 - 소리 읽는 중",
		},
		"the time of the whole job while an early stage runs": {
			job.Job{Title: "a.mp4", ETASeconds: 5400, Progress: job.Progress{Stage: job.Extract, Fraction: 0.5, ETASeconds: 4}},
			"a.mp4 - reading the sound 50%, 1 h 30 min left", "a.mp4 - 소리 읽는 중 50%, 1시간 30분 남음",
		},
		"the last stage knows better than the line": {
			job.Job{Title: "a.mp4", ETASeconds: 5400, Progress: job.Progress{Stage: job.Transcribe, Fraction: 1, ETASeconds: 4}},
			"a.mp4 - transcribing 100%, less than a minute left", "a.mp4 - 받아쓰는 중 100%, 1분 안에 끝남",
		},
		"the last stage of a job with a summary": {
			job.Job{
				Title: "a.mp4", ETASeconds: 5400, Options: job.Options{TranslateTo: []string{"ko"}, Summarize: true},
				Progress: job.Progress{Stage: job.Summarize, Fraction: 0.25, ETASeconds: 61},
			},
			"a.mp4 - summing up 25%, 2 min left", "a.mp4 - 요약하는 중 25%, 2분 남음",
		},
		"a stage that others follow": {
			job.Job{
				Title: "a.mp4", ETASeconds: 5400, Options: job.Options{TranslateTo: []string{"ko"}, Summarize: true},
				Progress: job.Progress{Stage: job.Translate, Fraction: 0.25, ETASeconds: 61},
			},
			"a.mp4 - translating 25%, 1 h 30 min left", "a.mp4 - 번역하는 중 25%, 1시간 30분 남음",
		},
		"minutes are rounded up": {
			job.Job{Title: "a.mp4", Progress: job.Progress{Stage: job.Transcribe, ETASeconds: 61}},
			"a.mp4 - transcribing 0%, 2 min left", "a.mp4 - 받아쓰는 중 0%, 2분 남음",
		},
		"a full hour": {
			job.Job{Title: "a.mp4", Progress: job.Progress{Stage: job.Transcribe, ETASeconds: 3600}},
			"a.mp4 - transcribing 0%, 1 h left", "a.mp4 - 받아쓰는 중 0%, 1시간 남음",
		},
		"many hours need no minutes": {
			job.Job{Title: "a.mp4", Progress: job.Progress{Stage: job.Transcribe, ETASeconds: 11*3600 + 60}},
			"a.mp4 - transcribing 0%, 12 h left", "a.mp4 - 받아쓰는 중 0%, 12시간 남음",
		},
		"a fraction that is none": {
			job.Job{Title: "a.mp4", Progress: job.Progress{Stage: job.Transcribe, Fraction: math.NaN()}},
			"a.mp4 - transcribing 0%", "a.mp4 - 받아쓰는 중 0%",
		},
		"without a title the file's name": {
			job.Job{Source: job.Source{Name: "b.mp4"}, Title: " \t", Stage: job.Extract}, "b.mp4 - reading the sound", "b.mp4 - 소리 읽는 중",
		},
		"without any name": {
			job.Job{Stage: job.Extract}, "Untitled - reading the sound", "제목 없음 - 소리 읽는 중",
		},
		"a stage nobody has named": {
			job.Job{Title: "a.mp4", Stage: "polish"}, "a.mp4 - working", "a.mp4 - 처리 중",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for language, want := range map[string]string{"en": tt.en, "ko-KR": tt.ko} {
				got := tray.LookOf(snapshot(job.Reading{}, []job.Job{tt.j}, nil), language).Labels()[1]
				if got != want {
					t.Errorf("%s: got %q, want %q", language, got, want)
				}
			}
		})
	}
}

func TestAReasonIsNotRepeatedWhenItNoLongerHolds(t *testing.T) {
	t.Parallel()
	j := queued(job.Memory, "")
	j.Need.Bytes = 4_000_000_000
	s := snapshot(calm(), nil, []job.Job{j}) // 11.2 GB are free
	if got := tray.LookOf(s, "ko").Labels()[1]; got != "메모리 여유를 기다리는 중" {
		t.Errorf("got %q", got)
	}
	if got := tray.LookOf(s, "en").Labels()[1]; got != "Waiting for memory" {
		t.Errorf("got %q", got)
	}
	s.Memory.Available = 3_000_000_000
	if got := tray.LookOf(s, "en").Labels()[1]; got != "Waiting for memory: needs 4.0 GB, 3.0 GB free" {
		t.Errorf("got %q", got)
	}
}
