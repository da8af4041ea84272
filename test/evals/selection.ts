import type { Golden } from './goldens.ts';
import { createRanking, type RankedTool } from './ranking.ts';

/** A golden and the rank of its first acceptable tool. */
export interface Placed {
  readonly golden: Golden;
  /** 1 is the best. Undefined if the list has none of the golden's tools, or if none of them has a word in common with the request. */
  readonly rank: number | undefined;
  /** The names of the best-ranked tools. */
  readonly best: readonly string[];
}

/** Scores over all goldens. Each share is between 0 and 1. */
export interface Scores {
  readonly requests: number;
  readonly top1: number;
  readonly top3: number;
  /** Mean of 1/rank. */
  readonly mrr: number;
  /** Share of the goldens whose right tool is in the list. */
  readonly coverage: number;
}

/** Ranks the tools for each golden. The ranking compares words and asks no model. */
export function place(goldens: readonly Golden[], tools: readonly RankedTool[]): Placed[] {
  const rank = createRanking(tools);
  return goldens.map((golden) => {
    const ranked = rank(golden.request).filter(({ score }) => score > 0);
    const at = ranked.findIndex(({ name }) => golden.expected.includes(name));
    return { golden, rank: at < 0 ? undefined : at + 1, best: ranked.slice(0, 3).map(({ name }) => name) };
  });
}

/** Computes the scores from the ranks of the goldens. */
export function score(placed: readonly Placed[], tools: readonly RankedTool[]): Scores {
  const names = new Set(tools.map(({ name }) => name));
  const share = (fits: (one: Placed) => boolean) => placed.filter(fits).length / placed.length;
  return {
    requests: placed.length,
    top1: share(({ rank }) => rank === 1),
    top3: share(({ rank }) => rank !== undefined && rank <= 3),
    mrr: placed.reduce((sum, { rank }) => sum + (rank ? 1 / rank : 0), 0) / placed.length,
    coverage: share(({ golden }) => golden.expected.slice(0, 1).every((name) => names.has(name))),
  };
}

/** Describes each golden whose right tool is not ranked first, so that an author can improve a description. */
export function misses(placed: readonly Placed[]): string[] {
  return placed
    .filter(({ rank }) => rank !== 1)
    .map(
      ({ golden, rank, best }) =>
        `${golden.id} "${golden.request}"\n  wanted ${golden.expected.join(' or ')} (${rank ?? 'not found'}), got ${best.join(', ')}`,
    );
}

/** The minimum scores of the ranking by words, for every set of goldens. */
export const LEAST = { top1: 0.75, top3: 0.92, coverage: 1 } as const;

/** Returns one sentence for each minimum score that these tools miss. An empty list means that they miss none. */
export function shortfalls(goldens: readonly Golden[], tools: readonly RankedTool[]): string[] {
  const scores = score(place(goldens, tools), tools);
  return (Object.keys(LEAST) as (keyof typeof LEAST)[])
    .filter((measure) => scores[measure] < LEAST[measure])
    .map((measure) => `${measure} is ${scores[measure].toFixed(3)}, below the minimum of ${LEAST[measure]}`);
}
