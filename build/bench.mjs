// Turns the output of 'go test -bench' into rows of name, value and unit.
//   node build/bench.mjs FILE
import { readFileSync } from "node:fs";

const rows = [];
let folder = "";
for (const line of readFileSync(process.argv[2], "utf8").split("\n")) {
  const pkg = /^pkg: (.*)$/.exec(line);
  if (pkg) folder = pkg[1].replace(/^sluice\//, "");
  const bench = /^Benchmark(\S+?)(-\d+)?\s+\d+\s+(.*)$/.exec(line);
  if (!bench) continue;
  for (const [, value, unit] of bench[3].matchAll(/([\d.e+-]+) (\S+)/g)) {
    rows.push({ name: `${folder} ${bench[1]}`, value: Number(value), unit });
  }
}
console.log(JSON.stringify(rows, null, 1));
