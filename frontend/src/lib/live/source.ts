// Where live events come from. In a browser they are server-sent events; in
// the app's window the same JSON comes as an event of the window's runtime.
import type { EventKind, LiveEvent } from "../api/types";
import { runtime } from "../shell/runtime";

/** Listener is told what happens on the wire. */
export type Listener = {
  /** Events flow from now on: fetch the board. */
  opened(): void;
  /** Events stopped. They will be sought again. */
  lost(): void;
  event(e: LiveEvent): void;
};

/** LiveSource starts listening and returns how to stop. */
export type LiveSource = { start(to: Listener): () => void };

/** liveSource chooses by where the page lives. */
export function liveSource(): LiveSource {
  return runtime() ? windowSource() : streamSource();
}

const kinds: Record<EventKind, true> = {
  job: true,
  gone: true,
  progress: true,
  segment: true,
  memory: true,
  line: true,
  model: true,
  settings: true,
  reset: true,
};

/** What a browser gives up on is asked again after this long. */
const againAfter = 3000;

/** streamSource listens to the server's event stream. The browser reconnects by itself and says where it was. */
export function streamSource(address = "/api/v1/events"): LiveSource {
  return {
    start(to) {
      let stream: EventSource;
      let timer: ReturnType<typeof setTimeout> | undefined;

      const connect = () => {
        timer = undefined;
        stream = new EventSource(address);
        stream.onopen = () => to.opened();
        stream.onerror = () => {
          to.lost();
          // After an HTTP error the browser does not try again.
          if (stream.readyState === EventSource.CLOSED) timer ??= setTimeout(connect, againAfter);
        };
        for (const kind of Object.keys(kinds)) {
          stream.addEventListener(kind, (e) =>
            to.event(JSON.parse((e as MessageEvent<string>).data) as LiveEvent),
          );
        }
      };
      connect();
      return () => {
        clearTimeout(timer);
        stream.close();
      };
    },
  };
}

/** windowSource listens to the runtime of the app's window. */
export function windowSource(): LiveSource {
  return {
    start(to) {
      const off = runtime()?.EventsOn("live", (e) => to.event(e as LiveEvent));
      to.opened();
      return () => off?.();
    },
  };
}
