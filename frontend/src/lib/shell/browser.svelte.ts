// A browser. Files are sent to the server one after another: two at once would
// only share the same disk.
import { mediaAddress, Problem, textAddress, upload, type TextOf } from "../api/client";
import type { Dropped, Refused } from "../api/types";
import { options, type Wanted } from "../options.svelte";
import { t } from "../words/words.svelte";
import { accept, looksLikeMedia } from "./media";
import type { Sending, Shell } from "./shell";

export function browserShell(): Shell {
  return new BrowserShell();
}

class BrowserShell implements Shell {
  readonly kind = "browser";
  sending = $state<Sending>();
  #begun: () => void = () => {};
  #tell: (d: Dropped) => void = () => {};
  #fail: (p: Problem) => void = () => {};
  #tail: Promise<unknown> = Promise.resolve(); // the drops before, so that they go one after another

  onBegun(then: () => void): void {
    this.#begun = then;
  }

  addFiles(): Promise<Dropped | undefined> {
    return new Promise((resolve) => {
      const input = document.createElement("input");
      input.type = "file";
      input.multiple = true;
      input.accept = accept;
      input.oncancel = () => resolve(undefined);
      input.onchange = () => resolve(this.#send([...(input.files ?? [])]));
      input.click();
    });
  }

  onDropped(then: (d: Dropped) => void, failed: (p: Problem) => void): void {
    this.#tell = then;
    this.#fail = failed;
  }

  brings(drag: DragEvent): boolean {
    return drag.dataTransfer?.types.includes("Files") ?? false;
  }

  take(drop: DragEvent): boolean {
    // The entries are gone when the event is over, so they are taken out now.
    const items = [...(drop.dataTransfer?.items ?? [])].filter((i) => i.kind === "file");
    if (items.length === 0) return false;
    const found = items.map((i) => i.webkitGetAsEntry() ?? i.getAsFile());
    void Promise.all(found.map(filesOf))
      .then((files) => this.#send(files.flat()))
      .then((d) => this.#tell(d))
      .catch((e) => this.#fail(Problem.of(e)));
    return true;
  }

  async copy(text: string): Promise<void> {
    await navigator.clipboard.writeText(text);
  }

  async saveText(job: { id: string }, format: string, which?: TextOf): Promise<boolean> {
    const link = document.createElement("a");
    link.href = textAddress(job.id, format, which);
    link.download = "";
    link.draggable = false;
    link.click();
    return true;
  }

  async media(job: string): Promise<string> {
    return mediaAddress(job);
  }

  setLanguage(): void {}
  setOptions(): void {}
  painted(): void {}

  #send(files: File[]): Promise<Dropped> {
    const wanted = options.wanted; // as it was when they were chosen
    const turn = this.#tail.then(() => this.#sendAll(files, wanted));
    this.#tail = turn;
    return turn;
  }

  async #sendAll(files: File[], wanted: Wanted): Promise<Dropped> {
    const result: Dropped = { jobs: [], refused: [] };
    const media = files.filter((f) => {
      const ok = looksLikeMedia(f);
      if (!ok) result.refused.push(notMedia(f));
      return ok;
    });
    if (media.length > 0) this.#begun();
    const stop = new AbortController();
    for (const [i, file] of media.entries()) {
      const left = media.length - i - 1;
      this.sending = { name: file.name, fraction: 0, left, cancel: () => stop.abort() };
      try {
        const job = await upload(file, (f) => this.#progress(f), wanted, stop.signal);
        result.jobs.push(job);
      } catch (e) {
        if (stop.signal.aborted) break;
        result.refused.push(refusal(file, Problem.of(e)));
      }
    }
    this.sending = undefined;
    return result;
  }

  #progress(fraction: number): void {
    if (this.sending) this.sending.fraction = fraction;
  }
}

/** filesOf opens a dropped entry; a folder gives all files in it. */
async function filesOf(entry: FileSystemEntry | File | null): Promise<File[]> {
  if (entry === null) return [];
  if (entry instanceof File) return [entry];
  try {
    if (entry.isFile) {
      return [await new Promise<File>((ok, no) => (entry as FileSystemFileEntry).file(ok, no))];
    }
    const inside = await entriesOf((entry as FileSystemDirectoryEntry).createReader());
    // What a folder hides was not meant: .DS_Store and its like.
    const files = await Promise.all(inside.filter((e) => !e.name.startsWith(".")).map(filesOf));
    return files.flat();
  } catch {
    return []; // it went away while it was being dropped
  }
}

/** entriesOf reads a folder to its end: a reader gives at most a hundred entries at a time. */
async function entriesOf(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((ok, no) => reader.readEntries(ok, no));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

function notMedia(file: File): Refused {
  const words = t.faults.not_media;
  return { path: file.name, name: file.name, code: "not_media", message: words.message, hint: words.hint };
}

function refusal(file: File, p: Problem): Refused {
  return { path: file.name, name: file.name, code: p.code, message: p.detail, hint: p.hint };
}
