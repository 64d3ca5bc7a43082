// What people do to jobs, and telling what came of it. Every way gives the job
// as it is then, or nothing when it went wrong and that was told.
import { answer, api, Problem } from "./api/client";
import type { components } from "./api/schema";
import type { FaultCode, Job, Stage, State } from "./api/types";
import { dayTime } from "./format";
import { board } from "./live/board.svelte";
import { toasts } from "./ui/toasts.svelte";
import { sayFault } from "./words/say";
import { t } from "./words/words.svelte";

const by = (id: string) => ({ params: { path: { id } } });

/** Again is how a job that has ended begins again. */
type Again = components["schemas"]["RetryRequest"];

/** Calls are the bare requests; a refusal is thrown. */
export const calls = {
  hold: (id: string, until?: string): Promise<Job> =>
    answer(api.POST("/api/v1/jobs/{id}/hold", { ...by(id), body: until ? { until } : undefined })),
  before: (id: string, before: string): Promise<Job> =>
    answer(api.POST("/api/v1/jobs/{id}/move", { ...by(id), body: { before } })),
  toBack: (id: string): Promise<Job> =>
    answer(api.POST("/api/v1/jobs/{id}/move", { ...by(id), body: { to: "back" } })),
  toFront: (id: string): Promise<Job> =>
    answer(api.POST("/api/v1/jobs/{id}/move", { ...by(id), body: { to: "front" } })),
  priority: (id: string, priority: number): Promise<Job> =>
    answer(api.POST("/api/v1/jobs/{id}/priority", { ...by(id), body: { priority } })),
  retry: (id: string, how: Again = {}): Promise<Job> =>
    answer(api.POST("/api/v1/jobs/{id}/retry", { ...by(id), body: how })),
  get: (id: string): Promise<Job> => answer(api.GET("/api/v1/jobs/{id}", by(id))),
};

/**
 * cancel takes a job out of the line. The message offers to undo it, which puts
 * the job back before the first of those that stood behind it, `after`, as far
 * as they are known. Who presses twice has canceled once.
 */
export async function cancel(job: Job, after: readonly Job[] = behind(job)): Promise<void> {
  await told(async () => {
    try {
      await answer(api.POST("/api/v1/jobs/{id}/cancel", by(job.id)));
    } catch (e) {
      if (is(e, "job_final") && (await calls.get(job.id)).state === "canceled") return;
      throw e;
    }
    toasts.say(t.queue.canceled(job.title), {
      label: t.queue.undo,
      run: () => void told(() => putBack(job, after)),
    });
  });
}

/**
 * retry puts a job that has ended in the line again; from a stage on, that and
 * what follows is done anew. Who presses twice has done it once.
 */
export async function retry(job: Job, from?: Stage): Promise<Job | undefined> {
  return told(async () => {
    try {
      const now = await calls.retry(job.id, from ? { from_stage: from } : {});
      toasts.say(t.queue.addedAgain(job.title));
      return now;
    } catch (e) {
      if (is(e, "job_live")) return calls.get(job.id);
      throw e;
    }
  });
}

/** hold keeps a waiting job from starting. */
export async function hold(job: Job): Promise<Job | undefined> {
  return told(() => calls.hold(job.id));
}

/** schedule lets a waiting job start no earlier than a time. A refusal is thrown: who asked says it. */
export async function schedule(job: Job, at: number): Promise<Job> {
  return refetched(async () => {
    const now = await calls.hold(job.id, new Date(at).toISOString());
    toasts.say(t.later.set(job.title, dayTime(at)));
    return now;
  });
}

/** retryWith puts a job that has ended in the line again, with another model. A refusal is thrown, too. */
export async function retryWith(job: Job, model: string): Promise<Job> {
  return refetched(async () => {
    const now = await calls.retry(job.id, { model });
    toasts.say(t.models.added(job.title, model));
    return now;
  });
}

/** release lets a waiting job start when its turn comes, whatever it waited for. */
export async function release(job: Job): Promise<Job | undefined> {
  return told(() => answer(api.POST("/api/v1/jobs/{id}/release", by(job.id))));
}

/** setPriority changes how urgent a job is. */
export async function setPriority(job: Job, priority: number): Promise<Job | undefined> {
  return told(() => calls.priority(job.id, priority));
}

