export const library = {
  search: "Search titles",
  clear: "Clear the search",
  loading: "Reading the library…",
  failed: "The library could not be read.",
  loadingMore: "Reading more…",
  kind: "How they ended",
  list: "Finished transcripts",
  listFailed: "Jobs that failed",
  count: {
    done: (n: number, more: boolean) =>
      `${n}${more ? "+" : ""} ${n === 1 && !more ? "transcript" : "transcripts"}`,
    failed: (n: number, more: boolean) =>
      `${n}${more ? "+" : ""} ${n === 1 && !more ? "job" : "jobs"} failed`,
  },
  warnings: (n: number) => (n === 1 ? "1 note" : `${n} notes`),
  empty: "Nothing is finished yet",
  emptyHint: "Drop a video into the queue; its text will appear here.",
  noneFailed: "Nothing has failed",
  toQueue: "Go to the queue",
  none: "No title has these words",
  noneHint: "Try fewer or other words.",
};
