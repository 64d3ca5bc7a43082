import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { Job, Reading } from "../src/lib/api/types";
import { sayFault, sayFinding, sayGate, sayNotice, sayReason, sayStage } from "../src/lib/words/say";
import { en } from "../src/lib/words/en";
import type { NoticeWords } from "../src/lib/words/en/notices";
import { ko } from "../src/lib/words/ko";
import { language, t } from "../src/lib/words/words.svelte";
import { job, reading } from "./fakes";

const schemas = (
  JSON.parse(readFileSync("src/lib/api/openapi.json", "utf8")) as {
    components: { schemas: Record<string, { enum?: string[] }> };
  }
).components.schemas;

const valuesOf = (name: string): string[] => {
  const values = schemas[name]?.enum ?? [];
  expect(values.length).toBeGreaterThan(1);
  return values;
};

type Levels = { levels: Record<string, string> };
type Level = { level: Record<string, string> };

const now = Date.UTC(2026, 2, 14, 9, 0);
const hangul = /[가-힣]/;

/** leaves gives every sentence of a table under its dotted name. */
function* leaves(table: object, path = ""): Generator<[string, unknown]> {
  for (const [name, value] of Object.entries(table)) {
    const at = path ? `${path}.${name}` : name;
    if (typeof value === "object" && value !== null) yield* leaves(value, at);
    else yield [at, value];
  }
}

afterEach(() => language.choose("en"));

describe("the words", () => {
  it.each(valuesOf("Code"))("has %s in both languages", (code) => {
    for (const table of [en.faults, ko.faults] as Record<string, { message: string; hint: string }>[]) {
      expect(table[code]?.message).toBeTruthy();
      expect(table[code]?.hint).toBeTruthy();
    }
    expect((ko.faults as Record<string, { message: string }>)[code]?.message).toMatch(hangul);
  });

  it.each([
    ["Reason", en.reasons.text, ko.reasons.text],
    ["State", en.common.states, ko.common.states],
    ["Stage", en.common.stages, ko.common.stages],
    ["Pressure", en.common.levels, ko.common.levels],
    ["GateState", en.frame.gate, ko.frame.gate],
    ["Verb", en.job.verbs, ko.job.verbs],
    ["NoticeCode", en.notices.code, ko.notices.code],
    ["FindingLevel", en.doctor.level, ko.doctor.level],
    ["Known", en.doctor.known, ko.doctor.known],
    ["DeliveryState", en.deliveries.state, ko.deliveries.state],
    ["SummaryTemplate", en.options.templates, ko.options.templates],
  ])("has every %s in both languages", (name, english, korean) => {
    for (const value of valuesOf(name)) {
      expect((english as Record<string, string>)[value]).toBeTruthy();
      expect((korean as Record<string, string>)[value]).toBeTruthy();
    }
  });

  it.each(valuesOf("NoticeCode"))("tells of the notice %s in both languages", (code) => {
    const when = "14 March";
    const notice = (table: typeof en) =>
      (table.notices.code as Record<string, NoticeWords>)[code] ?? {
        title: () => "",
        text: () => "",
        hint: "",
      };
    for (const table of [en, ko]) {
      expect(notice(table).title("1.3.0")).toBeTruthy();
      // What happened at no moment that matters is told by its title.
      if (notice(table).text("")) expect(notice(table).text(when)).toContain(when);
      else expect(notice(table).title("1.3.0")).toContain("1.3.0");
      expect(notice(table).hint).toBeTruthy();
    }
    expect(notice(ko).title("1.3.0")).toMatch(hangul);
  });

  it("has the same rooms and sentences in both languages", () => {
    const english = [...leaves(en)].map(([at, v]) => `${at} ${typeof v}`);
    const korean = [...leaves(ko)].map(([at, v]) => `${at} ${typeof v}`);
    expect(korean.sort()).toEqual(english.sort());
  });

  it.each(valuesOf("Pressure"))("calls the level %s the same in the strip and in the chart", (level) => {
    for (const words of [en, ko] as { common: Levels; machine: Level }[]) {
      const short = words.machine.level[level]?.toLowerCase();
      expect(short).toBeTruthy();
      expect(words.common.levels[level]?.endsWith(short ?? "?")).toBe(true);
    }
  });

  it("follows the chosen language, remembers it and tells the document", () => {
    language.choose("ko");
    expect(t.queue.title).toBe("대기열");
    expect(document.documentElement.lang).toBe("ko");
    expect(localStorage.getItem("sluice.language")).toBe("ko");
    language.choose("en");
    expect(t.queue.title).toBe("Queue");
  });
});

