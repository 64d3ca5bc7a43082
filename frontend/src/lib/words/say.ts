// Sentences that are put together from what the server says. In English its
// own words are shown, as they know more than a code does, unless they are for
// whoever writes programs; in another language they are told by their codes.
import type { Finding, Gate, Job, Notice, Reading, Reason, Stage } from "../api/types";
import { absolute, bytes, dayTime, lasting, percent } from "../format";
import { fetching, modelFor } from "../jobs";
import type { FindingWords } from "./en/doctor";
import type { NoticeWords } from "./en/notices";
import { language, t } from "./words.svelte";

/** Said is what happened and what to do about it. */
export type Said = { message: string; hint: string };

// These are told by their codes alone: the server's words name ids and commands.
const plain = /^(job_|canceled_by_user$)/;
// A field of the API: "before: expected the id of a queued job".
const field = /^[\w.[\]-]+: |the schema/;
const command = /\/api\/|\/openapi\.json|'sluice list'|format=|Bearer|give its path/;

/** atHand has people do in the page what the server, in English, has them type. */
export function atHand(text: string): string {
  return text.replace(/with 'sluice models pull [^']*'/, "in Models");
}

/** sayFault tells a failure: a Problem, the error of a job, a refused file. */
export function sayFault(f: { code: string; message?: string; detail?: string; hint?: string }): Said {
  const known = (t.faults as Record<string, Said | undefined>)[f.code];
  const own = f.message ?? f.detail ?? "";
  if (!known) return { message: own || t.common.unknown, hint: f.hint ?? "" };
  if (language.code !== "en" || plain.test(f.code)) return known;
  if (f.code === "request_invalid" && field.test(own)) return known;
  const hint = f.hint === undefined || command.test(f.hint) ? known.hint : atHand(f.hint);
  return { message: own || known.message, hint };
}

/** inOne is both as one text. */
export function inOne({ message, hint }: Said): string {
  return [message, hint].filter(Boolean).join(" ");
}

/** sayNotice tells what is to be known of the app as a whole. */
export function sayNotice(n: Notice): { title: string; text: string; hint: string } {
  const known = (t.notices.code as Record<string, NoticeWords | undefined>)[n.code];
  const title = known?.title(n.version?.replace(/^v/, "") ?? "") ?? t.notices.label;
  const text = known?.text(absolute(Date.parse(n.at))) ?? "";
  if (known && (language.code !== "en" || !text)) return { title, text, hint: known.hint };
  return { title, text: n.text || text, hint: n.hint };
}

/** Told is a finding in words. Own are the server's, where the page's do not say all of it. */
export type Told = { name: string; text: string; hint: string; own: string };

/** sayFinding tells what the doctor has found. */
export function sayFinding(f: Finding): Told {
  const known = (t.doctor.findings as Record<string, FindingWords | undefined>)[f.name];
  const name = known?.name ?? f.name;
  const text = known?.[f.level] ?? "";
  if (language.code === "en") return { name, text: f.text || text, hint: atHand(f.hint ?? ""), own: "" };
  // What is well needs no more words than that.
  const own = text && f.level === "ok" ? "" : [f.text, f.hint].filter(Boolean).join(" ");
  return { name, text, hint: "", own: atHand(own) };
}

/** whyOf is what a job waits for, in a few words. */
export function whyOf(reason: Reason, job: Job): string {
  return reason === "source" && job.source.kind === "url" ? t.reasons.server : t.reasons.text[reason];
}

/** sayStage names a stage; that of a job whose file is still on the web begins with its download. */
export function sayStage(stage: Stage, job: Job): string {
  return stage === "extract" && fetching(job) ? t.common.downloading : t.common.stages[stage];
}

