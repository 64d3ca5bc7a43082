import { describe, expect, it, vi } from "vitest";
import { answer, api, Problem, problemOf, textAddress } from "../src/lib/api/client";

const body = {
  title: "Not Found",
  status: 404,
  code: "job_unknown",
  detail: "No job has this id.",
  hint: "List them.",
};

function server(status: number, text: string): Request[] {
  const asked: Request[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    asked.push(request);
    return new Response(text, { status, headers: { "Content-Type": "application/json" } });
  });
  return asked;
}

describe("the client", () => {
  it("asks the server that served the page", async () => {
    const asked = server(200, JSON.stringify({ paused: true }));
    expect(await answer(api.POST("/api/v1/queue/pause"))).toEqual({ paused: true });
    expect(asked[0]?.url).toBe(`${location.origin}/api/v1/queue/pause`);
  });

  it("throws the server's problem with code, words and hint", async () => {
    server(404, JSON.stringify(body));
    const call = answer(api.GET("/api/v1/jobs/{id}", { params: { path: { id: "x" } } }));
    await expect(call).rejects.toBeInstanceOf(Problem);
    await expect(call).rejects.toMatchObject({
      code: "job_unknown",
      status: 404,
      detail: body.detail,
      hint: body.hint,
    });
  });

  it("says that nobody answers when nobody does", async () => {
    vi.stubGlobal("fetch", async () => {
      throw new TypeError("NetworkError");
    });
    await expect(answer(api.GET("/api/v1/board"))).rejects.toMatchObject({ code: "server_away" });
  });

  it("makes a problem of an answer that is none", () => {
    expect(problemOf(502, "<html>Bad gateway</html>")).toMatchObject({ code: "internal", status: 502 });
    expect(problemOf(500, '{"message":"no"}')).toMatchObject({ code: "internal", status: 500 });
  });

  it("makes a problem of whatever is thrown, and keeps one that is", () => {
    const p = problemOf(404, JSON.stringify(body));
    expect(Problem.of(p)).toBe(p);
    expect(Problem.of(new Error("odd"))).toMatchObject({ code: "internal", detail: "odd" });
  });

  it("escapes what it puts into addresses", () => {
    expect(textAddress("a/b", "srt")).toBe("/api/v1/jobs/a%2Fb/transcript?format=srt");
  });
});
