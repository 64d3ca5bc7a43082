import type { NoticeCode } from "../../api/types";

/** What is to be known of the app as a whole, by code. In English the server's own words follow the title. */
export const notices = {
  label: "About Sluice",
  dismiss: (title: string) => `Dismiss: ${title}`,
  dismissFailed: "It could not be dismissed.",
  news: "What is new",
  code: {
    backup_restored: {
      title: () => "Your data was restored from a backup",
      text: (when: string) =>
        `The database was damaged on ${when}. Of newer jobs, those that could be read were saved.`,
      hint: "See whether jobs are missing, and add those files again.",
    },
    started_empty: {
      title: () => "Sluice has started with a new database",
      text: (when: string) =>
        `The old one was damaged on ${when}, and there was no backup. Some or all of its jobs may be missing.`,
      hint: "See whether jobs are missing, and add those files again.",
    },
    update_available: {
      title: (version: string) => `Sluice ${version} is available`,
      text: () => "",
      hint: "Nothing changes until you install it.",
    },
  } satisfies Record<NoticeCode, NoticeWords>,
};

/**
 * NoticeWords tell of a notice: `title` takes the version that it is about,
 * `text` the moment it happened. Without a text these words are all there is to say.
 */
export type NoticeWords = {
  title: (version: string) => string;
  text: (when: string) => string;
  hint: string;
};
