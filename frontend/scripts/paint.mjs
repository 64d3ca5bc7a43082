// Opens a page in Chromium again and again and prints, as a JSON list, after how
// many milliseconds some text stood on it: once it was painted, from the start of
// the navigation.
//   node scripts/paint.mjs ADDRESS TEXT TIMES
import { chromium } from "playwright-core";

const [address, text, times] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});

// This runs in the page, before anything of its own does.
const watch = (wanted) => {
  const look = () => {
    if (!document.body?.innerText.includes(wanted)) requestAnimationFrame(look);
    else requestAnimationFrame(() => (window.painted = performance.now()));
  };
  look();
};

const took = [];
for (let n = 0; n <= Number(times); n++) {
  const context = await browser.newContext({ viewport: { width: 960, height: 640 } });
  const page = await context.newPage();
  await page.addInitScript(watch, text);
  await page.goto(address, { waitUntil: "commit" });
  const painted = await page.waitForFunction(() => window.painted, undefined, { timeout: 60_000 });
  if (n > 0) took.push(await painted.jsonValue()); // the first one starts the browser's own parts
  await context.close();
}
await browser.close();
console.log(JSON.stringify(took));
