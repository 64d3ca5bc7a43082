import type { Template } from "../../api/types";
import type { options as en } from "../en/options";

export const options: typeof en = {
  title: "옵션",
  hint: "바꾸기 전까지 이 화면에서 추가하는 모든 파일에 적용됩니다.",
  translate: "번역",
  summarize: "요약",
  settings: "설정에 따름",
  none: "안 함",
  into: "언어 선택…",
  languages: "번역할 언어",
  nothing: "고른 언어가 없어 번역하지 않습니다.",
  yes: "요약함",
  template: "녹음 종류",
  templates: {
    general: "일반",
    meeting: "회의",
    lecture: "강의",
    interview: "인터뷰",
  } satisfies Record<Template, string> as Record<Template, string>,
  said: {
    translated: (languages) => `${languages} 번역`,
    notTranslated: "번역 안 함",
    summarized: "요약함",
    notSummarized: "요약 안 함",
  },
};
