/**
 * whileVisible does something now and then, as long as the page is looked at:
 * at once, every so many milliseconds, and when the page comes back into view.
 * It returns how to stop.
 */
export function whileVisible(every: number, run: () => void): () => void {
  let timer: ReturnType<typeof setInterval> | undefined;
  const follow = () => {
    clearInterval(timer);
    timer = undefined;
    if (document.hidden) return;
    run();
    timer = setInterval(run, every);
  };
  document.addEventListener("visibilitychange", follow);
  follow();
  return () => {
    document.removeEventListener("visibilitychange", follow);
    clearInterval(timer);
  };
}
