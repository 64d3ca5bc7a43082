// The real server with the real engine, on a free port and with a data folder
// of its own that goes with it.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, vi } from "vitest";
import type { Job, Reading, Snapshot, State, SubmittedJob } from "../../src/lib/api/types";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const model = join(root, "build/models/sluice-tiny");

/** Patience bounds the waits of these tests, in milliseconds. It is no measure of speed. */
export const patience = 30_000;

/** Work bounds the wait for a job: minutes of speech take long on a busy machine. */
const work = 120_000;

/** until looks again and again until something holds. */
export async function until(what: string, holds: () => Promise<boolean>, bound = patience): Promise<void> {
  const look = async () => {
    if (!(await holds())) throw new Error(`waited ${bound} ms in vain: ${what}`);
  };
  await vi.waitFor(look, { timeout: bound, interval: 30 });
}

/** clip is a recording that lies in the project. */
export function clip(name: string): string {
  return join(model, "clips", name);
}

/** Start says what is special about a server. */
export type Start = {
  /** Further settings, as environment variables. */
  env?: Record<string, string>;
  /** Plays readings of memory that `script` writes. */
  scripted?: boolean;
};

/** serving starts a server for all tests of a file. */
export function serving(start: Start = {}): Server {
  const server = new Server(start);
  beforeAll(() => server.start());
  afterAll(() => server.close());
  return server;
}

export class Server {
  url = "";
  readonly #how: Start;
  #home = "";
  #child: ChildProcess | undefined;
  #log = "";

  constructor(how: Start = {}) {
    this.#how = how;
  }

