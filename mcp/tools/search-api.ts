import { z } from 'zod';
import type { Route } from '../api/route.ts';
import { defineTool } from '../engine/define-tool.ts';
import { jsonObject } from '../shared/fields.ts';
import { callOf } from '../shared/quote.ts';

export default defineTool({
  name: 'search_api',
  title: 'Search the REST API',
  description:
    'Finds operations (endpoints) of the Conductor REST API that no other tool covers, by what they do: which there are, what they are called. Then describe_api, then invoke_api.',
  toolset: 'api',
  permission: 'workflows:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    query: z.string().max(200).default('').describe('Words for what it does, e.g. event handler; none: all'),
    limit: z.int().min(1).max(200).default(10).describe('Most operations to list'),
  }),
  output: z.object({
    /** `operation`, `call`, `purpose`, `effect`, and whether it is `allowed` for this caller. */
    operations: z.array(jsonObject),
    total: z.int(),
  }),
}).handler(async ({ query, limit }, { allows }) => {
  const { catalogue, searchRoutes } = await import('../api/catalogue.ts');
  const { effectOf } = await import('../api/route.ts');
  const found = searchRoutes(query);
  const isAllowed = (route: Route) => route.refused === undefined && allows(route.permission);
  const shown = found.slice(0, limit);
  const lines = shown.map((route) =>
    [
      route.name,
      `${route.method} ${route.path}`,
      effectOf(route),
      ...(isAllowed(route) ? [] : ['not allowed']),
      route.purpose,
    ].join(' | '),
  );
  const [first] = shown;
  const text = first
    ? [
        `${shown.length} of ${found.length} operations, the best match first:`,
        ...lines,
        `See what an operation takes: ${callOf('describe_api', { operation: first.name })}`,
        ...(found.length > limit && limit < 200 ? [`More: ${callOf('search_api', { query, limit: 200 })}`] : []),
      ].join('\n')
    : `None of the ${catalogue.length} operations matches. Try other words, or see all: ${callOf('search_api', { limit: 200 })}`;
  return {
    text,
    structured: {
      operations: shown.map((route) => ({
        operation: route.name,
        call: `${route.method} ${route.path}`,
        purpose: route.purpose,
        effect: effectOf(route),
        allowed: isAllowed(route),
      })),
      total: found.length,
    },
  };
});
