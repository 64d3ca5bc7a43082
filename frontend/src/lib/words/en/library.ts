export const library = {
  search: "Search titles",
  clear: "Clear the search",
  loading: "Reading the library…",
  failed: "The library could not be read.",
  loadingMore: "Reading more…",
  list: "Finished transcripts",
  count: (n: number, more: boolean) =>
    `${n}${more ? "+" : ""} ${n === 1 && !more ? "transcript" : "transcripts"}`,
  finished: (when: string) => `Finished ${when}`,
  warnings: (n: number) => (n === 1 ? "1 remark" : `${n} remarks`),
  empty: "Nothing is finished yet",
  emptyHint: "Drop a video into the queue; its text will appear here.",
  toQueue: "Go to the queue",
  none: "No title has these words",
  noneHint: "Try fewer or other words.",
};
