import { z } from 'zod';
import type { Route } from '../api/route.ts';
import { defineTool } from '../engine/define-tool.ts';
import { jsonObject } from '../shared/fields.ts';
import { callOf } from '../shared/quote.ts';

export default defineTool({
  name: 'describe_api',
  title: 'Describe an API operation',
  description:
    'Explains one operation (endpoint) of the REST API: which parameters, arguments and body it takes, what it returns, the permission it needs, its traps, and a call of invoke_api to fill in.',
  toolset: 'api',
  permission: 'workflows:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({ operation: z.string().min(1).max(100).describe('Name of the operation, from search_api') }),
  output: z.object({
    operation: z.string(),
    call: z.string(),
    effect: z.string(),
    permission: z.string(),
    allowed: z.boolean(),
    path: z.array(z.string()),
    /** Types by name. `!` marks a required parameter. */
    query: jsonObject,
    bodyFields: z.array(z.string()).optional(),
    answer: z.string(),
  }),
}).handler(async ({ operation }, { allows, caller }) => {
  const { bodyInWords } = await import('../api/api-request.ts');
  const { findRoute } = await import('../api/catalogue.ts');
  const { effectOf, fieldsOfBody, pathParameters } = await import('../api/route.ts');
  const route = findRoute(operation);
  const { name, method, path, purpose, permission, query = {}, answer, trap, instead, refused, writesWith } = route;
  const allowed = refused === undefined && allows(permission);
  const inPath = pathParameters(route);
  const fields = fieldsOfBody(route);
  const queries = Object.entries(query).map(([of, type]) => `${of} ${type.replace('!', ', required')}`);
  const lines = [
    `${name}: ${method} ${path}. ${purpose}`,
    `${effectOf(route)}; needs ${permission}${writesWith ? `, and workflows:write where the body has ${writesWith}` : ''}${allowed ? '' : refused ? `; refused for every role, because ${refused}` : `; the role ${caller.role} does not have this permission`}.`,
    ...(inPath.length > 0 ? [`Path: ${inPath.join(', ')}.`] : []),
    ...(queries.length > 0 ? [`Query: ${queries.join('; ')}.`] : []),
    ...(route.body ? [`Body: ${bodyInWords(route)}.`] : []),
    `The answer is ${ANSWERS[answer]}.`,
    ...(trap ? [`Note: ${trap}`] : []),
    ...(instead ? [`The tool ${instead} does this with more care.`] : []),
    ...(allowed ? [`A call to fill in: ${callOf('invoke_api', skeletonOf(route, inPath))}`] : []),
  ];
  return {
    text: lines.join('\n'),
    structured: {
      operation: name,
      call: `${method} ${path}`,
      effect: effectOf(route),
      permission,
      allowed,
      path: inPath,
      query: { ...query },
      ...(fields && { bodyFields: [...fields] }),
      answer,
    },
  };
});

const ANSWERS: Record<Route['answer'], string> = {
  object: 'a JSON object',
  array: 'a JSON array',
  text: 'text',
  number: 'a number',
  nothing: 'empty',
  any: 'JSON, text or empty',
};

function skeletonOf(route: Route, inPath: readonly string[]): Record<string, unknown> {
  const path = Object.fromEntries(inPath.map((name) => [name, name]));
  const required = Object.entries(route.query ?? {}).filter(([, type]) => type.endsWith('!'));
  const body = route.body === 'text' ? 'text' : route.body === 'strings' || route.body?.endsWith('[]') ? [] : {};
  return {
    operation: route.name,
    ...(Object.keys(path).length > 0 && { path }),
    ...(required.length > 0 && { query: Object.fromEntries(required.map(([name]) => [name, name])) }),
    ...(route.body && { body }),
    ...(route.destructive && { confirm: true }),
  };
}
