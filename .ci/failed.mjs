// Prints the files of the page's browser tests that failed, from Vitest's JSON,
// when they are few: what fails everywhere needs no second look.
//   node .ci/failed.mjs FILE
import { readFileSync } from "node:fs";
import { basename } from "node:path";

const most = 2;
const files = JSON.parse(readFileSync(process.argv[2], "utf8"))
  .testResults.filter((file) => file.status !== "passed")
  .map((file) => basename(file.name, ".ts"));
if (files.length <= most) console.log(files.join(" "));
