// The order of the line as people have just made it, shown until a snapshot
// says the same. When the server refuses, its own order is shown again.
import { answer, api } from "../api/client";
import type { Job } from "../api/types";
import { calls, told } from "../steering";
import { board } from "./board.svelte";

/** Move is one job that was put elsewhere. */
type Move = {
  id: string;
  before: string | undefined; // the job it stands before; undefined = behind all that are shown
  sent: boolean;
  until?: number; // the first snapshot that knows of it
};

class Arranging {
  #moves = $state.raw<readonly Move[]>([]);
  #sending: Promise<void> = Promise.resolve();

  /**
   * arranged is the line with what was moved in its new place. Where not all of
   * it came with the snapshot that is shown, `as` is the one its oldest part is
   * as new as.
   */
  arranged(line: readonly Job[], as = board.shown): readonly Job[] {
    const fresh = this.#moves.filter((m) => m.until === undefined || as < m.until);
    if (fresh.length === 0) return line;
    const order = fresh.reduce(put, line);
    return order.map((j, i) => ({ ...j, position: line[i]?.position }));
  }

  /**
   * move puts a job of the line at an index of the others, and says whether
   * that is another place. With more behind those shown, the last place of all
   * is before the first of them.
   */
  move(line: readonly Job[], id: string, to: number, more: boolean, as = board.shown): boolean {
    const from = line.findIndex((j) => j.id === id);
    const others = line.filter((j) => j.id !== id);
    if (from < 0 || to < 0 || to > others.length || to === from) return false;
    const m: Move = { id, before: others[to]?.id, sent: false };
    // A place that was not told yet is none that anybody wants any more.
    const kept = this.#moves.filter((x) => !x.sent || x.until === undefined || as < x.until);
    this.#moves = [...kept.filter((x) => x.id !== id || x.sent), m];
    this.#sending = this.#sending.then(() => this.#send(m, others, more));
    return true;
  }

  async #send(m: Move, others: readonly Job[], more: boolean): Promise<void> {
    if (!this.#moves.includes(m)) return;
    const sent = { ...m, sent: true };
    this.#replace(m, sent);
    const done = await told(() => place(m, others, more));
    this.#replace(sent, done ? { ...sent, until: board.asked + 1 } : undefined);
    board.refetch(0);
  }

  #replace(old: Move, now: Move | undefined): void {
    this.#moves = this.#moves.flatMap((x) => (x !== old ? [x] : now ? [now] : []));
  }
}

export const arranging = new Arranging();

/** place tells the server. */
async function place(m: Move, others: readonly Job[], more: boolean): Promise<Job> {
  const at = m.before === undefined ? others.length : others.findIndex((j) => j.id === m.before);
  const ahead = others[at - 1];
  const behind = others[at] ?? (more && ahead ? await follower(ahead.id) : undefined);
  if (behind && (!ahead || ahead.priority === behind.priority)) return calls.before(m.id, behind.id);
  // Between two priorities a job keeps its own when that is the one before it.
  const job = await calls.get(m.id);
  if (behind && ahead?.priority !== job.priority) return calls.before(m.id, behind.id);
  // The end of the line is the end of its last priority.
  if (ahead && ahead.priority !== job.priority) await calls.priority(m.id, ahead.priority);
  return calls.toBack(m.id);
}

/** follower is the job behind another one in the line. */
async function follower(id: string): Promise<Job | undefined> {
  const { position } = await calls.get(id);
  if (!position) return undefined;
  const query = { order: "line" as const, from: position + 1, limit: 1 };
  return (await answer(api.GET("/api/v1/jobs", { params: { query } }))).jobs[0];
}

/**
 * put gives the line with one job in its new place, where it takes the priority
 * of the one behind it, unless it is at the end of its own.
 */
function put(line: readonly Job[], m: Move): readonly Job[] {
  const job = line.find((j) => j.id === m.id);
  const others = line.filter((j) => j.id !== m.id);
  const at = m.before === undefined ? others.length : others.findIndex((j) => j.id === m.before);
  if (!job || at < 0) return line;
  const ahead = others[at - 1];
  const like = ahead?.priority === job.priority ? job : (others[at] ?? ahead ?? job);
  return others.toSpliced(at, 0, { ...job, priority: like.priority });
}
