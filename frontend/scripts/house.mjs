// Rules of the house that no linter knows: raw colours only in tokens.css, and
// nothing in the page that can be dragged, since that crashes the window on a Mac.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const colour =
  /#[0-9a-f]{3,8}\b(?=[^{]*;)|\b(?:rgba?|hsla?|oklch|oklab|hwb|color)\(|:\s*(?:white|black|red|green|blue|gr[ae]y)\s*;/i;

const rules = [
  {
    says: "a raw colour; name it in tokens.css",
    files: /\.(svelte|css)$/,
    except: /(^|\/)tokens\.css$/,
    finds: (text) => lines(styles(text), colour),
  },
  {
    says: 'an <a> or <img> without draggable="false"',
    files: /\.(svelte|html)$/,
    finds: (text) => tags(text, /<(a|img)\s/g).filter((tag) => !/\bdraggable="false"/.test(tag)),
  },
  {
    says: "something draggable",
    files: /\.(svelte|html|ts)$/,
    finds: (text) => lines(text, /draggable=("true"|\{true\}|(?=[\s>]))|\.draggable = true/),
  },
  {
    says: "a style attribute; the page's policy refuses it",
    files: /\.(svelte|html)$/,
    finds: (text) => lines(text, /\sstyle=/),
  },
  {
    says: "markup from a string",
    files: /\.(svelte|ts)$/,
    finds: (text) => lines(text, /\{@html|\.innerHTML\b|\.outerHTML\b|insertAdjacentHTML/),
  },
];

let found = 0;
for (const path of [...walk(join(root, "src")), join(root, "index.html")]) {
  const text = readFileSync(path, "utf8");
  for (const rule of rules) {
    if (!rule.files.test(path) || rule.except?.test(path)) continue;
    for (const hit of rule.finds(text)) {
      console.error(`${relative(root, path)}: ${rule.says}: ${hit.trim().slice(0, 100)}`);
      found++;
    }
  }
}
process.exit(found > 0 ? 1 : 0);

function* walk(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else yield path;
  }
}

function lines(text, pattern) {
  return text.split("\n").filter((line) => pattern.test(line));
}

/** styles is the part of a file that is CSS. */
function styles(text) {
  const block = /<style[^>]*>([\s\S]*?)<\/style>/.exec(text);
  return block?.[1] ?? (/<script/.test(text) ? "" : text);
}

/** tags gives whole opening tags, over as many lines as they take. */
function tags(text, start) {
  const all = [];
  for (const match of text.matchAll(start)) {
    let depth = 0;
    let end = match.index;
    for (; end < text.length; end++) {
      if (text[end] === "{") depth++;
      else if (text[end] === "}") depth--;
      else if (text[end] === ">" && depth === 0) break;
    }
    all.push(text.slice(match.index, end + 1));
  }
  return all;
}
