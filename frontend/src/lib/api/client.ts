// The only place that talks to the server. Addresses are those of the page
// itself, so that window and browser ask the one that served them.
import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./schema";
import type { Wanted } from "../options.svelte";
import type { FaultCode, ProblemBody, SubmittedJob, Summary, Transcript, Upload } from "./types";

/** Problem is a refusal or a failure of the server, in its own words. */
export class Problem extends Error {
  readonly code: FaultCode;
  readonly status: number;
  readonly hint: string;
  readonly fields: NonNullable<ProblemBody["fields"]>;

  constructor(body: Pick<ProblemBody, "code" | "detail"> & Partial<ProblemBody>) {
    super(body.detail);
    this.name = "Problem";
    this.code = body.code;
    this.status = body.status ?? 0;
    this.hint = body.hint ?? "";
    this.fields = body.fields ?? [];
  }

  get detail(): string {
    return this.message;
  }

  /** Of makes a Problem of whatever was thrown. */
  static of(thrown: unknown): Problem {
    if (thrown instanceof Problem) return thrown;
    return new Problem({
      code: "internal",
      detail: thrown instanceof Error ? thrown.message : String(thrown),
    });
  }
}

/** away is what is said when nobody answers at all. */
function away(): Problem {
  return new Problem({
    code: "server_away",
    detail: "Sluice does not answer.",
    hint: "It is asked again and again; nothing is lost.",
  });
}

/** problemOf reads a refusal. A body that is none, as from a proxy, still has a status. */
export function problemOf(status: number, body: string): Problem {
  try {
    const parsed: unknown = JSON.parse(body);
    if (isProblem(parsed)) return new Problem({ ...parsed, status });
  } catch {
    // Not JSON: the status has to do.
  }
  return new Problem({ code: "internal", status, detail: `The server answered ${status}.` });
}

function isProblem(v: unknown): v is ProblemBody {
  return typeof v === "object" && v !== null && "code" in v && "detail" in v && typeof v.detail === "string";
}

const refusals: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) throw problemOf(response.status, await response.text());
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === "AbortError") return error;
    return away();
  },
};

function base(): string {
  return new URL("/", document.baseURI).href;
}

export const api = createClient<paths>({ baseUrl: base(), fetch: (request) => fetch(request) });
api.use(refusals);

/** answer gives the body of a call, or throws its Problem: `await answer(api.GET("/api/v1/board"))`. */
export async function answer<T>(call: Promise<{ data?: T }>): Promise<T> {
  const { data } = await call;
  if (data === undefined) throw new Problem({ code: "internal", detail: "The server gave no answer." });
  return data;
}

/** transcriptOf reads a transcript as far as it is, or its translation into a language. */
export async function transcriptOf(id: string, signal?: AbortSignal, lang?: string): Promise<Transcript> {
  const params = { path: { id }, query: { format: "json" as const, ...(lang ? { lang } : {}) } };
  const body = await answer(api.GET("/api/v1/jobs/{id}/transcript", { params, signal }));
  if (typeof body === "string")
    throw new Problem({ code: "internal", detail: "The server gave no transcript." });
  return body;
}

/** summaryOf reads a summary; null says that there is none and none comes. */
export async function summaryOf(id: string, signal?: AbortSignal): Promise<Summary | null> {
  const params = { path: { id }, query: { format: "json" as const } };
  const body = await answer(api.GET("/api/v1/jobs/{id}/summary", { params, signal }));
  if (typeof body === "string")
    throw new Problem({ code: "internal", detail: "The server gave no summary." });
  return body;
}

/** Edit is what a line is to say; null is what the machine wrote. `was` is what whoever edits saw there. */
export type Edit = { id: number; text: string | null; was: string };

/** correct changes lines of a transcript, or of its translation into a language, and gives it as it is then. */
export async function correct(job: string, edits: Edit[], lang?: string): Promise<Transcript> {
  const params = { path: { id: job }, query: lang ? { lang } : {} };
  return answer(api.PATCH("/api/v1/jobs/{id}/transcript", { params, body: { edits } }));
}

/** mediaAddress is where a job's file can be played from. */
export function mediaAddress(job: string): string {
  return `/api/v1/jobs/${encodeURIComponent(job)}/media`;
}

/** mediaProblem is why a job's file is not given; undefined when it is, so that the trouble is elsewhere. */
export async function mediaProblem(job: string): Promise<Problem | undefined> {
  const enough = new AbortController();
  try {
    const headers = { Range: "bytes=0-0" };
    const response = await fetch(
      new Request(new URL(mediaAddress(job), document.baseURI), { headers, signal: enough.signal }),
    );
    return response.ok ? undefined : problemOf(response.status, await response.text());
  } catch {
    return away();
  } finally {
    enough.abort(); // a server that does not know ranges would send it all
  }
}

/** Routes that exist only inside the app's window. */
export type WindowRoute =
  | ("pick" | "save" | "reveal" | "language" | "options" | "painted")
  | ("looking" | "resized" | "app" | "login" | "tool");

/** askWindow calls one of them. A window without an answer gives undefined. */
export async function askWindow<T>(route: WindowRoute, body: object = {}): Promise<T | undefined> {
  let response: Response;
  try {
    response = await fetch(new URL(`/window/${route}`, document.baseURI), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw away();
  }
  const text = await response.text();
  if (!response.ok) throw problemOf(response.status, text);
  return text.trim() ? ((JSON.parse(text) as T | null) ?? undefined) : undefined;
}

/** TextOf says which text of a job: that of a language, without it what was spoken; or the summary. */
export type TextOf = { lang?: string; part?: "summary" };

/** textAddress is where a text of a job can be downloaded. */
export function textAddress(jobID: string, format: string, { lang, part }: TextOf = {}): string {
  const query = new URLSearchParams({ format, ...(lang ? { lang } : {}) });
  return `/api/v1/jobs/${encodeURIComponent(jobID)}/${part ?? "transcript"}?${query}`;
}

/**
 * upload sends one file and puts it in the line. Progress is told from 0 to 1;
 * fetch could not tell it, hence the older request.
 */
export async function upload(
  file: File,
  progress: (fraction: number) => void,
  wanted: Wanted,
  signal?: AbortSignal,
): Promise<SubmittedJob> {
  const stored = await put(file, progress, signal);
  return submit(stored.source, wanted, signal);
}

/** submit puts what lies at a source in the line: an upload, or an address on the web. */
export async function submit(source: string, wanted: Wanted, signal?: AbortSignal): Promise<SubmittedJob> {
  const job = await answer(api.POST("/api/v1/jobs", { body: { source, ...wanted }, signal }));
  return "jobs" in job ? (job.jobs[0] as SubmittedJob) : job;
}

function put(file: File, progress: (fraction: number) => void, signal?: AbortSignal): Promise<Upload> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", new URL(`/api/v1/uploads/${encodeURIComponent(file.name)}`, document.baseURI));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (e) => {
      if (e.lengthComputable && e.total > 0) progress(e.loaded / e.total);
    };
    request.onload = () => {
      if (request.status === 201) resolve(JSON.parse(request.responseText) as Upload);
      else reject(problemOf(request.status, request.responseText));
    };
    request.onerror = () => reject(away());
    request.onabort = () => reject(new DOMException("The upload was stopped.", "AbortError"));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    if (signal?.aborted) request.abort();
    else request.send(file);
  });
}
