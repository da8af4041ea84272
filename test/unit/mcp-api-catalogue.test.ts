import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { release } from '../../core/conductor/embedded/install/release.ts';
import { catalogue } from '../../mcp/api/catalogue.ts';

/** What `/api-docs` of a real server documents. It is stored, because the server computes for up to two minutes before its first answer. */
const documented = z
  .object({ version: z.string(), routes: z.array(z.string()) })
  .parse(JSON.parse(readFileSync(new URL('../support/documented-routes.json', import.meta.url), 'utf8')));

/** Routes of the server's pages, of payloads outside the database, and of the agent-to-agent protocol. */
const LEFT_OUT = [
  'GET /api/tasks/external-storage-location',
  'GET /api/workflow/external-storage-location',
  'GET /context.js',
  'GET /health',
  'POST /api/a2a/agent-card',
  'POST /api/a2a/callback/{}',
];

test('the stored routes are those of the release that the product starts', () => {
  expect(documented.version, 'store the paths of `/api-docs` again').toBe(release.version);
});

test('the catalogue contains every route that the server documents, except those that it leaves out', () => {
  const known = new Set(catalogue.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`));
  expect(documented.routes.length).toBeGreaterThan(100);
  expect(documented.routes.filter((route) => !known.has(route))).toEqual(LEFT_OUT);
});
