// Draws every icon from build/appicon.svg. The renderer is WebAssembly and
// pinned, so that the bytes are the same on every machine and '--check' can
// compare them: what is committed is what the drawing gives.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { initWasm, Resvg } from "@resvg/resvg-wasm";

const root = fileURLToPath(new URL("../..", import.meta.url));
const wasm = new URL(import.meta.resolve("@resvg/resvg-wasm/index_bg.wasm"));
const drawing = readFileSync(join(root, "build/appicon.svg"), "utf8");
const check = process.argv[2] === "--check";

/** What the drawing is without the margin and the shadow that an icon of a
 * desktop has: where there are few pixels, all of them are for the tile. */
const bare = [
  [/ width="1024" height="1024" viewBox="0 0 1024 1024"/, ' viewBox="100 100 824 824"'],
  [/ filter="url\(#shadow\)"/, ""],
  [/<filter id="shadow"[^]*?<\/filter>/, ""],
  [/<!--[^]*?-->/g, ""],
  [/\s*\n\s*/g, ""],
].reduce((svg, [what, instead]) => {
  if (svg.search(what) < 0) throw new Error(`build/appicon.svg has no ${what} any more`);
  return svg.replace(what, instead);
}, drawing);

/** The files: path below the root, and what belongs there. */
const files = new Map();

const drawn = new Map();
function draw(svg, size) {
  const key = `${size} ${svg === bare}`;
  if (!drawn.has(key)) {
    drawn.set(key, new Resvg(svg, { fitTo: { mode: "width", value: size } }).render().asPng());
  }
  return drawn.get(key);
}

await initWasm(readFileSync(wasm));

// A Mac's icons keep their margin at every size; iconutil knows these names.
for (const size of [16, 32, 128, 256, 512]) {
  files.set(`build/darwin/Sluice.iconset/icon_${size}x${size}.png`, draw(drawing, size));
  files.set(`build/darwin/Sluice.iconset/icon_${size}x${size}@2x.png`, draw(drawing, 2 * size));
}

// Linux: the theme that every desktop looks into, and the icon of the window.
for (const size of [16, 22, 24, 32, 48, 64, 128, 256, 512]) {
  files.set(`build/linux/hicolor/${size}x${size}/apps/sluice.png`, draw(size > 48 ? drawing : bare, size));
}
files.set("build/linux/hicolor/scalable/apps/sluice.svg", Buffer.from(drawing));
files.set("app/native_icon.png", draw(drawing, 128));

// The page in a browser's tab.
files.set("frontend/src/icon.svg", Buffer.from(bare + "\n"));

const wrong = [];
for (const [path, want] of files) {
  const file = join(root, path);
  if (check) {
    let got;
    try {
      got = readFileSync(file);
    } catch {
      got = Buffer.alloc(0);
    }
    if (Buffer.compare(got, want) !== 0) wrong.push(path);
    continue;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, want);
}
for (const path of wrong) console.error(`${path} is not what build/appicon.svg gives`);
if (wrong.length > 0) {
  console.error("hint: make icons");
  process.exitCode = 1;
}
