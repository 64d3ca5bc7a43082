import type { common as en } from "../en/common";

export const common = {
  add: "파일 추가",
  cancel: "취소",
  dismiss: "닫기",
  copy: "복사",
  export: "내보내기",
  retry: "다시 시도",
  more: "더 보기",
  unknown: "알 수 없음",
  states: {
    queued: "대기 중",
    running: "진행 중",
    done: "완료",
    failed: "실패",
    canceled: "취소됨",
  },
  stages: {
    extract: "소리 추출",
    transcribe: "받아쓰기",
    translate: "번역",
    summarize: "요약",
    deliver: "파일 저장",
  },
  downloading: "내려받기",
  levels: {
    normal: "메모리 여유 있음",
    warn: "메모리 빠듯함",
    critical: "메모리 매우 부족",
  },
} satisfies typeof en;
