import type { later as en } from "../en/later";
import { isolated } from "../isolate";

export const later = {
  choose: "나중에 시작…",
  change: "시작 시각 변경…",
  title: "나중에 시작",
  changeTitle: "시작 시각 변경",
  text: (title: string) =>
    `“${isolated(title)}” 작업은 고른 시각 전에는 시작하지 않습니다. 그 뒤에 차례가 되면 시작합니다.`,
  suggested: {
    hour: "한 시간 뒤",
    tonight: "오늘 밤",
    tomorrowNight: "내일 밤",
    morning: "내일 아침",
  },
  own: "다른 시각",
  start: "이 시각에 시작",
  wrong: {
    missing: "날짜와 시각을 모두 고르세요.",
    past: "이미 지난 시각입니다. 더 나중 시각을 고르세요.",
    far: "앞으로 10년 안의 시각을 고르세요.",
  },
  set: (title: string, when: string) => `“${isolated(title)}” 작업은 ${when} 이후에 시작합니다`,
} satisfies typeof en;
