// What a job's file sounds like, and which line of its text is heard. A class
// without a page: the element that plays is given to it.
import { mediaProblem, Problem } from "../../lib/api/client";
import { shell } from "../../lib/shell/shell";
import { lineAt } from "./at";

/** Media is the part of an element that plays. */
export type Media = Pick<
  HTMLMediaElement,
  "currentTime" | "duration" | "paused" | "playbackRate" | "readyState" | "load" | "pause" | "play"
>;

/** Trouble is why nothing is heard: a refusal, or a format this page cannot play. */
export type Trouble = Problem | "format";

/** Asks is what a player asks others for. */
export type Asks = {
  address(job: string): Promise<string>;
  problem(job: string): Promise<Problem | undefined>;
};

const overWire: Asks = { address: (job) => shell().media(job), problem: mediaProblem };

/** The speeds that are offered. */
export const rates = [0.75, 1, 1.25, 1.5, 1.75, 2] as const;

const stride = 10; // s, of a jump
const known = 1; // readyState from which on a place can be taken
const fresh = 60_000; // ms in which a new address cannot be better than the last
const keys = { rate: "sluice.player.rate", large: "sluice.player.large" };

export class Player {
  open = $state(false);
  /** Where the file is; "" while it is asked for. */
  address = $state("");
  playing = $state(false);
  /** The place in the recording, in ms. */
  at = $state(0);
  /** Its length in ms; 0 while nobody knows. */
  length = $state(0);
  /** Whether there is a picture. */
  pictured = $state(false);
  /** Whether the text follows what is heard. */
  following = $state(true);
  rate = $state(storedRate());
  large = $state(recall(keys.large) === "1");
  trouble = $state.raw<Trouble>();

  /** The index of the line that is heard; -1 when none is. */
  readonly line: number = $derived.by(() => (this.open ? lineAt(this.#lines(), this.at) : -1));

  readonly #job: string;
  readonly #lines: () => readonly { start_ms: number }[];
  readonly #asks: Asks;
  #media: Media | undefined;
  #wanted: number | undefined; // ms, the place to begin at when the file is known
  #wants = false; // it is to play as soon as it can
  #askedAt = -Infinity;

  constructor(job: string, lines: () => readonly { start_ms: number }[], asks: Asks = overWire) {
    this.#job = job;
    this.#lines = lines;
    this.#asks = asks;
  }

  /** attach gives it the element that plays. It returns how to take that back. */
  attach(media: Media): () => void {
    this.#media = media;
    media.playbackRate = this.rate;
    return () => {
      media.pause();
      this.#media = undefined;
    };
  }

  /** begin opens it and plays, from a place in ms when one is given. */
  async begin(from?: number): Promise<void> {
    this.following = true;
    if (from !== undefined) this.#to(from);
    this.#wants = true;
    if (this.open && this.address && !this.trouble) return this.#play();
    this.open = true;
    await this.#ask();
  }

  /** seek goes to a place in ms, when it is open. It goes on playing, or stays still. */
  seek(to: number): void {
    if (!this.open) return;
    this.following = true;
    this.#to(to);
  }

  /** skip goes some strides forward, or back. */
  skip(strides: number): void {
    this.seek(this.at + strides * stride * 1000);
  }

  async toggle(): Promise<void> {
    if (!this.open || this.trouble) return this.begin();
    if (!this.#media?.paused) {
      this.#wants = false;
      this.#media?.pause();
      return;
    }
    await this.begin();
  }

  setRate(rate: number): void {
    this.rate = rate;
    if (this.#media) this.#media.playbackRate = rate;
    keep(keys.rate, String(rate));
  }

  setLarge(large: boolean): void {
    this.large = large;
    keep(keys.large, large ? "1" : "");
  }

  close(): void {
    this.#wants = false;
    this.#media?.pause();
    this.open = false;
    this.address = "";
    this.trouble = undefined;
    this.playing = false;
  }

  /** ready hears that the file is known. */
  ready(pictured: boolean): void {
    const media = this.#media;
    if (!media) return;
    this.pictured = pictured;
    this.lengthened();
    media.playbackRate = this.rate; // a new file begins at its own
    if (this.#wanted !== undefined) media.currentTime = this.#wanted / 1000;
    this.#wanted = undefined;
    if (this.#wants) void this.#play();
  }

  lengthened(): void {
    const seconds = this.#media?.duration ?? 0;
    this.length = Number.isFinite(seconds) ? seconds * 1000 : 0;
  }

  /** moved hears that the element is at another place, or begins or ends to play. */
  moved(): void {
    const media = this.#media;
    if (!media) return;
    this.playing = !media.paused;
    if (this.#wanted === undefined) this.at = media.currentTime * 1000;
  }

  /** failed hears that the file cannot be played, and finds out why. An address may have grown old. */
  async failed(): Promise<void> {
    if (!this.address) return;
    this.playing = false;
    this.#wanted = this.at;
    const problem = await this.#asks.problem(this.#job);
    if (!problem && Date.now() - this.#askedAt > fresh) return this.#ask();
    this.trouble = problem ?? "format";
  }

  async #ask(): Promise<void> {
    this.trouble = undefined;
    this.address = "";
    this.#askedAt = Date.now();
    this.#wanted ??= this.at;
    try {
      this.address = await this.#asks.address(this.#job);
    } catch (thrown) {
      this.trouble = Problem.of(thrown);
    }
  }

  #to(place: number): void {
    const to = Math.max(0, this.length > 0 ? Math.min(place, this.length) : place);
    this.at = to;
    if (this.#media && this.#media.readyState >= known) this.#media.currentTime = to / 1000;
    else this.#wanted = to;
  }

  async #play(): Promise<void> {
    try {
      await this.#media?.play();
    } catch {
      // A browser may want to be asked once more; what is wrong with the file is told apart.
    }
  }
}

function storedRate(): number {
  const rate = Number(recall(keys.rate));
  return rates.find((r) => r === rate) ?? 1;
}

function recall(key: string): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A browser may keep nothing; the choice then lasts as long as the page.
  }
}
