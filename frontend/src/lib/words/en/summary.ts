/** What a recording is about, in a few words. */
export const summary = {
  title: "Summary",
  keyPoints: "Key points",
  actionItems: "To do",
  chapters: "Chapters",
  coverage: (percent: string) => `The summary covers ${percent} of the transcript.`,
  read: (percent: string) => `The model has read ${percent} of the transcript.`,
  none: "No summary came about",
  comes: "The summary comes when the whole text is there.",
  failed: "The summary could not be read.",
};
