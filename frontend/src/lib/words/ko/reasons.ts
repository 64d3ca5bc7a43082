import type { Reason } from "../../api/types";
import type { reasons as en } from "../en/reasons";

export const reasons = {
  text: {
    turn: "차례를 기다립니다",
    memory: "메모리가 나기를 기다립니다",
    backoff: "오류가 나서 다시 시도를 기다립니다",
    held: "보류해 두었습니다",
    paused: "대기열이 일시 정지되었습니다",
    scheduled: "정해진 시각을 기다립니다",
    power: "전원 연결을 기다립니다",
    ollama: "Ollama를 기다립니다",
    model: "음성 모델을 기다립니다",
    source: "파일이 다시 나타나기를 기다립니다",
    disk: "디스크 공간이 나기를 기다립니다",
    queue_away: "공유 대기열에 연결할 수 없습니다",
  } satisfies Record<Reason, string> as Record<Reason, string>,
  forMemory: (said: string) => `메모리 대기: ${said}`,
  needsAndFree: (need: string, free: string) => `${need} 필요, 지금 ${free} 여유`,
  needs: (need: string) => `${need} 필요`,
  nextTry: (text: string, when: string) => `${text} (${when} 예정)`,
  startsAt: (when: string) => `${when}에 시작합니다`,
  shut: (free: string) => `지금은 작업을 시작하지 않습니다. ${free} 여유`,
} satisfies typeof en;
