// Taking a job out of the line, and adding it again.
import { again, answer, api, Problem } from "./api/client";
import type { Job } from "./api/types";
import { board } from "./live/board.svelte";
import { toasts } from "./ui/toasts.svelte";
import { sayFault } from "./words/say";
import { t } from "./words/words.svelte";

/** cancel takes a job out; the message offers to add it again. */
export async function cancel(job: Job): Promise<void> {
  await told(async () => {
    const params = { path: { id: job.id } };
    await answer(api.POST("/api/v1/jobs/{id}/cancel", { params }));
    toasts.say(t.queue.canceled(job.title), { label: t.queue.putBack, run: () => void addAgain(job) });
  });
}

/** addAgain puts an ended job in the line once more. */
export async function addAgain(job: Job): Promise<void> {
  await told(async () => {
    await again(job);
    toasts.say(t.queue.addedAgain(job.title));
  });
}

async function told(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (e) {
    const said = sayFault(Problem.of(e));
    toasts.warn(said.message, said.hint);
  }
  board.refetch();
}
