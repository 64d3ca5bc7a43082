// What the window is told of its page: whether somebody looks at it, so that
// nobody is notified of what they see; whether it is hidden, so that nothing is
// sent to what nobody can see; and how large it is now.
import { askWindow } from "../api/client";

const rest = 500; // ms without a change: the size is the one that is wanted

/** attend tells it from now on. It returns how to stop. */
export function attend(): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let told = "";
  let telling = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  // One after the other, or one might overtake the other.
  async function look(): Promise<void> {
    if (telling) return;
    telling = true;
    for (let now = seen(); JSON.stringify(now) !== told && !signal.aborted; now = seen()) {
      told = JSON.stringify(now);
      await askWindow("looking", now).catch(ignore);
    }
    telling = false;
  }

  const follow = () => void look();
  window.addEventListener("focus", follow, { signal });
  window.addEventListener("blur", follow, { signal });
  document.addEventListener("visibilitychange", follow, { signal });
  follow();

  const resized = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const size = { width: window.innerWidth, height: window.innerHeight };
      void askWindow("resized", size).catch(ignore);
    }, rest);
  };
  window.addEventListener("resize", resized, { signal });

  return () => {
    stop.abort();
    clearTimeout(timer);
  };
}

function seen(): { looking: boolean; hidden: boolean } {
  const { hidden } = document;
  return { looking: !hidden && document.hasFocus(), hidden };
}

// The page goes on either way.
function ignore(): void {}
