// A place on the web to download models and other files from that fails as a test wants it to.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

const weights = fileURLToPath(new URL("../../../build/models/sluice-tiny/sluice-tiny.bin", import.meta.url));

/**
 * How a request is answered: by so many bytes, after which the line is cut or
 * goes silent; by so many a second; by another body.
 */
export type How = {
  bytes?: number;
  then?: "drop" | "hang";
  rate?: number;
  body?: string | Buffer;
  status?: number;
};

export class Mirror {
  /** The model of these tests, as another one: a bit of its last weights differs. */
  body = Buffer.alloc(0);
  /** The Range of each request. */
  readonly asked: string[] = [];
  readonly #plans = new Map<string, How[]>();
  readonly #server: Server = createServer((request, response) => this.#answer(request, response));

  async start(): Promise<void> {
    this.body = await readFile(weights);
    this.body.writeUInt8((this.body.at(-4) ?? 0) ^ 1, this.body.length - 4);
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** plan says how the next requests for a model are answered; those after them as well as can be. */
  plan(model: string, ...hows: How[]): void {
    this.planAt(`/ggml-${model}.bin`, ...hows);
  }

  /** planAt says it of any path. */
  planAt(path: string, ...hows: How[]): void {
    this.#plans.set(path, hows);
  }

  /** entry is what the catalog says of a model. */
  entry(name: string, more: object = {}): object {
    const sha256 = createHash("sha256").update(this.body).digest("hex");
    return { name, bytes: this.body.length, sha256, ...more };
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const range = request.headers.range ?? "";
    this.asked.push(range);
    const how = this.#plans.get(request.url ?? "")?.shift() ?? {};
    if (how.status ?? how.body) {
      response.writeHead(how.status ?? 200, { ETag: '"1"' }).end(how.body);
      return;
    }
    const from = Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0);
    const all = this.body.length;
    const head = { ETag: '"1"', "Content-Length": all - from };
    if (from > 0) response.writeHead(206, { ...head, "Content-Range": `bytes ${from}-${all - 1}/${all}` });
    else response.writeHead(200, head);
    const rest = this.body.subarray(from, from + (how.bytes ?? all));
    if (how.rate) drip(response, rest, how.rate / 10);
    else if (!how.then) response.end(rest);
    else response.write(rest, () => how.then === "drop" && response.destroy());
  }
}

/** drip sends a piece ten times a second, as long as somebody wants it. */
function drip(response: ServerResponse, rest: Buffer, piece: number): void {
  let at = 0;
  const timer = setInterval(() => {
    response.write(rest.subarray(at, (at += piece)));
    if (at < rest.length) return;
    clearInterval(timer);
    response.end();
  }, 100);
  response.on("close", () => clearInterval(timer));
}
