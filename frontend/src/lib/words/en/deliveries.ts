import type { DeliveryState } from "../../api/types";

/** Messages to others about what became of a job. */
export const deliveries = {
  title: "Sent to",
  failed: "What was sent could not be read.",
  state: {
    pending: "Waiting to be sent",
    delivered: "Delivered",
    parked: "Given up",
  } satisfies Record<DeliveryState, string> as Record<DeliveryState, string>,
  attempts: (n: number) => (n === 1 ? "1 attempt" : `${n} attempts`),
  next: (when: string) => `next try ${when}`,
  answered: (status: number) => `The receiver answered with ${status}.`,
  silent: "The receiver did not answer.",
  again: "Send again",
  againTo: (to: string) => `Send again to ${to}`,
  asked: "It is sent again",
};
