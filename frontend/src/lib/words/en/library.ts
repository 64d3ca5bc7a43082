export const library = {
  search: "Search titles and texts",
  clear: "Clear the search",
  loading: "Reading the library…",
  failed: "The library could not be read.",
  loadingMore: "Reading more…",
  kind: "How they ended",
  list: "Finished transcripts",
  listFailed: "Jobs that failed",
  count: {
    done: (n: number) => `${n} ${n === 1 ? "transcript" : "transcripts"}`,
    failed: (n: number) => `${n} ${n === 1 ? "job" : "jobs"} failed`,
  },
  warnings: (n: number) => (n === 1 ? "1 note" : `${n} notes`),
  empty: "Nothing is finished yet",
  emptyHint: "Drop a video into the queue; its text will appear here.",
  noneFailed: "Nothing has failed",
  toQueue: "Go to the queue",
  results: "Where it was found",
  lines: "In the text",
  found: (places: number, jobs: number, more: boolean) =>
    `${places}${more ? "+" : ""} ${places === 1 && !more ? "place" : "places"} in ${jobs}${more ? "+" : ""} ${jobs === 1 && !more ? "job" : "jobs"}`,
  moreLines: (n: number, open: boolean) =>
    `${n}${open ? "+" : ""} more ${n === 1 && !open ? "line" : "lines"}`,
  none: "No title and no text has these words",
  noWord: "Type a letter or a digit to search for",
  searchFailed: "The search did not work.",
};
