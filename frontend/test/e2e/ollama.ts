// An Ollama that has no model and needs no memory: it answers what Sluice asks
// in the shapes that were asked for, as slowly as a test wants.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What is said in each language, over and over. Each has the letters of its language and words of its own. */
const sayings: Record<string, readonly string[]> = {
  Korean: ["물이 천천히 차올랐다", "우리는 문 앞에서 기다렸다", "배가 조용히 지나갔다", "아침에 문이 열렸다"],
  German: [
    "Das Wasser stieg langsam",
    "Wir warteten am Tor",
    "Ein Boot zog leise vorbei",
    "Morgens ging das Tor auf",
  ],
};

/** Model is one that is installed, or can be. */
type Model = { name: string; size: number };

type Chat = {
  model: string;
  messages: { role: string; content: string }[];
  format?: { properties?: Record<string, unknown> };
  options?: { num_ctx?: number };
};

export class FakeOllama {
  /** What is on its disk. */
  installed: Model[] = [{ name: "gemma3:4b", size: 3_338_801_804 }];
  /** What can be downloaded. */
  offered: Model[] = [{ name: "qwen3:1.7b", size: 1_400_000_000 }];
  /** Milliseconds until an answer comes. */
  delay = 0;
  /** Steps of a download; each takes a tenth of a second. */
  steps = 5;
  /** Lines that have one of these words are never translated. */
  stubborn: string[] = [];
  /** What it adds to every sentence. */
  tail = "";
  /** Whether it sums up: else it talks nonsense. */
  sums = true;
  /** The routes that were asked for. */
  readonly asked: string[] = [];

  #loaded: { name: string; context: number } | undefined;
  #port = 0;
  #server: Server | undefined;

  /** start starts it, a second time at the address it had. */
  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** stop ends it in the middle of whatever it does. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#loaded = undefined;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", this.url);
    this.asked.push(`${request.method} ${pathname}`);
    const body = await read(request);
    switch (pathname) {
      case "/api/version":
        return json(response, { version: "0.32.15" });
      case "/api/tags":
        return json(response, { models: this.installed.map(listed) });
      case "/api/ps":
        return json(response, { models: this.#running() });
      case "/api/show":
        return this.#show(response, body as { model: string });
      case "/api/chat":
        return this.#chat(response, body as Chat);
      case "/api/generate": // without a prompt it only loads, or unloads
        // Ollama's own client writes no time as "0s".
        if ([0, "0s"].includes((body as { keep_alive?: number | string }).keep_alive ?? ""))
          this.#loaded = undefined;
        return json(response, {
          model: (body as Chat).model,
          response: "",
          done: true,
          done_reason: "unload",
        });
      case "/api/pull":
        return this.#pull(response, body as { model: string });
      default:
        return json(response, { error: "not found" }, 404);
    }
  }

  #running(): object[] {
    if (!this.#loaded) return [];
    const { name, context } = this.#loaded;
    const later = new Date(Date.now() + 180_000).toISOString();
    return [{ name, model: name, size: 300e6, size_vram: 0, context_length: context, expires_at: later }];
  }

  #show(response: ServerResponse, { model }: { model: string }): void {
    if (!this.installed.some((m) => m.name === model)) {
      return json(response, { error: `model '${model}' not found` }, 404);
    }
    json(response, {
      details: { family: "gemma3", parameter_size: "4.3B", quantization_level: "Q4_K_M" },
      capabilities: ["completion"],
      model_info: {
        "general.architecture": "gemma3",
        "gemma3.context_length": 8192,
        "gemma3.block_count": 2,
        "gemma3.embedding_length": 64,
        "gemma3.attention.head_count": 4,
        "gemma3.attention.head_count_kv": 2,
        "gemma3.attention.key_length": 16,
        "gemma3.attention.value_length": 16,
        "gemma3.vocab_size": 300,
      },
    });
  }

