import { FleetError } from '../../core/errors.ts';
import { nearNames } from '../shared/near-names.ts';
import { callOf, quote } from '../shared/quote.ts';
import { wordSearch } from '../shared/word-search.ts';
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

/** The routes that match the words of the query, best match first. A match in the name counts most. A query without words finds every route. */
export const searchRoutes = wordSearch(catalogue, ({ name, path, purpose, trap = '', method }) => [
  { weight: 4, text: name },
  { weight: 2, text: purpose },
  { weight: 2, text: `${path} ${method}` },
  { weight: 0.5, text: trap },
]);
