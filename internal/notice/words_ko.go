package notice

import (
	"fmt"
	"strings"

	"sluice/internal/fault"
	"sluice/internal/job"
)

type korean struct{}

func (korean) untitled() string          { return "제목 없음" }
func (korean) done(name string) string   { return "완료: " + name }
func (korean) failed(name string) string { return "실패: " + name }

func (korean) ready(warnings int) string {
	if warnings == 0 {
		return "받아쓴 글이 준비되었습니다."
	}
	return fmt.Sprintf("받아쓴 글이 준비되었습니다. 참고 사항이 %d개 있습니다.", warnings)
}

// why has its own words: what the core says is English.
func (korean) why(f *job.Failure) string {
	if f != nil {
		if text := koreanFailure(fault.Code(f.Code)); text != "" {
			return text
		}
	}
	return "Sluice를 열어 이유를 확인하세요."
}

func (korean) lineDone(waiting int) string {
	if waiting > 0 {
		return "지금 할 수 있는 작업이 모두 끝났습니다"
	}
	return "모든 작업이 끝났습니다"
}

func (korean) waiting(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("아직 %d건이 기다리고 있습니다.", n)
}

func (korean) many(f figures) string {
	switch {
	case f.failed == 0:
		return fmt.Sprintf("작업 %d건이 완료되었습니다", f.done)
	case f.done == 0:
		return fmt.Sprintf("작업 %d건이 실패했습니다", f.failed)
	}
	return fmt.Sprintf("작업 %d건이 끝났습니다", f.done+f.failed)
}

func (korean) list(names []string, of int) string {
	text := strings.Join(names, ", ")
	if more := of - len(names); more > 0 {
		text += fmt.Sprintf(" 외 %d건", more)
	}
	return text
}

func (korean) figures(f figures) string {
	switch {
	case f.failed == 0:
		return fmt.Sprintf("완료 %d건.", f.done)
	case f.done == 0:
		return fmt.Sprintf("실패 %d건.", f.failed)
	}
	return fmt.Sprintf("완료 %d건, 실패 %d건.", f.done, f.failed)
}

// koreanFailure is what the page says of a failure too; "" of one that no job
// ends with.
func koreanFailure(code fault.Code) string {
	switch code {
	case fault.Internal:
		return "Sluice에 문제가 생겼습니다."
	case fault.SourceMissing:
		return "파일이 없습니다."
	case fault.SourceDenied:
		return "파일을 읽을 권한이 없습니다."
	case fault.SourceChanged:
		return "추가한 뒤에 파일이 바뀌었습니다."
	case fault.SourceTooLarge:
		return "주소에 있는 파일이 허용된 크기보다 큽니다."
	case fault.URLRefused:
		return "Sluice가 직접 가져오지 않는 주소입니다."
	case fault.URLUnreachable:
		return "주소의 서버가 응답하지 않습니다."
	case fault.URLBroken:
		return "서버가 파일을 제대로 보내지 않습니다."
	case fault.URLFailed:
		return "서버에 이 파일이 없거나, 누구나 받을 수 있는 파일이 아닙니다."
	case fault.UploadUnknown:
		return "보낸 파일이 남아 있지 않습니다."
	case fault.NotAFile:
		return "파일이 아닙니다."
	case fault.NotMedia:
		return "오디오나 비디오 파일이 아닙니다."
	case fault.NoAudioTrack:
		return "파일에 소리가 없습니다."
	case fault.AudioTrackUnknown:
		return "그 번호의 오디오 트랙이 없습니다."
	case fault.UnsupportedCodec:
		return "여기서 읽을 수 없는 소리 형식입니다."
	case fault.FileDamaged:
		return "파일이 손상되었습니다."
	case fault.FileEmpty:
		return "파일이 비어 있습니다."
	case fault.FFmpegMissing:
		return "ffmpeg가 설치되어 있지 않습니다."
	case fault.FFmpegCrashed:
		return "ffmpeg가 멈추거나 비정상 종료했습니다."
	case fault.ModelUnknown:
		return "그런 이름의 모델이 없습니다."
	case fault.ModelDamaged:
		return "모델 파일이 손상되었습니다."
	case fault.ModelTooLarge:
		return "이 기기의 메모리에 들어갈 수 없는 모델입니다."
	case fault.LanguageUnknown:
		return "Sluice가 모르는 언어입니다."
	case fault.EngineUnbuilt:
		return "이 빌드에는 음성 엔진이 없습니다."
	case fault.EngineCrashed:
		return "음성 엔진이 비정상 종료했습니다."
	case fault.EngineStopped:
		return "사용자나 다른 프로그램이 음성 엔진을 종료했습니다."
	case fault.EngineStuck:
		return "음성 엔진이 응답하지 않습니다."
	case fault.EngineOutOfMemory:
		return "메모리가 바닥나 음성 엔진이 중단되었습니다."
	case fault.WorkerCrashed:
		return "이 작업 때문에 Sluice가 여러 번 종료되었습니다."
	case fault.OllamaUnreachable:
		return "Ollama가 응답하지 않습니다."
	case fault.OllamaFailed:
		return "Ollama가 오류로 응답하거나, Ollama가 아닌 프로그램이 응답합니다."
	case fault.OllamaMissing:
		return "Ollama가 설치되어 있지 않습니다."
	case fault.OllamaCrashed:
		return "Ollama가 답하는 도중에 종료되었습니다."
	case fault.OllamaOutOfMemory:
		return "Ollama가 이 모델을 돌리기에는 메모리가 부족했습니다."
	case fault.OllamaStuck:
		return "Ollama가 답을 멈췄습니다."
	default:
		return ""
	}
}
