import type { ollama as en } from "../en/ollama";

export const ollama: typeof en = {
  title: "언어 모델(Ollama)",
  text: "번역하고 요약하는 모델입니다. Ollama가 보관하고 실행합니다.",
  loading: "Ollama에 물어보고 있습니다…",
  failed: "언어 모델 목록을 읽지 못했습니다.",
  none: "Ollama에 아직 모델이 없습니다. 하나를 내려받으면 번역과 요약을 할 수 있습니다.",
  here: "다른 컴퓨터에서 실행",
  held: (size) => `지금 메모리 ${size} 사용 중`,
  field: "이름으로 다른 모델 내려받기",
  example: (name) => `예: ${name}. 모델 이름은 ollama.com/library에서 볼 수 있습니다.`,
  wrong: "gemma3:4b 같은 모델 이름을 입력하세요.",
  there: (name) => `${name} 모델은 이미 설치되어 있습니다`,
};
