// When what the Machine view tells of jobs is read anew.
import type { Snapshot } from "../../lib/api/types";

const soon = 1000; // ms in which further changes join

/** turnOf changes when a job is taken, goes on to its next stage, begins to wait, or ends. */
export function turnOf(s: Snapshot | undefined): string {
  if (!s) return "";
  const { done, failed, canceled } = s.counts;
  const running = s.running.map((j) => `${j.id} ${j.stage}`);
  return [done, failed, canceled, s.paused, s.next[0]?.id, s.next[0]?.reason, ...running].join("|");
}

/** atTurns makes of every change a call, a moment later. It returns how to take note of one. */
export function atTurns(run: () => void): (turn: string) => () => void {
  let seen = "";
  return (turn) => {
    const news = seen !== "" && turn !== seen;
    seen = turn;
    const timer = news ? setTimeout(run, soon) : undefined;
    return () => clearTimeout(timer);
  };
}