/** first moves a job before all others that wait. */
export async function first(job: Job): Promise<Job | undefined> {
  const other = board.snapshot?.next.find((j) => j.id !== job.id);
  return told(async () => {
    const now = other ? await calls.before(job.id, other.id) : await calls.toFront(job.id);
    toasts.say(t.queue.first(job.title));
    return now;
  });
}

/** last moves a job behind all others of its priority, and says where that is. */
export async function last(job: Job): Promise<Job | undefined> {
  return told(async () => {
    const now = await calls.toBack(job.id);
    toasts.say(now.position ? t.queue.movedTo(job.title, now.position) : t.queue.stays(job.title));
    return now;
  });
}

/** remove deletes a job that has ended, and says whether it did. */
export async function remove(job: Job): Promise<boolean> {
  const done = await told(async () => {
    await api.DELETE("/api/v1/jobs/{id}", by(job.id));
    board.remove(job.id);
    toasts.say(t.queue.deleted(job.title));
    return true;
  });
  return done ?? false;
}

/** clear cancels all jobs that wait, or deletes all that have ended in one way. */
export async function clear(state: Exclude<State, "running">): Promise<void> {
  await told(async () => {
    const { count } = await answer(api.POST("/api/v1/jobs/clear", { body: { state } }));
    toasts.say(state === "queued" ? t.queue.clearedWaiting(count) : t.queue.cleared(count));
  });
}

/** told does something, and tells when it fails. */
export async function told<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await refetched(act);
  } catch (e) {
    const said = sayFault(Problem.of(e));
    toasts.warn(said.message, said.hint);
    return undefined;
  }
}

/** refetched does something and asks for the true state of things, however it went. */
async function refetched<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } finally {
    board.refetch();
  }
}

const patience = 5000; // ms a running job may take to end
const pause = 250; // ms between two tries

/** Refusals to move a job that say that its place is none any more. */
const overtaken: FaultCode[] = ["job_running", "job_final", "request_invalid"];

/** putBack undoes a cancel: in line again, in its old place, waiting for what it waited for. */
async function putBack(job: Job, after: readonly Job[]): Promise<void> {
  const found = await settled(job.id);
  if (!found) return;
  const now = found.state === "queued" ? found : await calls.retry(job.id, waits(job));
  if (now.position === 1) return; // before all others, or about to run
  try {
    if (job.state === "running") await calls.toFront(job.id);
    const before = job.state === "queued" ? await follower(job, after) : undefined;
    if (before) await calls.before(job.id, before.id);
  } catch (e) {
    if (!is(e, ...overtaken)) throw e;
  }
}

/** waits is what a job was told to wait for. */
function waits(job: Job): Again {
  if (job.state !== "queued") return {};
  if (job.reason === "held") return { hold: true };
  return job.reason === "scheduled" && job.until ? { not_before: job.until } : {};
}

/**
 * follower is the first of those who stood behind a job that still does. The
 * end of its priority is a job's place without being moved, unless others of
 * that priority stood behind.
 */
async function follower(job: Job, after: readonly Job[]): Promise<Job | undefined> {
  const likes = after.filter((j) => j.priority === job.priority).slice(0, 5);
  for (const other of likes) {
    const now = await calls.get(other.id).catch(() => undefined);
    if (now?.state === "queued" && now.priority === job.priority) return now;
  }
  return undefined;
}

/**
 * settled waits until a job that was canceled has let go of its work. One that
 * somebody has begun again, and that runs, gives nothing.
 */
async function settled(id: string): Promise<Job | undefined> {
  const until = Date.now() + patience;
  for (;;) {
    const now = await calls.get(id);
    if (now.state !== "running") return now;
    if (await begunAgain(id)) return undefined;
    if (Date.now() > until) return now;
    await new Promise((go) => setTimeout(go, pause));
  }
}

/** begunAgain says whether a job was retried after it was canceled. */
async function begunAgain(id: string): Promise<boolean> {
  const { events } = await answer(api.GET("/api/v1/jobs/{id}/history", by(id)));
  return events.findLast((e) => e.verb === "cancel" || e.verb === "retry")?.verb === "retry";
}

/** is says whether something was refused for one of these reasons. */
function is(thrown: unknown, ...codes: FaultCode[]): boolean {
  return codes.includes(Problem.of(thrown).code);
}

/** behind is what the board shows behind a waiting job. */
function behind(job: Job): Job[] {
  const line = board.snapshot?.next ?? [];
  const at = line.findIndex((j) => j.id === job.id);
  return at < 0 ? [] : line.slice(at + 1);
}
