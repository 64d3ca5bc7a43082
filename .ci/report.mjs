// Reads 'go test -json' from a file: prints a line per package, all output of
// what failed, and every skip with its reason. A skip is a failure unless its
// reason is one of those allowed on the command line.
//   node .ci/report.mjs FILE ALLOWED_REASON...
import { readFileSync } from "node:fs";

const [file, ...allowed] = process.argv.slice(2);
const outputs = new Map(); // of a test or, under its name alone, a package
const count = { pass: 0, fail: 0, skip: 0 };
const bad = [];

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
      break;
    case "pass":
    case "fail":
    case "skip":
      if (!e.Test) {
        console.log(`${e.Action}\t${e.Package}\t${e.Elapsed}s`);
        if (e.Action === "fail") console.log(outputs.get(key) ?? "");
        break;
      }
      count[e.Action]++;
      if (e.Action === "fail") console.log(`--- FAIL ${key}\n${outputs.get(key) ?? ""}`);
      if (e.Action === "skip") {
        const why = (outputs.get(key) ?? "").replace(/^(===|---) .*$/gm, "").trim();
        if (!allowed.some((reason) => why.includes(reason))) bad.push(`${key}: ${why}`);
      }
  }
}
if (bad.length > 0) console.log(`skipped, though this machine can run them:\n${bad.join("\n")}`);
console.log(`${count.pass} passed, ${count.fail + bad.length} failed, ${count.skip} skipped`);
process.exit(count.fail + bad.length === 0 && count.pass > 0 ? 0 : 1);