/** sayReason tells why a queued job is not next. */
export function sayReason(job: Job, memory: Reading | undefined, now = Date.now()): string {
  const reason = job.reason ?? "turn";
  if (reason === "memory") return sayMemory(job, memory, now);
  if (reason === "model") return t.reasons.noModel(modelFor(job, job.stage)); // the server's words are for a terminal
  const own = language.code === "en" ? job.reason_text : undefined;
  const text = own || whyOf(reason, job);
  const until = untilOf(job);
  if (!(until > now)) return sentence(text);
  if (reason === "backoff") return t.reasons.nextTry(sentence(text), dayTime(until, now));
  if (reason === "scheduled") return t.reasons.startsAt(dayTime(until, now));
  return sentence(text); // the others end when what they wait for comes
}

/** sayGate tells why the gate is not open; "" when it is. */
export function sayGate(gate: Gate, memory: Reading, first: Job | undefined, now = Date.now()): string {
  if (gate.state === "open") return "";
  if (language.code === "en" && gate.text) return sentence(gate.text);
  // Either figure may be what keeps it shut.
  if (gate.state === "shut")
    return t.reasons.shut(bytes(memory.available_bytes), percent(memory.free_percent / 100));
  if (first?.reason === "power") return t.reasons.text.power;
  return first ? sentence(ranOut(first, memory, now) || numbers(first, memory, now)) : t.reasons.text.memory;
}

function sayMemory(job: Job, memory: Reading | undefined, now: number): string {
  const own = language.code === "en" ? job.reason_text : undefined;
  // Whole sentences, as of an engine that died, stand for themselves.
  if (own && (/^waiting/i.test(own) || own.endsWith("."))) return own;
  const dead = own ? "" : ranOut(job, memory, now);
  if (dead) return dead;
  const said = own || numbers(job, memory, now);
  return said === t.reasons.text.memory ? said : t.reasons.forMemory(said);
}

/** ranOut tells of a job whose engine died for memory; "" of any other, and where more than its need decides. */
function ranOut(job: Job, memory: Reading | undefined, now: number): string {
  if (job.error?.code !== "engine_out_of_memory" || !job.need_bytes || !memory) return "";
  if (memory.level === "critical") return ""; // no amount of free memory starts it then
  if (untilOf(job) > now) return "";
  return t.reasons.ranOut(bytes(job.need_bytes), bytes(memory.available_bytes));
}

/** numbers tells what is needed and what is free, and when it starts if that is known. */
function numbers(job: Job, memory: Reading | undefined, now: number): string {
  const need = job.need_bytes ?? 0;
  if (!memory) return need > 0 ? t.reasons.needs(bytes(need)) : t.reasons.text.memory;
  const said = against(need, memory);
  const until = untilOf(job);
  if (until > now) return t.reasons.startsIn(said, remaining(until - now));
  // It would fit: what it waits for is not told in numbers.
  const spares = need > 0 && memory.level === "warn";
  const fits = need <= memory.available_bytes && !spares;
  return fits || memory.level === "critical" ? t.reasons.settles(said) : said;
}

/** against holds a need against what is free. While memory is tight a need alone is not enough. */
function against(need: number, { available_bytes: free, level }: Reading): string {
  const [n, f] = [bytes(need), bytes(free)];
  if (need === 0) return t.reasons.onlyFree(f); // critically short memory stops every stage
  if (need <= free) return level === "warn" ? t.reasons.needsAndSpare(n, f) : t.reasons.needsAndFree(n, f);
  return n === f ? t.reasons.shortOf(n, bytes(need - free)) : t.reasons.needsAndFree(n, f);
}

/** untilOf is when what a job waits for ends; NaN when nobody knows. */
function untilOf(job: Job): number {
  return job.until ? Date.parse(job.until) : NaN;
}

/** remaining is a time as coarse as the server tells it: tens of seconds, then minutes. */
function remaining(ms: number): string {
  const step = ms > 60_000 ? 60 : 10;
  return lasting(Math.ceil(ms / 1000 / step) * step);
}

/** sentence begins with a capital, whatever language it is in. */
function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
