// The app's window. It opens files and takes drops natively, so paths go
// straight into the line and no byte of a video passes through the page.
import { answer, api, askWindow, Problem, type WindowRoute } from "../api/client";
import type { Dropped, ProblemBody } from "../api/types";
import { attend } from "./attend";
import { runtime } from "./runtime";
import type { AppState, Shell } from "./shell";

export function desktopShell(): Shell {
  let shown = false;
  let begun = () => {};
  return {
    kind: "window",
    sending: undefined,
    onBegun: (then) => void (begun = then),
    async addFiles() {
      const added = await askWindow<Dropped>("pick");
      if (added && added.jobs.length > 0) begun();
      return added;
    },
    onDropped(then, failed) {
      runtime()?.EventsOn("dropped", (d) => {
        if ((d as Dropped).jobs.length > 0) begun();
        then(d as Dropped);
      });
      runtime()?.EventsOn("failed", (p) => failed(new Problem(p as ProblemBody)));
    },
    // Some web views show files of the system only as their addresses.
    brings: (drag) => ["Files", "text/uri-list"].some((kind) => drag.dataTransfer?.types.includes(kind)),
    take: () => false, // the window has them already
    async copy(text) {
      if (!(await runtime()?.ClipboardSetText(text))) throw new Error("The clipboard did not take the text.");
    },
    async saveText(job, format, which) {
      const done = await askWindow<{ saved: string }>("save", { job: job.id, format, ...which });
      return Boolean(done?.saved); // the path; none when somebody thought better of it
    },
    // The window cannot stream through its own scheme: a ticket opens the door
    // that other programs use.
    async media(job) {
      const params = { path: { id: job } };
      const ticket = await answer(api.POST("/api/v1/jobs/{id}/media/ticket", { params }));
      return ticket.url ?? ticket.path;
    },
    async reveal(job) {
      await askWindow("reveal", { job });
    },
    setLanguage(code) {
      void askWindow("language", { language: code }).catch(ignore);
    },
    setOptions(wanted) {
      void askWindow("options", wanted).catch(ignore);
    },
    painted() {
      if (shown) return;
      shown = true;
      void askWindow("painted").catch(ignore);
    },
    open: (address) => runtime()?.BrowserOpenURL(address),
    onShow(then) {
      runtime()?.EventsOn("show", (e) => then((e as { job: string }).job));
    },
    attend,
    app: {
      state: () => standing("app"),
      setLogin: (on) => standing("login", { on }),
      installTool: () => standing("tool"),
    },
  };
}

async function standing(route: WindowRoute, body?: object): Promise<AppState> {
  const now = await askWindow<AppState>(route, body);
  if (!now) throw new Problem({ code: "internal", detail: "The window gave no answer." });
  return now;
}

// What the window does with these is its own affair: the page goes on either way.
function ignore(): void {}