  /** start starts it, a second time at the address it had. */
  async start(): Promise<void> {
    const binary = process.env.SLUICE_BINARY ?? join(root, "build/bin/sluice");
    if (!existsSync(binary)) throw new Error(`${binary} is not there: run make build`);
    this.#home ||= await newHome();
    if (this.#how.scripted && !existsSync(this.#script)) await this.script("normal", 16e9);
    const listen = this.url ? new URL(this.url).host : "127.0.0.1:0";
    const child = spawn(binary, ["serve", "--listen", listen], {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        ...foreign(),
        SLUICE_HOME: this.#home,
        SLUICE_SPEECH_MODEL: "sluice-tiny",
        SLUICE_SPEECH_LANGUAGE: "en",
        SLUICE_SPEECH_BEAM_SIZE: "1",
        SLUICE_OLLAMA_HOST: "http://127.0.0.1:9", // nobody listens there
        SLUICE_OLLAMA_START: "false",
        ...(this.#how.scripted ? { SLUICE_MEMORY_SCRIPT: this.#script } : {}),
        ...this.#how.env,
      },
    });
    this.#child = child;
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#log += text));
    this.url = await this.#address(child);
  }

  /** stop ends it as a logout would. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const [code] = (await ended) as [number | null];
    if (code !== 0) throw new Error(`the server ended with ${code}:\n${this.#log}`);
  }

  /** close ends it and removes what it had. */
  async close(): Promise<void> {
    try {
      await this.stop();
    } finally {
      if (this.#home) await rm(this.#home, { recursive: true, force: true });
    }
  }

  /** damage writes over the database of a server that was stopped. */
  async damage(): Promise<void> {
    if (this.#child) throw new Error("it is running");
    await writeFile(join(this.#home, "sluice.db"), "this is no database ".repeat(5000));
    for (const more of ["-wal", "-shm"]) await rm(join(this.#home, `sluice.db${more}`), { force: true });
  }

  /**
   * script lets the machine have so much memory, and waits until the server
   * knows. What the system calls free may be more: where that is little, memory
   * is critically short whatever its level, and the gate opens only after a rest.
   */
  async script(level: Reading["level"], available: number, percent?: number): Promise<void> {
    const total = 18 * 2 ** 30;
    const free = percent ?? Math.floor((100 * available) / total);
    const line = { level, total_bytes: total, available_bytes: available, free_percent: free };
    // A reader must never see half a file.
    await writeFile(`${this.#script}.new`, JSON.stringify(line) + "\n");
    await rename(`${this.#script}.new`, this.#script);
    if (!this.#child) return;
    await until("the server has seen it", async () => {
      const { memory } = await this.board();
      return memory.level === level && memory.available_bytes === available;
    });
  }

  /** file puts a file into a folder of the server's own, to be added by its path. */
  async file(name: string, content: string | Uint8Array): Promise<string> {
    const folder = join(this.#home, "films");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, name), content);
    return join(folder, name);
  }

  /**
   * model installs the speech model of these tests once more, under another
   * name. One bit of its last weights differs: of the same model, what was heard
   * would be taken over.
   */
  async model(name: string): Promise<void> {
    const weights = await readFile(join(model, "sluice-tiny.bin"));
    weights.writeUInt8((weights.at(-4) ?? 0) ^ 1, weights.length - 4);
    await writeFile(join(this.#home, "models", `${name}.bin`), weights);
  }

  /** long is the same three minutes again and again, for a job that runs as long as a test looks at it. */
  async long(times = 10): Promise<string> {
    const to = await this.file("long.mp4", "");
    const loop = ["-stream_loop", `${times - 1}`, "-i", clip("three-minutes.mp4"), "-c", "copy"];
    const child = spawn("ffmpeg", ["-v", "error", "-y", ...loop, to], { stdio: "ignore" });
    const [code] = (await once(child, "exit")) as [number | null];
    if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
    return to;
  }

  /** ask makes a request of the API and gives its answer. */
  async ask(method: string, path: string, body?: unknown): Promise<Response> {
    const response = await fetch(this.url + path, {
      method,
      headers: { "Content-Type": "application/json", ...this.#proof },
      body: body === undefined ? null : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  async board(): Promise<Snapshot> {
    return (await (await this.ask("GET", "/api/v1/board")).json()) as Snapshot;
  }

  async job(id: string): Promise<Job> {
    return (await (await this.ask("GET", `/api/v1/jobs/${id}`)).json()) as Job;
  }

  /** submit puts a file in line by its path. */
  async submit(source: string, options: Record<string, unknown> = {}): Promise<SubmittedJob> {
    return (await (await this.ask("POST", "/api/v1/jobs", { source, ...options })).json()) as SubmittedJob;
  }

  /** done puts a file in line and waits until it is done. */
  async done(source: string, options: Record<string, unknown> = {}): Promise<Job> {
    const { id } = await this.submit(source, options);
    return this.reaches(id, "done");
  }

  /** reaches waits until a job is in a state. */
  async reaches(id: string, state: State): Promise<Job> {
    let job = await this.job(id);
    const arrived = async () => (job = await this.job(id)).state === state;
    await until(`job ${id} is ${state}`, arrived, work).catch((thrown: unknown) => {
      throw new Error(
        `${String(thrown)}; it is ${job.state}: ${job.reason_text ?? job.error?.message ?? ""}`,
      );
    });
    return job;
  }

  /** clear takes everything out of the line and waits until nothing runs. */
  async clear(): Promise<void> {
    await this.ask("POST", "/api/v1/queue/resume");
    const now = await this.board();
    for (const job of [...now.next, ...now.running].reverse()) {
      await this.ask("POST", `/api/v1/jobs/${job.id}/cancel`).catch(() => {}); // it may have ended by itself
    }
    await until("the line is empty", async () => (await this.board()).depth === 0);
  }

  get #script(): string {
    return join(this.#home, "memory.ndjson");
  }

  get #proof(): Record<string, string> {
    const token = this.#how.env?.SLUICE_SERVER_TOKEN;
    return token ? { Authorization: `Bearer ${token}` } : {};
  }

  /** address waits until this process has written down where it is. */
  async #address(child: ChildProcess): Promise<string> {
    let found: { pid?: number; url?: string } = {};
    await until("the server says where it is", async () => {
      const text = await readFile(join(this.#home, "server.json"), "utf8").catch(() => "{}");
      found = JSON.parse(text) as typeof found;
      return found.pid === child.pid || child.exitCode !== null;
    });
    if (child.exitCode !== null || !found.url) throw new Error(`the server ended at once:\n${this.#log}`);
    return found.url;
  }
}

/** foreign is the environment without what somebody has set for a Sluice of their own. */
function foreign(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SLUICE_")));
}

async function newHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "sluice-e2e-"));
  await mkdir(join(home, "models"));
  const file = join(model, "sluice-tiny.bin");
  await copyFile(file, join(home, "models", basename(file)));
  return home;
}
