import type { Golden } from './goldens.ts';
import { createRanking, type RankedTool } from './ranking.ts';

/** A golden and where its first right tool stands in the ranking. */
export interface Placed {
  readonly golden: Golden;
  /** 1 for the best; undefined where none of its tools is in the list, or none has a word in common with it. */
  readonly rank: number | undefined;
  /** The tools that came first. */
  readonly best: readonly string[];
}

/** Shares of the goldens, from 0 to 1. */
export interface Scores {
  readonly requests: number;
  readonly top1: number;
  readonly top3: number;
  /** Mean of 1/rank. */
  readonly mrr: number;
  /** Share whose first expected tool is in the list. */
  readonly coverage: number;
}

/** Ranks the tools for every golden by words alone. */
export function place(goldens: readonly Golden[], tools: readonly RankedTool[]): Placed[] {
  const rank = createRanking(tools);
  return goldens.map((golden) => {
    const ranked = rank(golden.request).filter(({ score }) => score > 0);
    const at = ranked.findIndex(({ name }) => golden.expected.includes(name));
    return { golden, rank: at < 0 ? undefined : at + 1, best: ranked.slice(0, 3).map(({ name }) => name) };
  });
}

/** Sums up the places of goldens. */
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

/** One line for each golden that was not placed first, for somebody who mends a description. */
export function misses(placed: readonly Placed[]): string[] {
  return placed
    .filter(({ rank }) => rank !== 1)
    .map(
      ({ golden, rank, best }) =>
        `${golden.id} "${golden.request}"\n  wanted ${golden.expected.join(' or ')} (${rank ?? 'not found'}), got ${best.join(', ')}`,
    );
}

/** What the choice by words alone has to reach on every set of goldens. */
export const LEAST = { top1: 0.75, top3: 0.92, coverage: 1 } as const;

/** One sentence for each threshold that the goldens miss with these tools; empty is good. */
export function shortfalls(goldens: readonly Golden[], tools: readonly RankedTool[]): string[] {
  const scores = score(place(goldens, tools), tools);
  return (Object.keys(LEAST) as (keyof typeof LEAST)[])
    .filter((measure) => scores[measure] < LEAST[measure])
    .map((measure) => `${measure} is ${scores[measure].toFixed(3)}, below ${LEAST[measure]}`);
}