  async #chat(response: ServerResponse, chat: Chat): Promise<void> {
    this.#loaded = { name: chat.model, context: chat.options?.num_ctx ?? 4096 };
    response.writeHead(200, { "Content-Type": "application/x-ndjson" });
    await rest(this.delay);
    const words = chat.messages.map((m) => m.content).join("\n");
    const said = this.#say(chat);
    const piece = (content: string) => ({
      model: chat.model,
      message: { role: "assistant", content },
      done: false,
    });
    const middle = said.length >> 1;
    for (const part of [said.slice(0, middle), said.slice(middle)]) line(response, piece(part));
    line(response, {
      ...piece(""),
      done: true,
      done_reason: "stop",
      prompt_eval_count: Math.ceil(words.length / 3.5),
      eval_count: Math.ceil(said.length / 3.5),
    });
    response.end();
  }

  /** say answers in the shape of the schema that came with the question; without one, a single line. */
  #say(chat: Chat): string {
    const asked = chat.messages.at(-1)?.content ?? "";
    const instructions = chat.messages[0]?.content ?? "";
    const keys = Object.keys(chat.format?.properties ?? {});
    if (keys.includes("key_points"))
      return this.sums ? JSON.stringify(summaryOf(asked, this.tail)) : "la la la";
    if (keys.includes("points")) return JSON.stringify({ points: idsIn(asked).slice(0, 4).map(point) });
    const language = Object.keys(sayings).find((l) => instructions.includes(`into ${l}`)) ?? "Korean";
    if (keys.length === 0) return this.#translated(asked, 0, language);
    const { lines } = JSON.parse(asked) as { lines: Record<string, string> };
    return JSON.stringify(
      Object.fromEntries(keys.map((id) => [id, this.#translated(lines[id] ?? "", Number(id), language)])),
    );
  }

  /** translated says about as much as the original; of a line it is stubborn about, the original itself. */
  #translated(original: string, id: number, language: string): string {
    if (this.stubborn.some((word) => original.toLowerCase().includes(word))) return original;
    const some = sayings[language] ?? [];
    const numbers = original.match(/\d{2,}/g)?.join(" ") ?? "";
    const count = Math.max(1, Math.round(original.length / 40));
    const parts = Array.from({ length: count }, (_, i) => some[(id + i) % some.length] ?? "");
    return [parts.join(", "), numbers].filter(Boolean).join(" ") + "." + this.tail;
  }

  async #pull(response: ServerResponse, { model }: { model: string }): Promise<void> {
    const wanted = this.offered.find((m) => m.name === model);
    response.writeHead(200, { "Content-Type": "application/x-ndjson" });
    line(response, { status: "pulling manifest" });
    if (!wanted) {
      line(response, { error: "pull model manifest: file does not exist" });
      response.end();
      return;
    }
    const digest = `sha256:${"ab".repeat(32)}`;
    for (let step = 1; step <= this.steps && !response.destroyed; step++) {
      await rest(100);
      const completed = Math.floor((wanted.size * step) / this.steps);
      line(response, { status: `pulling ${digest.slice(7, 19)}`, digest, total: wanted.size, completed });
    }
    if (response.destroyed) return;
    this.installed = [...this.installed.filter((m) => m.name !== model), wanted];
    line(response, { status: "success" });
    response.end();
  }
}

function listed({ name, size }: Model): object {
  return {
    name,
    model: name,
    size,
    digest: Buffer.from(name).toString("hex").padEnd(64, "0"),
    modified_at: "2026-03-14T09:00:00Z",
    details: { family: "gemma3", parameter_size: "4.3B", quantization_level: "Q4_K_M" },
  };
}

/** idsIn are the numbers that stand before the lines of a question: "[12] text". */
function idsIn(text: string): number[] {
  return [...text.matchAll(/^\[(\d+)\]/gm)].map((m) => Number(m[1]));
}

function point(id: number): object {
  return { id, text: "The water rose and the gate was shut." };
}

function summaryOf(asked: string, tail: string): object {
  const ids = idsIn(asked);
  const middle = ids[ids.length >> 1] ?? 1;
  return {
    title: `A day at the gate${tail}`,
    summary: `The water rose slowly and the gate was shut.${tail}\n\nIn the evening the boats went on.`,
    key_points: [`The gate was shut at noon.${tail}`, `The boats had to wait.${tail}`],
    chapters: [
      { id: ids[0] ?? 1, title: `The flood${tail}` },
      { id: middle, title: `The evening${tail}` },
    ],
    action_items: [`Mend the gate before spring.${tail}`],
  };
}

async function read(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text ? (JSON.parse(text) as unknown) : {};
}

function json(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

function line(response: ServerResponse, body: object): void {
  response.write(JSON.stringify(body) + "\n");
}

function rest(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
