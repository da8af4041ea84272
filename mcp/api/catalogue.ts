import { FleetError } from '../../core/errors.ts';
import { nearNames } from '../shared/near-names.ts';
import { callOf, quote } from '../shared/quote.ts';
import { type Route, routeOf } from './route.ts';
import { agentRoutes } from './routes/agent-routes.ts';
import { definitionRoutes } from './routes/definition-routes.ts';
import { executionRoutes } from './routes/execution-routes.ts';
import { serverRoutes } from './routes/server-routes.ts';
import { taskRoutes } from './routes/task-routes.ts';

/**
 * Every route of a Conductor server in its default configuration, read from the server's source. Routes that need an option
 * (files, skills, message queues, payloads in PostgreSQL) and routes of the agent-to-agent protocol are left out.
 */
export const catalogue: readonly Route[] = [
  ...executionRoutes,
  ...taskRoutes,
  ...definitionRoutes,
  ...serverRoutes,
  ...agentRoutes,
].map(routeOf);

const byName = new Map(catalogue.map((route) => [route.name, route]));

/** @throws FleetError `not-found` with similar names */
export function findRoute(name: string): Route {
  const found = byName.get(name);
  if (found) return found;
  const near = nearNames(name, [...byName.keys()]);
  throw new FleetError('not-found', `The catalogue has no operation ${quote(name, 100)}.`, {
    remedy: near[0]
      ? `Similar ones are ${near.join(', ')}: ${callOf('describe_api', { operation: near[0] })}`
      : `Search for it: ${callOf('search_api', { query: 'what it should do' })}`,
  });
}

/** The routes that match the words of the query, best match first. A query without words finds every route. */
export function searchRoutes(query: string): Route[] {
  const words = wordsOf(query);
  if (words.length === 0) return [...catalogue];
  return catalogue
    .map((route) => ({ route, score: scoreOf(route, words) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ route }) => route);
}

/** Adds up the best match of each word. A match in the name counts most. */
function scoreOf({ name, path, purpose, trap = '', method }: Route, words: readonly string[]): number {
  const places = [
    { weight: 4, words: wordsOf(name) },
    { weight: 2, words: wordsOf(purpose) },
    { weight: 2, words: [...wordsOf(path), method.toLowerCase()] },
    { weight: 0.5, words: wordsOf(trap) },
  ];
  return words.reduce((sum, word) => {
    const best = Math.max(
      ...places.map((place) => place.weight * Math.max(0, ...place.words.map((w) => similarity(w, word)))),
    );
    return sum + best;
  }, 0);
}

/** How similar two words are: 1 if they are equal, 0.7 if one word begins with the other without its last letter, as `pausing` begins with `paus`. */
function similarity(a: string, b: string): number {
  if (a === b) return 1;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.length >= 4 && long.startsWith(short.slice(0, -1)) ? 0.7 : 0;
}

/** `getWorkflowDef` becomes get, workflow and def. */
function wordsOf(text: string): string[] {
  return text
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 1 && !STOP_WORDS.has(word));
}

const STOP_WORDS = new Set(
  'the an of to in on is are it and or for with by which what how all api its from at be'.split(' '),
);
