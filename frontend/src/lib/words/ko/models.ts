import type { models as en } from "../en/models";
import { isolated } from "../isolate";

export const models = {
  choose: "다른 모델로 다시 시도…",
  title: "다른 모델로 다시 시도",
  text: (title: string) => `“${isolated(title)}” 작업을 대기열 맨 뒤에 넣고, 고른 모델로 받아씁니다.`,
  textDone: (title: string) =>
    `“${isolated(title)}” 작업을 고른 모델로 다시 받아씁니다. 새로 받아쓰기 시작하면 지금 텍스트는 없어집니다.`,
  yes: "이 모델로 다시 시도",
  loading: "모델 목록을 읽고 있습니다…",
  failed: "모델 목록을 읽지 못했습니다.",
  installed: "설치됨",
  others: "설치되지 않음",
  present: "지금까지 쓴 모델",
  standard: "기본",
  suits: "이 컴퓨터에 알맞음",
  english: "영어 전용",
  file: (size: string) => `파일 ${size}`,
  need: (need: string) => `메모리 ${need} 필요`,
  never: (need: string) => `메모리가 ${need} 필요해서 여기서는 쓸 수 없습니다`,
  tooLarge: "메모리가 많이 필요해서 여기서는 쓸 수 없습니다",
  about: {
    "large-v3-turbo": "large-v3와 품질이 거의 같고 몇 배 빠릅니다.",
    "large-v3": "가장 정확하지만 느리고 메모리를 가장 많이 씁니다.",
    medium: "꽤 정확하지만 turbo보다 느립니다.",
    small: "메모리를 적게 쓰면서 무난합니다.",
    base: "거칠지만 빠릅니다.",
    tiny: "가장 거칠지만 가장 빠릅니다.",
  },
  own: "직접 넣은 모델 파일입니다.",
  damaged: "손상되었거나 음성 모델이 아닙니다.",
  waits: (name: string) =>
    `${name} 모델을 설치할 때까지 작업이 기다립니다. ‘모델’ 화면에서 내려받을 수 있습니다.`,
  added: (title: string, name: string) =>
    `“${isolated(title)}” 작업을 ${name} 모델로 대기열에 다시 넣었습니다`,
} satisfies typeof en;
