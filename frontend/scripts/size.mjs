// Prints what the built page weighs as it goes over the wire, and fails above
// its bound: people open it in a browser on another machine too.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const bound = 150_000; // bytes, gzipped
const page = fileURLToPath(new URL("../dist/page", import.meta.url));
const files = readdirSync(page, { recursive: true, withFileTypes: true }).filter((f) => f.isFile());
const weigh = (f) => gzipSync(readFileSync(join(f.parentPath ?? f.path, f.name)), { level: 9 }).length;
const whole = files.reduce((sum, f) => sum + weigh(f), 0);
console.log(`the page weighs ${(whole / 1000).toFixed(1)} kB gzipped, of ${bound / 1000}`);
if (whole > bound) process.exit(1);
