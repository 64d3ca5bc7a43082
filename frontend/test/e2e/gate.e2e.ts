import { afterEach, expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { ko } from "../../src/lib/words/ko";
import { browsing, ended, shoot, violations, waiting } from "./page";
import { clip, serving } from "./server";

const server = serving({ scripted: true });
const open = browsing();

afterEach(async () => {
  await server.script("normal", 16e9);
  await server.clear();
});

test("the strip and the rows tell in words that memory is short", async () => {
  const { page } = await open(server.url);
  const strip = page.getByRole("banner");
  await server.script("normal", 50e6, 40);
  const { id } = await server.submit(clip("seen-000.wav"), { title: "Night market" });
  const row = waiting(page, "Night market");
  await strip.getByText(en.frame.gate.waiting).waitFor();
  await strip.getByText(/Needs [\d.]+ [MG]B, 50 MB free/i).waitFor();
  await row.getByText(/Waiting for memory: needs [\d.]+ [MG]B, 50 MB free/).waitFor();
  await page.getByText(en.queue.idleMemory).waitFor();
  await shoot(page, "gate-waiting");
  expect(await violations(page)).toEqual([]);

  await server.script("normal", 9e9);
  await server.reaches(id, "done");
  await strip.getByText(en.frame.gate.open).waitFor();
  await ended(page, "Night market").waitFor();
});

test("in Korean the same is said in Korean, with the numbers", async () => {
  const { page } = await open(server.url, { locale: "ko-KR" });
  const strip = page.getByRole("banner");
  await server.script("warn", 50e6, 40);
  await server.submit(clip("seen-001.wav"), { title: "야시장" });
  await strip.getByText(ko.frame.gate.waiting).waitFor();
  const row = waiting(page, "야시장");
  await row.getByText(/메모리 대기: [\d.]+ [MG]B 필요, 지금 50 MB 여유/).waitFor();
  await strip.getByText(/[\d.]+ [MG]B 필요, 지금 50 MB 여유/).waitFor();
  await shoot(page, "gate-waiting-ko");
  expect(await strip.innerText()).not.toMatch(/\b(free|needs|memory|gate)\b/i);
});

// What comes after it costs half a minute: hence one such time for both languages.
test("critically short memory shuts the gate, and it opens when memory has settled", async () => {
  const [{ page }, { page: korean }] = [await open(server.url), await open(server.url, { locale: "ko-KR" })];
  const strip = page.getByRole("banner");
  await server.script("critical", 300e6);
  await strip.getByText(en.frame.gate.shut).waitFor();
  await strip.getByText(en.common.levels.critical, { exact: true }).waitFor();
  await strip.getByText(/300 MB free/).waitFor();
  const { id } = await server.submit(clip("seen-002.wav"), { title: "Slow train" });
  await waiting(page, "Slow train")
    .getByText(/Waiting for memory: .*300 MB free/)
    .waitFor();
  await shoot(page, "gate-shut");
  expect(await violations(page)).toEqual([]);
  await korean.getByRole("banner").getByText(ko.frame.gate.shut).waitFor();
  await korean.getByRole("banner").getByText(ko.reasons.shut("300 MB", "1%")).waitFor();

  await server.script("normal", 9e9);
  await strip.getByText(en.frame.gate.waiting).waitFor();
  await waiting(korean, "Slow train")
    .getByText(/메모리 대기: 지금 9\.0 GB 여유 · .*시작/)
    .waitFor();
  await shoot(korean, "gate-settling-ko");
  await server.reaches(id, "done");
  await strip.getByText(en.frame.gate.open).waitFor();
  await ended(page, "Slow train").waitFor();
});
