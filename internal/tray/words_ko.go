package tray

import (
	"fmt"

	"sluice/internal/job"
)

type korean struct{}

func (korean) starting() string { return "시작하는 중" }
func (korean) untitled() string { return "제목 없음" }
func (korean) pause() string    { return "일시 정지" }
func (korean) resume() string   { return "계속하기" }
func (korean) add() string      { return "파일 추가…" }
func (korean) open() string     { return "Sluice 열기" }
func (korean) quit() string     { return "Sluice 종료" }

func (korean) newer(version string) string { return "새 버전 Sluice " + version + " 보기" }
func (korean) next(name string) string     { return "다음 차례: " + name }
func (korean) waits(name string) string    { return "기다리는 중: " + name }
func (korean) done(name string) string     { return "✓ 완료: " + name }
func (korean) failed(name string) string   { return "✗ 실패: " + name }

func (korean) depth(n int) string {
	if n == 0 {
		return "대기 중인 작업 없음"
	}
	return fmt.Sprintf("대기 %d건", n)
}

func (korean) paused(running bool) string {
	if running {
		return "이 작업까지만 하고 멈춤"
	}
	return "일시 정지됨"
}

func (korean) short(free string) string {
	return "메모리가 매우 부족함: " + free + " 사용 가능"
}

// reason has its own words: what the core says is English.
func (k korean) reason(j job.Job, available int64) string {
	if need, free, ok := shortage(j, available); ok && j.Reason == job.Memory {
		return k.because(j.Reason) + ": " + need + " 필요, " + free + " 사용 가능"
	}
	return k.because(j.Reason)
}

func (korean) because(r job.Reason) string {
	switch r {
	case job.Memory:
		return "메모리 여유를 기다리는 중"
	case job.Backoff:
		return "잠시 뒤 다시 시도"
	case job.Held:
		return "보류됨"
	case job.Paused:
		return "일시 정지됨"
	case job.Scheduled:
		return "예약 시각을 기다리는 중"
	case job.Power:
		return "전원 연결을 기다리는 중"
	case job.OllamaAway:
		return "Ollama 응답을 기다리는 중"
	case job.NoModel:
		return "모델 설치를 기다리는 중"
	case job.NoSource:
		return "원본 파일을 기다리는 중"
	case job.Disk:
		return "디스크 공간을 기다리는 중"
	case job.QueueAway:
		return "공유 대기열 연결을 기다리는 중"
	case job.Turn:
	}
	return "기다리는 중"
}

func (k korean) memory(level job.Pressure, freePercent int) string {
	return fmt.Sprintf("메모리 %s, %d%% 사용 가능", k.level(level), freePercent)
}

func (korean) level(p job.Pressure) string {
	switch p {
	case job.Warn:
		return "빠듯함"
	case job.Critical:
		return "매우 부족"
	case job.Normal:
	}
	return "여유 있음"
}

func (k korean) atWork(name string, stage job.Stage, percent, left int) string {
	text := name + " - " + k.doing(stage)
	if percent >= 0 {
		text += fmt.Sprintf(" %d%%", percent)
	}
	switch {
	case left <= 0:
		return text
	case left < 60:
		return text + ", 1분 안에 끝남"
	}
	return text + ", " + k.time(left) + " 남음"
}

func (korean) doing(s job.Stage) string {
	switch s {
	case job.Extract:
		return "소리 읽는 중"
	case job.Transcribe:
		return "받아쓰는 중"
	case job.Translate:
		return "번역하는 중"
	case job.Summarize:
		return "요약하는 중"
	case job.Deliver:
		return "파일 쓰는 중"
	}
	return "처리 중"
}

func (k korean) finish(seconds int) string {
	if seconds < 60 {
		return "1분 안에 모두 끝남"
	}
	return "약 " + k.time(seconds) + " 뒤 모두 끝남"
}

func (korean) time(seconds int) string {
	switch hours, minutes := span(seconds); {
	case hours == 0:
		return fmt.Sprintf("%d분", minutes)
	case minutes == 0:
		return fmt.Sprintf("%d시간", hours)
	default:
		return fmt.Sprintf("%d시간 %d분", hours, minutes)
	}
}

func (k korean) tooltip(depth int, m mood, r job.Reason, level job.Pressure) string {
	text := "Sluice: " + k.depth(depth)
	switch m {
	case idle:
	case working:
		text += ", 작업 중"
	case waiting:
		text += ", " + k.because(r)
	case short:
		text += ", 새 작업을 시작하지 않음"
	case paused:
		text += ", 일시 정지됨"
	}
	if level != "" {
		text += ", 메모리 " + k.level(level)
	}
	return text
}

func (korean) sayDepth(n int) string {
	if n == 0 {
		return "대기 중인 작업이 없습니다."
	}
	return fmt.Sprintf("대기열에 작업이 %d건 있습니다.", n)
}

func (k korean) sayWork(name string, stage job.Stage, percent int) string {
	text := name + ": " + k.doing(stage)
	if percent >= 0 {
		text += fmt.Sprintf(", %d%% 완료", percent)
	}
	return text + "."
}

func (k korean) sayMood(m mood, r job.Reason, running bool) string {
	switch m {
	case waiting:
		return k.because(r) + "."
	case short:
		return "새 작업을 시작하지 않습니다."
	case paused:
		if running {
			return "이 작업까지만 하고 멈춥니다."
		}
		return "일시 정지되었습니다."
	case idle, working:
	}
	return ""
}

func (korean) sayMemory(level job.Pressure) string {
	switch level {
	case job.Normal:
		return "메모리에 여유가 있습니다."
	case job.Warn:
		return "메모리가 빠듯합니다."
	case job.Critical:
		return "메모리가 매우 부족합니다."
	}
	return ""
}
