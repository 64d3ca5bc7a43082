// What a search has found, put under the jobs it was found in.
import type { Hit } from "../../lib/api/types";

/** Group is what was found in one job. */
export type Group = {
  job: string;
  title: string;
  /** Places in its transcript; none when only the title has the words. */
  lines: Hit[];
};

/** keyOf names a hit, or with the job alone its title. */
export function keyOf(hit: Pick<Hit, "job_id" | "segment_id">): string {
  return `${hit.job_id}/${hit.segment_id ?? 0}`;
}

/** grouped puts hits under their jobs, in the order they came. */
export function grouped(hits: readonly Hit[]): Group[] {
  const groups = new Map<string, Group>();
  for (const hit of hits) {
    const group = groups.get(hit.job_id) ?? { job: hit.job_id, title: hit.title, lines: [] };
    groups.set(hit.job_id, group);
    if (hit.segment_id) group.lines.push(hit);
  }
  return [...groups.values()];
}

/** without gives the hits that are not among others. */
export function without(hits: readonly Hit[], others: readonly Hit[]): Hit[] {
  const known = new Set(others.map(keyOf));
  return hits.filter((h) => !known.has(keyOf(h)));
}
