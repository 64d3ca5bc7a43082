// What the window is told of its page: whether somebody looks at it, so that
// nobody is notified of what they see, and how large it is now.
import { askWindow } from "../api/client";

const rest = 500; // ms without a change: the size is the one that is wanted

/** attend tells it from now on. It returns how to stop. */
export function attend(): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let told: boolean | undefined;
  let telling = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  // One after the other, or one might overtake the other.
  async function look(): Promise<void> {
    if (telling) return;
    telling = true;
    for (let now = looked(); now !== told && !signal.aborted; now = looked()) {
      told = now;
      await askWindow("looking", { looking: now }).catch(ignore);
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

function looked(): boolean {
  return !document.hidden && document.hasFocus();
}

// The page goes on either way.
function ignore(): void {}
