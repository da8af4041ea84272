import { FleetError } from '../../core/errors.ts';
import { nearNames } from '../shared/near-names.ts';
import { callOf, quote } from '../shared/quote.ts';
import type { Route } from './route.ts';
import { agentExecutions } from './routes/agent-executions.ts';
import { agents } from './routes/agents.ts';
import { definitions } from './routes/definitions.ts';
import { executions } from './routes/executions.ts';
import { reading } from './routes/reading.ts';
import { server } from './routes/server.ts';
import { tasks } from './routes/tasks.ts';
import { triggers } from './routes/triggers.ts';

/**
 * Every route that a server of version 3.32.1 has in its delivered configuration, from its source. Those that only a configuration adds
 * (files, skills, message queues, payloads in PostgreSQL) and those of the agent-to-agent protocol are not among them.
 */
export const catalogue: readonly Route[] = [
  ...reading,
  ...executions,
  ...tasks,
  ...definitions,
  ...triggers,
  ...server,
  ...agents,
  ...agentExecutions,
];

const byName = new Map(catalogue.map((route) => [route.name, route]));

/** @throws FleetError `not-found` with names that are like it */
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

/** The routes whose name, path and purpose fit the words best; all of them, where there are no words. */
export function searchRoutes(query: string): Route[] {
  const words = wordsOf(query);
  if (words.length === 0) return [...catalogue];
  return catalogue
    .map((route) => ({ route, score: scoreOf(route, words) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ route }) => route);
}

/** A word in the name counts most. Other forms of a word begin alike. */
function scoreOf({ name, path, purpose, trap = '', method }: Route, words: readonly string[]): number {
  const places = [
    { weight: 4, words: wordsOf(name) },
    { weight: 2, words: wordsOf(purpose) },
    { weight: 2, words: [...wordsOf(path), method.toLowerCase()] },
    { weight: 0.5, words: wordsOf(trap) },
  ];
  return words.reduce((sum, word) => {
    const best = Math.max(
      ...places.map((place) => place.weight * Math.max(0, ...place.words.map((w) => alike(w, word)))),
    );
    return sum + best;
  }, 0);
}

function alike(a: string, b: string): number {
  if (a === b) return 1;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.length >= 4 && long.startsWith(short.slice(0, -1)) ? 0.7 : 0;
}

/** `getWorkflowDef` is get, workflow and def; an execution is what the server's paths call a workflow. */
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