describe("what Ollama is needed for", () => {
  it("is waited for in words, in both languages", () => {
    const waiting = job("a", { reason: "ollama", stage: "translate", translate_to: ["ko"] });
    expect(sayReason(waiting, undefined)).toBe("Waiting for Ollama");
    language.choose("ko");
    expect(sayReason(waiting, undefined)).toBe(ko.reasons.text.ollama);
  });

  it("names the model that is missing, which is another one than for speech", () => {
    const asks = { reason: "model" as const, model: "small", llm_model: "gemma3:4b" };
    expect(sayReason(job("a", { ...asks, stage: "summarize" }), undefined)).toBe(
      en.reasons.noModel("gemma3:4b"),
    );
    expect(sayReason(job("a", { ...asks, stage: "transcribe" }), undefined)).toBe(
      en.reasons.noModel("small"),
    );
  });

  it.each(["untranslated", "not_translated", "not_summarized", "no_summary", "not_exported"])(
    "has words for the warning %s in both languages",
    (code) => {
      expect(en.job.remark[code]).toBeTruthy();
      expect(ko.job.remark[code]).toMatch(hangul);
    },
  );
});

describe("a name in a sentence", () => {
  const backwards = "in\u202efdp\u2069.exe";

  it.each([
    ["canceled", (w: typeof en) => w.queue.canceled(backwards)],
    ["cancelRunningText", (w: typeof en) => w.queue.cancelRunningText(backwards)],
    ["addedAgain", (w: typeof en) => w.queue.addedAgain(backwards)],
    ["later", (w: typeof en) => w.later.text(backwards) + w.later.set(backwards, "")],
    ["models", (w: typeof en) => w.models.text(backwards) + w.models.added(backwards, "small")],
    ["sending", (w: typeof en) => w.queue.sending(backwards)],
  ])("turns nothing around but itself: %s", (_, said) => {
    for (const words of [en, ko]) expect(said(words)).toContain("\u2068in\u202efdp.exe\u2069");
  });
});

