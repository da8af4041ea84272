import type { ToolListing } from '../../mcp/engine/tool-listing.ts';
import type { Golden } from './goldens.ts';
import { createRanking, type RankedTool } from './ranking.ts';
import type { Placed } from './selection.ts';

/** A model loads the definitions of at most this many tools before it calls one. */
const LOADED = 3;

/** Minimum share of the goldens whose tool is among the first three if only names and instructions are known. */
export const LEAST_BY_NAMES = 0.75;

/**
 * The words that the instructions of the server give for each tool: `name: words`, up to the end of the line or the next `;`. Many clients
 * show a model only these and the names of the tools, and load the definition of a tool when the model asks for it.
 */
export function wordsIn(instructions: string): Map<string, string> {
  const entries = [...instructions.matchAll(/\b([a-z]+(?:_[a-z]+)+): ([^;\n]+)/g)];
  return new Map(entries.map(([, name = '', words = '']) => [name, words]));
}

/** The tools as such a client knows them. */
export function knownByName(tools: readonly ToolListing[], instructions: string): RankedTool[] {
  const words = wordsIn(instructions);
  return tools.map(({ name }) => ({ name, description: words.get(name), inputSchema: {} }));
}

/** Ranks the tools for each golden by names and instructions. */
export function placeByNames(
  goldens: readonly Golden[],
  tools: readonly ToolListing[],
  instructions: string,
): { first: Placed[]; loaded: Placed[] } {
  const rank = createRanking(knownByName(tools, instructions));
  const rankWhole = createRanking(tools);
  const placed = goldens.map((golden) => {
    const found = rank(golden.request).flatMap(({ name, score }) => (score > 0 ? [name] : []));
    const loaded = found.slice(0, LOADED);
    const whole = rankWhole(golden.request).flatMap(({ name }) => (loaded.includes(name) ? [name] : []));
    return { first: placedIn(golden, found), loaded: placedIn(golden, whole) };
  });
  return { first: placed.map(({ first }) => first), loaded: placed.map(({ loaded }) => loaded) };
}

function placedIn(golden: Golden, names: readonly string[]): Placed {
  const at = names.findIndex((name) => golden.expected.includes(name));
  return { golden, rank: at < 0 ? undefined : at + 1, best: names.slice(0, LOADED) };
}
