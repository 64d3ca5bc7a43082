import type { doctor as en } from "../en/doctor";

export const doctor: typeof en = {
  title: "진단",
  again: "다시 진단",
  checking: "작업에 필요한 것을 살펴보고 있습니다. 3초쯤 걸릴 수 있습니다…",
  failed: "진단하지 못했습니다.",
  checked: (said, when) => `${said} 진단: ${when}.`,
  summary: (fails, warns) => {
    if (fails > 0) return `작업을 막는 문제가 ${fails}개 있습니다.`;
    if (warns > 0) return `작업은 할 수 있습니다. 확인할 것이 ${warns}개 있습니다.`;
    return "모두 정상입니다.";
  },
  nothing: "살펴볼 것이 없습니다.",
  list: "진단 결과",
  level: { ok: "정상", warn: "확인 필요", fail: "문제" },
  findings: {
    sluice: { name: "Sluice", ok: "실행 중입니다.", warn: "응답이 늦습니다." },
    settings: { name: "설정", ok: "문제가 없습니다.", warn: "확인할 것이 있습니다." },
    data: {
      name: "데이터 폴더",
      ok: "쓸 수 있고 디스크 공간이 넉넉합니다.",
      fail: "쓸 수 없거나 디스크 공간이 모자랍니다. 폴더의 소유자와 디스크를 확인하세요.",
    },
    memory: {
      name: "메모리",
      ok: "작업에 쓸 메모리가 있습니다.",
      warn: "매우 부족하거나 읽을 수 없습니다. 쓰지 않는 프로그램을 닫으세요.",
    },
    engine: {
      name: "음성 엔진",
      ok: "이 빌드에 들어 있습니다.",
      warn: "제때 응답하지 않았습니다.",
      fail: "이 빌드에는 없습니다. make build 명령으로 빌드하세요.",
    },
    ffmpeg: {
      name: "ffmpeg",
      ok: "설치되어 있습니다.",
      fail: "없거나 작동하지 않습니다. brew install ffmpeg 명령으로 설치하세요.",
    },
    model: {
      name: "음성 모델",
      ok: "기본 모델이 설치되어 있습니다.",
      fail: "기본 모델을 쓸 수 없습니다. 모델을 설치하거나 다른 모델을 고르세요.",
    },
    budget: {
      name: "모델",
      warn: "필요한 메모리를 제때 알아내지 못했습니다. 잠시 뒤 다시 진단하세요.",
    },
    ollama: {
      name: "Ollama",
      ok: "응답합니다.",
      warn: "응답하지 않거나 쓸 언어 모델이 없습니다. 받아쓰기는 Ollama 없이도 됩니다.",
    },
    power: {
      name: "전원",
      ok: "전원 때문에 기다리는 작업은 없습니다.",
      warn: "배터리 사용 중이라 작업이 기다리거나, 전원 상태를 알 수 없습니다.",
    },
  },

  table: "모델에 필요한 메모리",
  model: "모델",
  needs: "필요",
  from: "근거",
  machine: "이 컴퓨터",
  stage: { transcribe: "받아쓰기", translate: "번역 (Ollama)" },
  known: { catalog: "카탈로그", file: "파일로 추정", measured: "실제 측정" },
  chosen: "기본",
  context: (tokens) => `한 번에 ${tokens}토큰`,
  fits: "사용 가능",
  tooLarge: "너무 큼",
  tried: "일단 시도",
  notKnown: "알 수 없음",
  missing: {
    transcribe: () => "설치되지 않음. ‘모델’ 화면에서 내려받을 수 있습니다.",
    translate: (name) => `설치되지 않음. 설치 명령: ollama pull ${name}`,
  },
  unsure: "설치되어 있는지 알 수 없습니다.",
  noModels: "알려진 모델이 없습니다.",
};
