/** The rows that are drawn: from the first up to, and without, the second. */
export type Range = readonly [from: number, to: number];

/** Rows above and below the sight that are drawn too. */
const SPARE = 12;
/** With so many spare rows left, nothing new is drawn. */
const ENOUGH = 6;

/**
 * The rows to draw so that those in sight are drawn, with some spare ones around them. The old range is kept while it has enough of them,
 * because drawing while somebody scrolls takes time.
 */
export function drawnRange(old: Range, [first, last]: Range, count: number): Range {
  const within = (n: number) => Math.max(0, Math.min(count, n));
  const hasEnough = old[0] <= within(first - ENOUGH) && old[1] >= within(last + ENOUGH);
  return hasEnough && old[1] <= count ? old : [within(first - SPARE), within(last + SPARE)];
}
