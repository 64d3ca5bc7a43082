// Where in the page we are. Views live behind the hash of the address, so the
// server needs to know only one page.

export type Place = "queue" | "library" | "machine" | "models" | "settings" | "first" | "job";

/** Route is a place; a job may be opened at a segment of its transcript. */
export type Route = { place: Place; job: string; at?: number };

/** The places of the sidebar, in order. */
export const places = ["queue", "library", "machine", "models", "settings"] as const;

class Router {
  route = $state<Route>(parse(location.hash));
  /** Where the way back from a job leads. The job's view sets it as soon as it knows the job. */
  home = $state<"queue" | "library">("queue");
  /** The title of the job that is shown, once its view knows it. */
  title = $state("");

  /** Hears that a job's view is to be left, which then happens only by calling what it is given. */
  guard: ((go: () => void) => void) | undefined;

  constructor() {
    window.addEventListener("hashchange", (e) => {
      const [next, wanted, { guard }] = [parse(location.hash), location.hash, this];
      if (guard && (next.place !== "job" || next.job !== this.route.job)) {
        history.replaceState(null, "", e.oldURL); // nobody hears of this
        guard(() => {
          this.guard = undefined;
          location.hash = wanted;
        });
        return;
      }
      this.route = next;
      this.title = "";
      const { place } = this.route;
      if (place === "queue" || place === "library") this.home = place;
      // The heading of the new view takes the focus, so that keyboards and
      // screen readers start there. It is only there after the view has changed.
      requestAnimationFrame(focusHeading);
    });
  }

  go(place: Exclude<Place, "job">): void {
    location.hash = hashOf(place);
  }

  /** show leads to a job, and without one to the queue. */
  show(job: string): void {
    location.hash = hashOf(job ? "job" : "queue", job);
  }
}

/** hashOf is what a link to a place says. */
export function hashOf(place: Place, job = "", at?: number): string {
  if (place !== "job") return `#/${place}`;
  return `#/job/${encodeURIComponent(job)}${at ? `?at=${at}` : ""}`;
}

/** parse reads a hash. What it does not know is the queue. */
export function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [place = "", id = ""] = path.split("/");
  if (place === "job" && id) {
    try {
      const at = Number(/^at=([1-9]\d{0,8})$/.exec(query)?.[1]);
      return { place: "job", job: decodeURIComponent(id), ...(at ? { at } : {}) };
    } catch {
      return { place: "queue", job: "" };
    }
  }
  const known = [...places, "first" as const].find((p) => p === place);
  return { place: known ?? "queue", job: "" };
}

/** focusHeading begins a view at its top: give its heading `tabindex="-1"` and `data-heading`. */
export function focusHeading(): void {
  const heading = document.querySelector<HTMLElement>("[data-heading]");
  heading?.closest(".view")?.scrollTo?.(0, 0);
  heading?.focus({ preventScroll: true });
}

export const router = new Router();
