import type { settings as en } from "../en/settings";

export const settings = {
  title: "설정",
  language: "언어",
  languageText: "화면과 알림에 쓰는 언어입니다. 받아쓰기 언어는 바뀌지 않습니다.",
  languages: { auto: "시스템 설정", en: "English", ko: "한국어" },
  appearance: "화면 모드",
  appearanceText: "밝게, 어둡게, 또는 시스템을 따릅니다.",
  themes: { auto: "시스템 설정", light: "밝게", dark: "어둡게" },
  here: "두 설정은 이 기기에만 저장됩니다.",
} satisfies typeof en;
