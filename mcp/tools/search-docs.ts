import { z } from 'zod';
import { defineTool } from '../engine/define-tool.ts';

export const output = z.object({
  sections: z.array(
    z.object({ section: z.string(), title: z.string(), uri: z.string(), text: z.string(), isWhole: z.boolean() }),
  ),
  total: z.int(),
});

export default defineTool({
  name: 'search_docs',
  title: 'Search the manual',
  description:
    'Looks up the documentation (manual, guide, reference) of this product: how to write a workflow, worker or dry run in TypeScript, which builder method fits, what a lint rule, setting, command or error means.',
  toolset: 'author',
  byDefault: true,
  permission: 'workflows:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    query: z.string().max(300).default('').describe('Words to look for, e.g. "loop over a list"; none: all documents'),
    section: z.string().min(1).max(200).optional().describe('Instead: one section, e.g. "guide#2-a-workflow"'),
    limit: z.int().min(1).max(20).default(5).describe('Most sections'),
  }),
  output,
}).handler(async (search, { maxResponseBytes }) => {
  const { searchDocs } = await import('../docs/answer-search.ts');
  return searchDocs(search, maxResponseBytes);
});
