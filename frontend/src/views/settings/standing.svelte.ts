// How the app stands in its system, read from the window and changed there.
import { Problem } from "../../lib/api/client";
import type { App, AppState } from "../../lib/shell/shell";
import type { Extra } from "./groups";

export class Standing {
  now = $state.raw<AppState>();
  /** What went wrong, and with what: a change, or reading it all. */
  trouble = $state.raw<{ at: Extra | "all"; problem: Problem }>();
  /** What is being changed. */
  changing = $state<Extra>();

  readonly #app: App;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(app: App) {
    this.#app = app;
  }

  /** refresh reads it all; what is being changed comes first. */
  refresh(): Promise<boolean> {
    return this.#next("all", () => this.#app.state());
  }

  /** setLogin says whether the app opens at login. It says whether that went well. */
  setLogin(on: boolean): Promise<boolean> {
    return this.#next("login", () => this.#app.setLogin(on));
  }

  /** installTool puts the command-line tool where a terminal finds it. */
  installTool(): Promise<boolean> {
    return this.#next("tool", () => this.#app.installTool());
  }

  /** next does one thing after the other: answers must not overtake each other. */
  #next(at: Extra | "all", act: () => Promise<AppState>): Promise<boolean> {
    const done = this.#turn.then(async () => {
      if (at !== "all") this.changing = at;
      try {
        this.now = await act();
        // Reading it anew tells nothing about a change that was refused.
        if (at !== "all" || this.trouble?.at === "all") this.trouble = undefined;
        return true;
      } catch (thrown) {
        this.trouble = { at, problem: Problem.of(thrown) };
        return false;
      } finally {
        this.changing = undefined;
      }
    });
    this.#turn = done;
    return done;
  }
}
