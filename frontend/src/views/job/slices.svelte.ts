// A long text comes in slices, so that its first words are there at once.

const slice = 250; // pieces at a time

/**
 * slices says how many pieces of a text are drawn by now, and draws up to one of
 * them at once. It is called while a component starts.
 */
export function slices(whole: () => number): { readonly drawn: number; reach(piece: number): boolean } {
  let drawn = $state(slice);

  $effect(() => {
    if (drawn >= whole()) return;
    const next = requestAnimationFrame(() => (drawn += slice));
    return () => cancelAnimationFrame(next);
  });

  return {
    get drawn() {
      return drawn;
    },
    /** reach says whether a piece is drawn already, and sees to it when it is not. */
    reach(piece) {
      if (piece < drawn) return true;
      drawn = piece + slice;
      return false;
    },
  };
}
