import type { frame as en } from "../en/frame";

export const frame = {
  places: { queue: "대기열", library: "보관함", machine: "메모리", models: "모델", settings: "설정" },
  navigation: "화면 선택",
  messages: "알림",
  channel: "대기열과 메모리",
  gate: {
    open: "수문 열림",
    waiting: "수문 대기 중",
    shut: "수문 닫힘",
    paused: "일시 정지됨",
  },
  pausedText: "새 작업을 시작하지 않습니다",
  free: (available: string, total: string) => `${total} 중 ${available} 여유`,
  depth: (n: number) => (n === 0 ? "대기 중인 작업 없음" : `대기 ${n}건`),
  eta: (when: string) => `모두 ${when}`,
  pause: "일시 정지",
  resume: "계속",
  pauseHint: "다음 작업부터 멈춥니다. 진행 중인 작업은 끝까지 합니다",
  resumeHint: "다시 작업을 시작합니다",
  connecting: "연결하는 중",
  away: "Sluice가 응답하지 않습니다",
  awayText:
    "지금 보이는 내용은 최신이 아닐 수 있습니다. 다시 연결될 때까지 계속 시도하며, 작업은 사라지지 않습니다.",
  dropHere: "놓으면 대기열에 추가됩니다",
  dropText: "오디오, 비디오 또는 폴더째로",
  shortcut: (word: string, keys: string) => `${word} (${keys})`,
  unread: "화면을 표시하지 못했습니다",
  unreadText: "대기열에는 영향이 없습니다. 다시 시도하거나 새로 고치세요.",
} satisfies typeof en;
