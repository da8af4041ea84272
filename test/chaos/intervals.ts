/** A period of time, in epoch milliseconds. */
export interface Interval {
  from: number;
  to: number;
}

/** Returns the union of the intervals, in order and without overlaps. */
export function union(intervals: readonly Interval[]): Interval[] {
  const joined: Interval[] = [];
  for (const { from, to } of [...intervals].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else if (to > from) joined.push({ from, to });
  }
  return joined;
}

/** Returns the periods that both lists cover. */
export function intersection(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const both = a.flatMap((one) =>
    b.map((other) => ({ from: Math.max(one.from, other.from), to: Math.min(one.to, other.to) })),
  );
  return union(both);
}

/** Returns how many milliseconds of a period the intervals cover. */
export function covered(stretch: Interval, intervals: readonly Interval[]): number {
  return intersection([stretch], union(intervals)).reduce((sum, { from, to }) => sum + to - from, 0);
}

export function overlaps(a: Interval, b: Interval): boolean {
  return a.from < b.to && b.from < a.to;
}
