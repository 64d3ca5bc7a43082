// Sentences that are put together from what the server says. In English its
// own words are shown, as they know more than a code does, unless they are for
// whoever writes programs; in another language they are told by their codes.
import type { Gate, Job, Notice, Reading } from "../api/types";
import { absolute, bytes, dayTime } from "../format";
import type { NoticeWords } from "./en/notices";
import { language, t } from "./words.svelte";

/** Said is what happened and what to do about it. */
export type Said = { message: string; hint: string };

// These are told by their codes alone: the server's words name ids and commands.
const plain = /^(job_|canceled_by_user$)/;
// A field of the API: "before: expected the id of a queued job".
const field = /^[\w.[\]-]+: |the schema/;
const command = /\/api\/|\/openapi\.json|'sluice list'|format=|Bearer/;

/** sayFault tells a failure: a Problem, the error of a job, a refused file. */
export function sayFault(f: { code: string; message?: string; detail?: string; hint?: string }): Said {
  const known = (t.faults as Record<string, Said | undefined>)[f.code];
  const own = f.message ?? f.detail ?? "";
  if (!known) return { message: own || t.common.unknown, hint: f.hint ?? "" };
  if (language.code !== "en" || plain.test(f.code)) return known;
  if (f.code === "request_invalid" && field.test(own)) return known;
  const hint = f.hint === undefined || command.test(f.hint) ? known.hint : f.hint;
  return { message: own || known.message, hint };
}

/** inOne is both as one text. */
export function inOne({ message, hint }: Said): string {
  return [message, hint].filter(Boolean).join(" ");
}

/** sayNotice tells what happened to the data as a whole. */
export function sayNotice(n: Notice): { title: string; text: string; hint: string } {
  const known = (t.notices.code as Record<string, NoticeWords | undefined>)[n.code];
  const text = known?.text(absolute(Date.parse(n.at))) ?? "";
  if (language.code === "en" || !known) {
    return { title: known?.title ?? t.notices.label, text: n.text || text, hint: n.hint };
  }
  return { title: known.title, text, hint: known.hint };
}

/** sayReason tells why a queued job is not next. */
export function sayReason(job: Job, memory: Reading | undefined, now = Date.now()): string {
  const reason = job.reason ?? "turn";
  if (reason === "memory") return sayMemory(job, memory);
  const own = language.code === "en" ? job.reason_text : undefined;
  const text = own || t.reasons.text[reason];
  const until = job.until ? Date.parse(job.until) : NaN;
  if (!(until > now)) return sentence(text);
  if (reason === "backoff") return t.reasons.nextTry(sentence(text), dayTime(until, now));
  if (reason === "scheduled") return t.reasons.startsAt(dayTime(until, now));
  return sentence(text); // the others end when what they wait for comes
}

/** sayGate tells why the gate is not open; "" when it is. */
export function sayGate(gate: Gate, memory: Reading, first: Job | undefined): string {
  if (gate.state === "open") return "";
  // The level beside it says already how short memory is.
  if (gate.state === "shut") return t.reasons.shut(bytes(memory.available_bytes));
  if (language.code === "en" && gate.text) return sentence(gate.text);
  return first ? sentence(numbers(first, memory)) : t.reasons.text.memory;
}

function sayMemory(job: Job, memory: Reading | undefined): string {
  const own = language.code === "en" ? job.reason_text : undefined;
  if (own && /^waiting/i.test(own)) return own;
  const said = own || numbers(job, memory);
  return said === t.reasons.text.memory ? said : t.reasons.forMemory(said);
}

function numbers(job: Job, memory: Reading | undefined): string {
  if (!job.need_bytes) return t.reasons.text.memory;
  const need = bytes(job.need_bytes);
  return memory ? t.reasons.needsAndFree(need, bytes(memory.available_bytes)) : t.reasons.needs(need);
}

/** sentence begins with a capital, whatever language it is in. */
function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
