import type { Level } from "../../series";
import type { machine as en } from "../en/machine";

const levels: Record<Level, string> = { normal: "여유 있음", warn: "빠듯함", critical: "매우 부족" };

export const machine: typeof en = {
  loading: "메모리를 읽고 있습니다…",
  failed: "메모리를 읽지 못했습니다.",

  level: levels,
  meaning: {
    normal: "필요한 만큼 여유가 있으면 작업이 바로 시작합니다.",
    warn: "컴퓨터를 많이 쓸 때는 흔한 일입니다. 필요한 만큼 여유가 있으면 작업이 시작합니다.",
    critical: "다시 여유가 생길 때까지 아무 작업도 시작하지 않습니다.",
  },
  free: "메모리 여유",
  total: "전체 메모리",
  swap: "디스크로 옮김",
  compressed: "압축됨",
  confined: "Sluice에는 이 컴퓨터의 메모리보다 낮은 한도가 걸려 있습니다.",

  over: "시간에 따른 변화",
  range: "표시할 시간",
  ranges: { 15: "15분", 60: "1시간", 360: "6시간", 1440: "24시간" },
  freeTrack: "메모리 여유",
  depthTrack: "대기열 길이",
  gap: "실행되지 않음",
  cursor: "표시 시각, 화살표 키로 옮깁니다",
  moment: (at, level, free, bytes, depth) =>
    `${at} · ${levels[level]} · ${free} 여유 (${bytes}) · 대기열 ${depth}개`,
  momentEngine: (bytes) => ` · 엔진 ${bytes}`,
  noHistory: "이 시간 동안의 기록이 없습니다.",
  summary: (range, s) =>
    `최근 ${range} 동안의 메모리와 대기열. 압력: ${s.spent.map(([l, time]) => `${levels[l]} ${time}`).join(", ")}. ` +
    `여유가 가장 적었을 때: ${s.leastAt}, ${s.least}. 가장 긴 대기열: ${s.deepest}개, 현재 ${s.now}개.` +
    (s.missing ? ` ${s.missing} 동안 실행되지 않았습니다.` : ""),

  holds: "메모리를 쓰는 것",
  bar: (used, total) => `${total} 중 ${used} 사용 중`,
  engine: "음성 엔진",
  sluice: "Sluice",
  ollama: "Ollama",
  rest: "그 밖의 사용량",
  available: "메모리 여유",
  processes: (n) => `프로세스 ${n}개`,
  ceiling: (bytes) => `작업 하나는 최대 ${bytes}까지 씁니다. 막대의 눈금이 그 한도입니다.`,
  noHolders: "여기서는 무엇이 메모리를 쓰는지 알 수 없습니다.",

  first: "다음 차례",
  needs: (need, free) => `${need} 필요, ${free} 여유.`,
  mayTake: (most) => `작업 하나는 최대 ${most}까지 쓸 수 있습니다.`,
  short: (bytes) => `${bytes} 모자랍니다. 그만큼 여유가 생기면 시작합니다.`,
  shortShut: (bytes) => `${bytes} 모자라고, 수문이 닫혀 있습니다.`,
  enough: "충분합니다. 곧 시작합니다.",
  enoughShut: "메모리는 충분하지만 수문이 닫혀 있습니다.",
  enoughWaiting: "메모리는 충분합니다. 수문이 곧 열립니다.",
  enoughPaused: "메모리는 충분하지만 대기열이 일시 정지되어 있습니다.",
  needLabel: "필요",
  freeLabel: "여유",
};
