import { z } from 'zod';
import { type Endpoint, endpoint } from '../engine/endpoint.ts';
import { corpus } from './corpus.ts';

/** A page of the built-in corpus. */
export interface Page {
  title: string;
  snippet: string;
  source: string;
}

const TITLE_WEIGHT = 2;
const MOST_RESULTS = 5;
const unhelpful = new Set(
  'a an and are as at be by can do does for from how in is it its of on or that the this to was what when where which who why will with you your'.split(
    ' ',
  ),
);

/** Pages that share words with the query, best match first. */
export function searchCorpus(query: string, limit = MOST_RESULTS): Page[] {
  const wanted = wordsOf(query);
  const scored = corpus.map((page) => ({
    page,
    score: TITLE_WEIGHT * overlap(wanted, wordsOf(page.title)) + overlap(wanted, wordsOf(page.snippet)),
  }));
  return scored
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, limit)
    .map(({ page }) => page);
}

/** The query of the search service and of the MCP tool. */
export const searchQuery = z.string().trim().min(1).max(500).describe('Words to look for.');

/** The search service. It also takes POST, because Conductor's HTTP task does not encode the values that it writes into an address. */
export function searchEndpoints(): Endpoint[] {
  return (['GET', 'POST'] as const).map((method) =>
    endpoint({
      method,
      path: '/search',
      summary: 'search a few pages about durable workflows: q, limit',
      kind: 'read',
      input: z.object({ q: searchQuery, limit: z.coerce.number().int().min(1).max(20).optional() }),
      handle: ({ q, limit }) => ({ status: 200, body: { results: searchCorpus(q, limit) } }),
    }),
  );
}

function wordsOf(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
  // "retries" must match "retry", and "workflows" must match "workflow".
  return new Set(
    words.filter((word) => !unhelpful.has(word)).map((word) => word.replace(/ies$/, 'y').replace(/s$/, '')),
  );
}

function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  return [...a].filter((word) => b.has(word)).length;
}