describe("what is said", () => {
  const short = job("a", { reason: "memory", reason_text: "needs 6.9 GB, 4.2 GB free", need_bytes: 6.9e9 });
  const memory = reading({ available_bytes: 4.2e9 });

  it("shows the server's own sentence in English", () => {
    expect(sayReason(short, memory)).toBe("Waiting for memory: needs 6.9 GB, 4.2 GB free");
    expect(sayFault({ code: "no_audio_track", message: "It is mute.", hint: "Pick another." })).toEqual({
      message: "It is mute.",
      hint: "Pick another.",
    });
  });

  it.each<[string, string, string]>([
    [
      "request_invalid",
      "before: expected the id of a queued job",
      "List them with GET /api/v1/jobs?state=queued.",
    ],
    ["request_invalid", "jobs[0].not_before: expected a time", "Check the request against /openapi.json."],
    [
      "request_invalid",
      "The request does not follow the schema.",
      "Check the request against /openapi.json.",
    ],
    ["job_unknown", "There is no such job.", "List the jobs with 'sluice list'."],
    ["job_final", "The job has already ended.", "Retry it, or submit the file again."],
    ["job_duplicate", "An identical job is in the line: 01J.", "That one does the same; see 'sluice list'."],
    ["canceled_by_user", "The job was canceled.", "Submit the file again to run it."],
  ])("says what is for programmers in its own words: %s, %s", (code, detail, hint) => {
    expect(sayFault({ code, detail, hint })).toEqual((en.faults as Record<string, object>)[code]);
  });

  it.each<[string, string, string]>([
    ["request_invalid", "There are too many words to look for.", "Look for 20 words at most."],
    ["request_invalid", "Sluice may not write to that folder.", "Choose another folder."],
    ["memory_short", "It needs 6.9 GB.", "It starts by itself when memory is free."],
  ])("keeps the server's facts: %s, %s", (code, detail, hint) => {
    expect(sayFault({ code, detail, hint })).toEqual({ message: detail, hint });
  });

  it("sends people to the page's own models, and not to a terminal", () => {
    const hint = "Install it with 'sluice models pull large' (2.9 GB).";
    expect(sayFault({ code: "model_missing", detail: "It is not there.", hint }).hint).toBe(
      "Install it in Models (2.9 GB).",
    );
    expect(sayFinding({ name: "model", level: "fail", text: "No.", hint }).hint).toBe(
      "Install it in Models (2.9 GB).",
    );
    for (const words of [en, ko]) {
      const said = [...leaves(words)].map(([, v]) => (typeof v === "function" ? String(v) : v));
      expect(said.filter((s) => /models pull/.test(s as string))).toEqual([]);
    }
  });

  it("asks for no path, as the page takes none", () => {
    const hint =
      "Name its host in fetch.allow if it is one of yours, or download the file and give its path.";
    expect(sayFault({ code: "url_refused", detail: "10.0.0.1 is on this network.", hint })).toEqual({
      message: "10.0.0.1 is on this network.",
      hint: en.faults.url_refused.hint,
    });
  });

  it("tells a job whose file is on the web from one whose file is here", () => {
    const away = { reason: "source" as const, reason_text: "media.example.com does not answer." };
    const web = { source: { kind: "url" as const, name: "talk.mp4", size: 0 } };
    expect(sayReason(job("a", { reason: "source" }), memory)).toBe(en.reasons.text.source);
    expect(sayReason(job("a", { reason: "source", ...web }), memory)).toBe(en.reasons.server);
    expect(sayReason(job("a", { ...away, ...web }), memory)).toBe("Media.example.com does not answer.");
    language.choose("ko");
    expect(sayReason(job("a", { ...away, ...web }), memory)).toBe(ko.reasons.server);
  });

  it("calls the first stage a download until the file is here", () => {
    const source = { kind: "url" as const, name: "talk.mp4", size: 0 };
    expect(sayStage("extract", job("a", { source }))).toBe(en.common.downloading);
    expect(sayStage("transcribe", job("a", { source }))).toBe(en.common.stages.transcribe);
    expect(sayStage("extract", job("a", { source: { ...source, size: 9 } }))).toBe(en.common.stages.extract);
    expect(sayStage("extract", job("a", { source: { ...source, kind: "path" } }))).toBe(
      en.common.stages.extract,
    );
  });

  it("keeps the server's facts, and gives its own hint where that one is for programmers", () => {
    const hint = "Wait until the job is done; format=json gives what is there so far.";
    expect(sayFault({ code: "not_ready", detail: "There is no Korean text.", hint })).toEqual({
      message: "There is no Korean text.",
      hint: en.faults.not_ready.hint,
    });
  });

  it("tells memory with numbers in Korean", () => {
    language.choose("ko");
    expect(sayReason(short, memory)).toBe("메모리 대기: 6.9 GB 필요, 지금 4.2 GB 여유");
    expect(sayGate({ state: "waiting", text: "needs 6.9 GB, 4.2 GB free" }, memory, short)).toBe(
      "6.9 GB 필요, 지금 4.2 GB 여유",
    );
    expect(sayGate({ state: "shut", text: "memory is critically short" }, memory, short)).toMatch(
      /4\.2 GB\(50%\)/,
    );
  });

  it("tells a shut gate in the server's words, which name what decides", () => {
    const gate = { state: "shut" as const, text: "13 % of memory is free; jobs start again at 15 %" };
    expect(sayGate(gate, memory, short)).toBe(gate.text);
    expect(sayGate({ ...gate, text: "" }, memory, short)).toBe("Nothing starts now: 4.2 GB (50%) free");
  });

  it("promises nothing for free memory while it is critically short", () => {
    language.choose("ko");
    const died = { ...short, error: { code: "engine_out_of_memory", message: "", hint: "" } };
    const said = sayReason(died, { ...memory, level: "critical" });
    expect(said).toBe("메모리 대기: 6.9 GB 필요, 지금 4.2 GB 여유 · 메모리가 안정되면 시작");
  });

  it.each<[string, Partial<Job>, Partial<Reading>]>([
    ["메모리 대기: 4.0 GB 필요, 지금 3.0 GB 여유", {}, { available_bytes: 3e9 }],
    [
      "메모리 대기: 4.0 GB 필요, 지금 9.0 GB 여유 · 여유가 유지되면 20초 뒤 시작",
      { until: new Date(now + 11_000).toISOString() },
      {},
    ],
    [
      "메모리 대기: 4.0 GB에 여유분까지 필요, 지금 4.5 GB 여유 · 여유가 유지되면 14분 뒤 시작",
      { until: new Date(now + 13.2 * 60_000).toISOString() },
      { level: "warn", available_bytes: 4.5e9 },
    ],
    [
      "메모리 대기: 4.0 GB에 여유분까지 필요, 지금 4.5 GB 여유",
      { until: new Date(now - 1).toISOString() },
      { level: "warn", available_bytes: 4.5e9 },
    ],
    ["메모리 대기: 4.0 GB 필요, 지금 9.0 GB 여유 · 메모리가 안정되면 시작", {}, {}],
    ["메모리 대기: 4.0 GB 필요, 20 MB 모자람", {}, { available_bytes: 3.98e9 }],
    [
      "메모리가 바닥나 음성 엔진이 중단되었습니다. 4.0 GB 여유가 생기면 다시 시작합니다. 지금 여유는 600 MB입니다.",
      { error: { code: "engine_out_of_memory", message: "", hint: "" } },
      { available_bytes: 600e6 },
    ],
    [
      "메모리 대기: 4.0 GB 필요, 지금 9.0 GB 여유 · 여유가 유지되면 1분 뒤 시작",
      {
        error: { code: "engine_out_of_memory", message: "", hint: "" },
        until: new Date(now + 51_000).toISOString(),
      },
      {},
    ],
    [
      "메모리 대기: 지금 300 MB 여유 · 메모리가 안정되면 시작",
      { need_bytes: 0 },
      { level: "critical", available_bytes: 300e6 },
    ],
    ["배터리 사용 중, 전원을 연결하면 시작", { reason: "power" }, {}],
  ])("tells in Korean: %s", (said, more, memory) => {
    language.choose("ko");
    const waits = job("a", { reason: "memory", reason_text: "English.", need_bytes: 4e9, ...more });
    expect(sayReason(waits, reading(memory), now)).toBe(said);
    const gate = { state: "waiting" as const, text: "English." };
    expect(sayGate(gate, reading(memory), waits, now)).toBe(said.replace("메모리 대기: ", ""));
  });

  it.each<[string, Partial<Job>]>([
    [
      "Waiting for memory: starts in 20 s if memory stays free",
      { reason_text: "starts in 20 s if memory stays free" },
    ],
    ["Waiting for memory: Ollama is giving back 5.1 GB", { reason_text: "Ollama is giving back 5.1 GB" }],
    [
      "It died. It starts again when 1.6 GB is free.",
      { reason_text: "It died. It starts again when 1.6 GB is free." },
    ],
    [
      "On battery, starts when plugged in",
      { reason: "power", reason_text: "on battery, starts when plugged in" },
    ],
    ["On battery, starts when plugged in", { reason: "power" }],
  ])("tells in English: %s", (said, more) => {
    expect(sayReason(job("a", { reason: "memory", need_bytes: 4e9, ...more }), memory)).toBe(said);
  });

  it("tells a failure by its code in Korean, and an unknown one in the server's words", () => {
    language.choose("ko");
    expect(sayFault({ code: "no_audio_track", message: "It is mute." }).message).toBe(
      "파일에 소리가 없습니다.",
    );
    expect(sayFault({ code: "never_heard_of", message: "It is mute." }).message).toBe("It is mute.");
  });

  it("blames no file for an engine that was stopped, nor promises a try that does not come by itself", () => {
    language.choose("ko");
    const stopped = sayFault({
      code: "engine_stopped",
      message: "It was stopped twice.",
      hint: "Try again.",
    });
    expect(stopped.message).toMatch(/사용자나 다른 프로그램/);
    expect(stopped.hint).toMatch(/다시 시도하면 .*이어서/);
    expect(stopped.message + stopped.hint).not.toMatch(/파일/);
  });

  it("tells of a notice in the server's words, and in Korean in its own, with the date", () => {
    const at = new Date(2026, 2, 14, 10, 24).toISOString();
    const notice = { id: "1", at, code: "backup_restored" as const, text: "A copy of today.", hint: "Look." };
    expect(sayNotice(notice)).toEqual({
      title: en.notices.code.backup_restored.title(),
      text: "A copy of today.",
      hint: "Look.",
    });
    language.choose("ko");
    expect(sayNotice(notice).text).toContain("2026년 3월 14일 10:24");
    expect(sayNotice(notice).hint).toMatch(hangul);
    const unheard = { ...notice, code: "moon_fell" as "backup_restored" };
    expect(sayNotice(unheard)).toEqual({
      title: ko.notices.label,
      text: "A copy of today.",
      hint: "Look.",
    });
  });

  it("says when a job is tried again", () => {
    const at = new Date(2026, 2, 14, 10, 24).getTime();
    const late = job("a", {
      reason: "backoff",
      reason_text: "It crashed.",
      until: new Date(at).toISOString(),
    });
    expect(sayReason(late, memory, at - 60_000)).toBe("It crashed. Next try at 10:24.");
    expect(sayReason(late, memory, at + 60_000)).toBe("It crashed.");
    expect(sayReason(late, memory, at - 86_400_000)).toBe("It crashed. Next try tomorrow 10:24.");
    language.choose("ko");
    expect(sayReason(late, memory, at - 60_000)).toBe("오류가 있어 10:24에 다시 시도합니다");
  });
});
