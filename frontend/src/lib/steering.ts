// What people do to jobs, and telling what came of it. Every way gives the job
// as it is then, or nothing when it went wrong and that was told.
import { answer, api, Problem } from "./api/client";
import type { Job, Stage, State } from "./api/types";
import { final } from "./jobs";
import { board } from "./live/board.svelte";
import { toasts } from "./ui/toasts.svelte";
import { sayFault } from "./words/say";
import { t } from "./words/words.svelte";

const by = (id: string) => ({ params: { path: { id } } });

/** Calls are the bare requests; a refusal is thrown. */
export const calls = {
  hold: (id: string): Promise<Job> => answer(api.POST("/api/v1/jobs/{id}/hold", by(id))),
  before: (id: string, before: string): Promise<Job> =>
    answer(api.POST("/api/v1/jobs/{id}/move", { ...by(id), body: { before } })),
  toBack: (id: string): Promise<Job> =>
    answer(api.POST("/api/v1/jobs/{id}/move", { ...by(id), body: { to: "back" } })),
  toFront: (id: string): Promise<Job> =>
    answer(api.POST("/api/v1/jobs/{id}/move", { ...by(id), body: { to: "front" } })),
  priority: (id: string, priority: number): Promise<Job> =>
    answer(api.POST("/api/v1/jobs/{id}/priority", { ...by(id), body: { priority } })),
  retry: (id: string, from?: Stage): Promise<Job> =>
    answer(api.POST("/api/v1/jobs/{id}/retry", { ...by(id), body: from ? { from_stage: from } : {} })),
};

/**
 * cancel takes a job out of the line. The message offers to undo it, which puts
 * the job back where it stood: `after` are the jobs that stood behind it.
 */
export async function cancel(job: Job, after: readonly Job[] = behind(job)): Promise<void> {
  await told(async () => {
    await answer(api.POST("/api/v1/jobs/{id}/cancel", by(job.id)));
    toasts.say(t.queue.canceled(job.title), {
      label: t.queue.undo,
      run: () => void told(() => putBack(job, after)),
    });
  });
}

/** retry puts a job that has ended in the line again; from a stage on, that and what follows is done anew. */
export async function retry(job: Job, from?: Stage): Promise<Job | undefined> {
  return told(async () => {
    const now = await calls.retry(job.id, from);
    toasts.say(t.queue.addedAgain(job.title));
    return now;
  });
}

/** hold keeps a waiting job from starting. */
export async function hold(job: Job): Promise<Job | undefined> {
  return told(() => calls.hold(job.id));
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

/** told does something, tells when it fails, and asks for the true state of things. */
export async function told<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (e) {
    const said = sayFault(Problem.of(e));
    toasts.warn(said.message, said.hint);
    return undefined;
  } finally {
    board.refetch();
  }
}

const patience = 5000; // ms a running job may take to end
const pause = 250; // ms between two tries

/** putBack undoes a cancel: in line again, in its old place, held if it was. */
async function putBack(job: Job, after: readonly Job[]): Promise<void> {
  await ended(job.id);
  await calls.retry(job.id);
  if (job.state === "queued" && job.reason === "held") await calls.hold(job.id);
  const before = job.state === "running" ? board.snapshot?.next[0] : await follower(job, after);
  if (!before) return;
  try {
    await calls.before(job.id, before.id);
  } catch (e) {
    if (Problem.of(e).code !== "job_running") throw e; // its turn has come already
  }
}

/**
 * follower is the first of those who stood behind a job that still does. The
 * end of its priority is a job's place without being moved, unless others of
 * that priority stood behind.
 */
async function follower(job: Job, after: readonly Job[]): Promise<Job | undefined> {
  const likes = after.filter((j) => j.priority === job.priority).slice(0, 5);
  for (const other of likes) {
    const now = await answer(api.GET("/api/v1/jobs/{id}", by(other.id))).catch(() => undefined);
    if (now?.state === "queued" && now.priority === job.priority) return now;
  }
  return undefined;
}

/** ended waits until a job that was canceled has let go of its work. */
async function ended(id: string): Promise<void> {
  const until = Date.now() + patience;
  while (!final(await answer(api.GET("/api/v1/jobs/{id}", by(id)))) && Date.now() < until) {
    await new Promise((go) => setTimeout(go, pause));
  }
}

/** behind is what the board shows behind a waiting job. */
function behind(job: Job): Job[] {
  const line = board.snapshot?.next ?? [];
  const at = line.findIndex((j) => j.id === job.id);
  return at < 0 ? [] : line.slice(at + 1);
}
