import type { Reason } from "../../api/types";
import type { reasons as en } from "../en/reasons";

export const reasons = {
  text: {
    turn: "차례를 기다리는 중",
    memory: "메모리 여유를 기다리는 중",
    backoff: "오류가 있어 잠시 뒤 다시 시도합니다",
    held: "보류됨",
    paused: "대기열이 일시 정지되었습니다",
    scheduled: "예약 시각을 기다리는 중",
    power: "배터리 사용 중, 전원을 연결하면 시작",
    ollama: "Ollama를 기다리는 중",
    model: "모델을 기다리는 중",
    source: "파일을 읽을 수 있게 되기를 기다리는 중",
    disk: "디스크 공간을 기다리는 중",
    queue_away: "공유 대기열에 연결할 수 없습니다",
  } satisfies Record<Reason, string> as Record<Reason, string>,
  server: "주소의 서버가 응답하기를 기다리는 중",
  noModel: (name: string) => `${name} 모델 설치를 기다리는 중`,
  forMemory: (said: string) => `메모리 대기: ${said}`,
  needsAndFree: (need: string, free: string) => `${need} 필요, 지금 ${free} 여유`,
  needsAndSpare: (need: string, free: string) => `${need}에 여유분까지 필요, 지금 ${free} 여유`,
  shortOf: (need: string, missing: string) => `${need} 필요, ${missing} 모자람`,
  onlyFree: (free: string) => `지금 ${free} 여유`,
  needs: (need: string) => `${need} 필요`,
  startsIn: (said: string, time: string) => `${said} · 여유가 유지되면 ${time} 뒤 시작`,
  settles: (said: string) => `${said} · 메모리가 안정되면 시작`,
  ranOut: (need: string, free: string) =>
    `메모리가 바닥나 음성 엔진이 중단되었습니다. ${need} 여유가 생기면 다시 시작합니다. 지금 여유는 ${free}입니다.`,
  nextTry: (_text: string, when: string) => `오류가 있어 ${when}에 다시 시도합니다`,
  startsAt: (when: string) => `${when} 이후에 시작`,
  shut: (free: string, percent: string) => `지금은 작업을 시작하지 않습니다. ${free}(${percent}) 여유`,
} satisfies typeof en;
