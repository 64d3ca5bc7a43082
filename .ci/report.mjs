// Reads 'go test -json' from a file: prints a line per package, all output of
// what failed, and every skip with its reason. A skip is a failure unless its
// reason is one of those allowed on the command line.
// What may be looked at a second time, because a busy machine alone can make a
// test with real processes fail, is written to AGAIN: "package test" in each
// line. Nothing is when there is more wrong than that.
//   node .ci/report.mjs FILE AGAIN ALLOWED_REASON...
import { readFileSync, writeFileSync } from "node:fs";

const [file, again, ...allowed] = process.argv.slice(2);
const most = 3; // more than that is no chance
const outputs = new Map(); // of a test or, under its name alone, a package
const count = { pass: 0, fail: 0, skip: 0 };
const bad = [];
const failed = new Set(); // tests, without their subtests
let worse = false; // than a test that failed: nothing to look at a second time

for (const line of readFileSync(file, "utf8").split("\n")) {
  let e;
  try {
    e = JSON.parse(line);
  } catch {
    if (line.trim() !== "") console.log(line);
    continue;
  }
  const key = e.Test ? `${e.Package} ${e.Test}` : (e.Package ?? e.ImportPath);
  switch (e.Action) {
    case "output":
    case "build-output":
      outputs.set(key, (outputs.get(key) ?? "") + e.Output);
      break;
    case "build-fail":
      console.log(outputs.get(key));
      count.fail++;
      worse = true;
      break;
    case "pass":
    case "fail":
    case "skip":
      if (!e.Test) {
        console.log(`${e.Action}\t${e.Package}\t${e.Elapsed}s`);
        if (e.Action === "fail") {
          console.log(outputs.get(key) ?? "");
          worse ||= serious(outputs.get(key)) || ![...failed].some((test) => test.startsWith(`${e.Package} `));
        }
        break;
      }
      count[e.Action]++;
      if (e.Action === "fail") {
        console.log(`--- FAIL ${key}\n${outputs.get(key) ?? ""}`);
        failed.add(`${e.Package} ${e.Test.split("/")[0]}`);
        worse ||= serious(outputs.get(key));
      }
      if (e.Action === "skip") {
        const why = (outputs.get(key) ?? "").replace(/^(===|---) .*$/gm, "").trim();
        if (!allowed.some((reason) => why.includes(reason))) bad.push(`${key}: ${why}`);
      }
  }
}
if (bad.length > 0) console.log(`skipped, though this machine can run them:\n${bad.join("\n")}`);
console.log(`${count.pass} passed, ${count.fail + bad.length} failed, ${count.skip} skipped`);
// A race may be printed under another test than the one that failed of it.
worse ||= [...outputs.values()].some((output) => /DATA RACE|race detected/.test(output));
if (bad.length === 0 && !worse && failed.size <= most) writeFileSync(again, [...failed].map((test) => `${test}\n`).join(""));
process.exit(count.fail + bad.length === 0 && count.pass > 0 ? 0 : 1);

/** serious is what no busy machine makes. */
function serious(output = "") {
  return /^panic: |^fatal error: /m.test(output);
}
