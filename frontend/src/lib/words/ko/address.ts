import type { address as en } from "../en/address";

export const address: typeof en = {
  open: "웹에서 추가…",
  title: "웹에서 추가",
  text: "오디오나 비디오 파일의 주소를 넣으세요. 차례가 되면 내려받습니다.",
  field: "파일 주소",
  add: "추가",
  wrong: {
    missing: "주소를 입력하거나 붙여 넣으세요.",
    scheme: "주소는 https:// 또는 http://로 시작해야 합니다.",
    broken: "올바른 주소가 아닙니다. 예: https://media.example.com/talk.mp4",
  },
};
