import { z } from 'zod';
import { defineResource } from '../reading/define-resource.ts';

export default defineResource({
  name: 'templates',
  title: 'Workflow templates',
  description: 'Patterns with which to begin a workflow, and the purpose of each.',
  uriTemplate: 'conductor://templates',
  mimeType: 'text/plain',
  permission: 'workflows:read',
  params: z.strictObject({}),
}).reader(async () => {
  const { listTemplates } = await import('../../workflows/templates/registry/templates.ts');
  const rows = (await listTemplates()).map(({ name, title, whenToUse }) => `${name} | ${title} | ${whenToUse}`);
  return { text: ['name | what | when', ...rows].join('\n') };
});
