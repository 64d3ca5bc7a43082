import type { summary as en } from "../en/summary";

export const summary: typeof en = {
  title: "요약",
  keyPoints: "핵심 내용",
  actionItems: "할 일",
  chapters: "챕터",
  coverage: (percent) => `전체 텍스트의 ${percent}를 읽고 요약했습니다.`,
  read: (percent) => `모델은 전체 텍스트의 ${percent}를 읽었습니다.`,
  none: "요약을 만들지 못했습니다",
  comes: "받아쓰기가 끝나면 요약을 만듭니다.",
  failed: "요약을 불러오지 못했습니다.",
};
