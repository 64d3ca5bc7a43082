// Addresses of files on the web, as people type and paste them. Where one may
// lead is the server's question.

/** Wrong is why a text is no address to fetch from. */
export type Wrong = "missing" | "scheme" | "broken";

/** webAddress reads what a field says. */
export function webAddress(text: string): { address: string } | { wrong: Wrong } {
  const address = text.trim();
  if (address === "") return { wrong: "missing" };
  if (!/^https?:/i.test(address)) return { wrong: "scheme" };
  // A browser would mend these; the server takes what it gets.
  const whole = /^https?:\/\/[^/?#]\S*$/i.test(address) && readable(address);
  return whole ? { address } : { wrong: "broken" };
}

function readable(address: string): boolean {
  try {
    return new URL(address).hostname !== "";
  } catch {
    return false;
  }
}

/** pasted is the address that is pasted into the page itself, and not into a field. */
export function pasted(e: ClipboardEvent): string | undefined {
  if (e.target instanceof Element && e.target.closest("input, textarea, [contenteditable]")) return undefined;
  const found = webAddress(e.clipboardData?.getData("text/plain") ?? "");
  return "address" in found ? found.address : undefined;
}
