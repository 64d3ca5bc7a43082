// What surrounds the page: the app's window, or a browser. Views know only
// this type and never ask which of the two it is.
import type { Problem, TextOf } from "../api/client";
import type { Dropped, Format, Job } from "../api/types";
import type { Wanted } from "../options.svelte";
import type { Code } from "../words/words.svelte";
import { browserShell } from "./browser.svelte";
import { desktopShell } from "./desktop";
import { runtime } from "./runtime";

export type Shell = {
  readonly kind: "window" | "browser";
  /** Tells when files begin to be added, before anything came of it. */
  onBegun(then: () => void): void;
  /** Lets people choose files and puts them in the line; undefined when they chose none. */
  addFiles(): Promise<Dropped | undefined>;
  /** Tells what came of every drop, or why nothing did. */
  onDropped(then: (d: Dropped) => void, failed: (p: Problem) => void): void;
  /** Says whether something dragged over the page is files. */
  brings(drag: DragEvent): boolean;
  /** Takes the files of a drop event on the page, where the page has to. Says whether there was anything to take. */
  take(drop: DragEvent): boolean;
  copy(text: string): Promise<void>;
  /** Gives a text of a job as a file. Says whether one was written, as far as that can be known. */
  saveText(job: Job, format: Format, which?: TextOf): Promise<boolean>;
  /** Gives an address that a job's file can be played from. It may hold for some hours only. */
  media(job: string): Promise<string>;
  /** Shows a job's file among its neighbours, where that can be done. */
  readonly reveal?: (job: string) => Promise<void>;
  /** The language of menus outside the page follows. */
  setLanguage(code: Code): void;
  /** What goes with files that the page does not send itself. */
  setOptions(wanted: Wanted): void;
  /** The page shows the board for the first time. */
  painted(): void;
  /** Files on their way to the server. */
  readonly sending: Sending | undefined;

  // What only a window has.

  /** Opens an address outside the page, where a link would lead away from it. */
  readonly open?: (address: string) => void;
  /** Tells which job is to be shown, as when somebody clicked on a notification of it; "" is the queue. */
  readonly onShow?: (then: (job: string) => void) => void;
  /** Tells the window whether its page is looked at, and when its size has changed. It returns how to stop. */
  readonly attend?: () => () => void;
  readonly app?: App;
};

/** App is how the app stands in its system. Each call gives how it stands then. */
export type App = {
  state(): Promise<AppState>;
  setLogin(on: boolean): Promise<AppState>;
  installTool(): Promise<AppState>;
};

export type AppState = {
  /** Whether the app opens when its user logs in. Note is what else there is to say, in the language of the page. */
  login: { on: boolean; note?: string; possible: boolean };
  /** Where the command-line tool is installed, "" = nowhere, and whether its name alone finds it there. */
  tool: { path: string; in_path: boolean; possible: boolean };
};

/** Sending is the file that is being uploaded, and how many wait behind it. */
export type Sending = {
  name: string;
  fraction: number;
  left: number;
  cancel(): void;
};

let here: Shell | undefined;

/** shell gives the shell this page lives in. */
export function shell(): Shell {
  here ??= detect();
  return here;
}

/** detect looks for the window's runtime. */
export function detect(): Shell {
  return runtime() ? desktopShell() : browserShell();
}
