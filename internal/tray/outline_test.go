package tray_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/board"
	"sluice/internal/job"
	"sluice/internal/tray"
)

func TestWhatIsReadAloud(t *testing.T) {
	t.Parallel()
	critical := job.Reading{Level: job.Critical, FreePercent: 6, Available: 1_200_000_000}
	at := func(s job.Stage, title string) job.Job {
		return job.Job{State: job.Running, Stage: s, Title: title}
	}
	tests := map[string]struct {
		s        board.Snapshot
		depth    int
		progress float64
		en, ko   string
	}{
		"an empty line": {
			snapshot(calm(), nil, nil), 0, -1,
			"Sluice: the line is empty. Memory is fine.",
			"Sluice: 대기 중인 작업이 없습니다. 메모리에 여유가 있습니다.",
		},
		"a job at work": {
			snapshot(calm(), []job.Job{busy(43.9, 110)}, []job.Job{queued(job.Turn, ""), queued(job.Turn, "")}), 3, 0.43,
			"Sluice: 3 jobs in line. Transcribing Interview.mp4, 43 percent done. Memory is fine.",
			"Sluice: 대기열에 작업이 3건 있습니다. Interview.mp4: 받아쓰는 중, 43% 완료. 메모리에 여유가 있습니다.",
		},
		"memory is critically short": {
			with(snapshot(critical, []job.Job{busy(10, 0)}, nil), func(s *board.Snapshot) { s.Gate.State = job.GateShut }), 1, 0.1,
			"Sluice: 1 job in line. Transcribing Interview.mp4, 10 percent done. Nothing new starts. Memory is critically short.",
			"Sluice: 대기열에 작업이 1건 있습니다. Interview.mp4: 받아쓰는 중, 10% 완료. 새 작업을 시작하지 않습니다. 메모리가 매우 부족합니다.",
		},
		"the first waits for memory": {
			snapshot(job.Reading{Level: job.Warn}, nil, []job.Job{queued(job.Memory, "needs 6.9 GB")}), 1, -1,
			"Sluice: 1 job in line. Waiting for memory. Memory is tight.",
			"Sluice: 대기열에 작업이 1건 있습니다. 메모리 여유를 기다리는 중. 메모리가 빠듯합니다.",
		},
		"paused": {
			with(snapshot(calm(), nil, nil), func(s *board.Snapshot) { s.Paused = true }), 0, -1,
			"Sluice: the line is empty. Paused. Memory is fine.",
			"Sluice: 대기 중인 작업이 없습니다. 일시 정지되었습니다. 메모리에 여유가 있습니다.",
		},
		"paused while a job is read, and nothing is known of memory": {
			with(snapshot(job.Reading{}, []job.Job{at(job.Extract, "a.mp4")}, nil), func(s *board.Snapshot) { s.Paused = true }), 1, 0,
			"Sluice: 1 job in line. Reading the sound of a.mp4. Paused after this job.",
			"Sluice: 대기열에 작업이 1건 있습니다. a.mp4: 소리 읽는 중. 이 작업까지만 하고 멈춥니다.",
		},
		"a stage nobody has named": {
			snapshot(job.Reading{}, []job.Job{at("polish", "a.mp4")}, nil), 1, 0,
			"Sluice: 1 job in line. Working on a.mp4.",
			"Sluice: 대기열에 작업이 1건 있습니다. a.mp4: 처리 중.",
		},
		"a name of somebody who means harm": {
			snapshot(job.Reading{}, []job.Job{at(job.Translate, "a\n\u202e"+strings.Repeat("b", 90))}, nil), 1, 0,
			"Sluice: 1 job in line. Translating a bbbbbbbbbbbbbbbbbb…bbbbbbbbbbbbbbbbbbb.",
			"Sluice: 대기열에 작업이 1건 있습니다. a bbbbbbbbbbbbbbbbbb…bbbbbbbbbbbbbbbbbbb: 번역하는 중.",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for language, spoken := range map[string]string{"en": tt.en, "ko": tt.ko} {
				want := tray.Outline{Spoken: spoken, Depth: tt.depth, Progress: tt.progress}
				if diff := cmp.Diff(want, tray.OutlineOf(tt.s, language)); diff != "" {
					t.Errorf("%s: %s", language, diff)
				}
			}
		})
	}
}
