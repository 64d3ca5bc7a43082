import type { DeliveryState } from "../../api/types";
import type { deliveries as en } from "../en/deliveries";

export const deliveries: typeof en = {
  title: "결과 전송",
  failed: "전송 기록을 불러오지 못했습니다.",
  state: {
    pending: "전송 대기 중",
    delivered: "전송됨",
    parked: "전송 포기",
  } satisfies Record<DeliveryState, string> as Record<DeliveryState, string>,
  attempts: (n) => `${n}번 시도`,
  next: (when) => `${when}에 다시 시도`,
  answered: (status) => `받는 쪽이 ${status} 코드로 응답했습니다.`,
  silent: "받는 쪽이 응답하지 않았습니다.",
  again: "다시 보내기",
  againTo: (to) => `${to} 주소로 다시 보내기`,
  asked: "다시 보냅니다",
};
