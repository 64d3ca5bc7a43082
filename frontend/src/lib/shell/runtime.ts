// What the app's window puts into its page. Nothing of it is imported: the
// same build runs in a browser, where it is not there.

/** Runtime is the part of the window's runtime that the page uses. */
export type Runtime = {
  EventsOn(name: string, callback: (data: unknown) => void): () => void;
  ClipboardSetText(text: string): Promise<boolean>;
  BrowserOpenURL(address: string): void;
};

declare global {
  interface Window {
    runtime?: Partial<Runtime>;
  }
}

/** runtime gives the window's runtime, or undefined in a browser. */
export function runtime(): Runtime | undefined {
  const r = window.runtime;
  return typeof r?.EventsOn === "function" ? (r as Runtime) : undefined;
}
