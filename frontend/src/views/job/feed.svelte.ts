// When the texts of a job are read: at once, as it begins, as it grows, when it
// ends, and when something of it was missed.
import { untrack } from "svelte";
import { board } from "../../lib/live/board.svelte";
import { whileVisible } from "../../lib/visible";
import type { JobState } from "./state.svelte";
import type { Texts } from "./texts.svelte";

const mend = 15_000; // ms until a torn text is read again

/** feed keeps the texts of a job as they are. It is called while a component starts, and ends with it. */
export function feed(texts: Texts, state: JobState): void {
  const reader = texts.original;
  const stands = $derived(state.job?.state);

  $effect(() => {
    if (stands === "running") void untrack(() => reader.restart());
    else if (stands !== undefined) void untrack(() => reader.load());
  });
  $effect(() => () => texts.close());

  $effect(() => {
    const live = board.live;
    if (stands === "running") reader.follow({ job: live.job, segments: [...live.segments] });
  });

  // A translation grows batch by batch, which the numbers of its lines tell.
  const grown = $derived(
    [stands, state.job?.stage, ...Object.values(state.job?.quality.lines?.[texts.chosen] ?? {})].join(),
  );
  $effect(() => {
    void grown;
    const { translation } = texts;
    if (stands !== undefined && translation) void untrack(() => translation.load());
  });

  // When the row of live events broke, what was heard may have holes.
  const hears = $derived(board.live.job === state.id);
  let heard = false;
  $effect(() => {
    if (heard && !hears && untrack(() => stands) === "running") void reader.restart();
    heard = hears;
  });

  $effect(() => {
    if (stands !== "running") return;
    return whileVisible(mend, () => {
      if (reader.torn || reader.problem) void reader.load();
    });
  });
}
