// Whether somebody is here for the first time, and what to do about it.
import { answer, api } from "../../lib/api/client";
import type { Finding, Snapshot } from "../../lib/api/types";

const key = "sluice.first";

/** untouched says that no job was ever seen here, as far as the board knows. */
export function untouched(board: Snapshot): boolean {
  return Object.values(board.counts).every((n) => n === 0) && board.last.length === 0;
}

/** leave remembers in this browser that nothing needs to be shown any more. */
export function leave(): void {
  try {
    localStorage.setItem(key, "seen");
  } catch {
    // A browser may keep nothing; then it is shown until there is a job.
  }
}

/** left says whether it was shown before. */
export function left(): boolean {
  try {
    return localStorage.getItem(key) !== null;
  } catch {
    return true; // it would come again and again
  }
}

/**
 * wanting says whether jobs lack anything: a speech model or ffmpeg. Who has
 * both needs no setup, and is not asked again.
 */
export async function wanting(signal: AbortSignal): Promise<boolean> {
  const { models } = await answer(api.GET("/api/v1/models", { signal }));
  if (!models.some((m) => m.installed)) return true;
  // On a busy machine ffmpeg may not answer in time: it is missing when it is so twice.
  const lacks = (await silent(signal)) && (await silent(signal));
  if (!lacks) leave();
  return lacks;
}

async function silent(signal: AbortSignal): Promise<boolean> {
  const { findings } = await answer(api.GET("/api/v1/doctor", { signal }));
  return find(findings, "ffmpeg")?.level === "fail";
}

/** find gives what was found about one thing. */
export function find(findings: readonly Finding[], name: string): Finding | undefined {
  return findings.find((f) => f.name === name);
}

/** Commands are what installs a program, by the system that Sluice runs on; both where that is not known. */
export function commands(findings: readonly Finding[], program: "ffmpeg" | "ollama"): string[] {
  const system = / on (\w+)\//.exec(find(findings, "sluice")?.text ?? "")?.[1];
  const brew = `brew install ${program}`;
  const linux =
    program === "ffmpeg" ? "sudo apt install ffmpeg" : "curl -fsSL https://ollama.com/install.sh | sh";
  if (system === "darwin") return [brew];
  return system === "linux" ? [linux] : [brew, linux];
}
