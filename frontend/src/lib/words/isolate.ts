/**
 * isolated puts a name from outside into a sentence so that it turns nothing
 * but itself around, whichever way it is written. What could end the isolation
 * from within is taken out.
 */
export function isolated(name: string): string {
  return `\u2068${name.replace(/[\u2066-\u2069]/gu, "")}\u2069`;
}
