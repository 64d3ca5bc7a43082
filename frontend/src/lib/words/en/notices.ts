import type { NoticeCode } from "../../api/types";

/** What happened to the data as a whole, by code. In English the server's own words follow the title. */
export const notices = {
  label: "About your data",
  dismiss: (title: string) => `Dismiss: ${title}`,
  dismissFailed: "It could not be dismissed.",
  code: {
    backup_restored: {
      title: "Your data was restored from a backup",
      text: (when: string) =>
        `The database was damaged on ${when}. Of newer jobs, those that could be read were saved.`,
      hint: "See whether jobs are missing, and add those files again.",
    },
    started_empty: {
      title: "Sluice has started with a new database",
      text: (when: string) =>
        `The old one was damaged on ${when}, and there was no backup. Some or all of its jobs may be missing.`,
      hint: "See whether jobs are missing, and add those files again.",
    },
  } satisfies Record<NoticeCode, NoticeWords>,
};

/** NoticeWords tell of a notice; `text` takes the moment it happened. */
export type NoticeWords = { title: string; text: (when: string) => string; hint: string };
