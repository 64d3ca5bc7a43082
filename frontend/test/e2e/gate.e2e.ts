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

test("the strip and the rows tell in words how the gate stands", async () => {
  const { page } = await open(server.url);
  const strip = page.getByRole("banner");
  await server.script("critical", 300e6);
  await strip.getByText(en.frame.gate.shut).waitFor();
  await strip.getByText(en.common.levels.critical, { exact: true }).waitFor();
  await strip.getByText(/300 MB free/).waitFor();
  const { id } = await server.submit(clip("seen-000.wav"), { title: "Night market" });
  const row = waiting(page, "Night market");
  await row.waitFor();
  await shoot(page, "gate-shut");
  expect(await violations(page)).toEqual([]);

  await server.script("warn", 100e6);
  await strip.getByText(en.frame.gate.waiting).waitFor();
  await strip.getByText(/Needs [\d.]+ [MG]B, 100 MB free/i).waitFor();
  await row.getByText(/Waiting for memory: needs [\d.]+ [MG]B, 100 MB free/).waitFor();
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
  await server.script("critical", 300e6);
  await strip.getByText(ko.frame.gate.shut).waitFor();
  await strip.getByText(/300 MB/).waitFor();
  await server.submit(clip("seen-001.wav"), { title: "야시장" });
  await server.script("warn", 100e6);
  await strip.getByText(ko.frame.gate.waiting).waitFor();
  const row = waiting(page, "야시장");
  await row.getByText(/메모리 대기: [\d.]+ [MG]B 필요, 지금 100 MB 여유/).waitFor();
  await shoot(page, "gate-waiting-ko");
  expect(await strip.innerText()).not.toMatch(/\b(free|needs|memory|gate)\b/i);
});
