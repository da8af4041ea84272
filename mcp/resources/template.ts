import { z } from 'zod';
import type { Completer } from '../reading/completers.ts';
import { defineResource } from '../reading/define-resource.ts';

const names: Completer = async () => {
  const { listTemplates } = await import('../../workflows/templates/registry/templates.ts');
  return (await listTemplates()).map(({ name }) => name);
};

export default defineResource({
  name: 'template',
  title: 'Workflow template',
  description: 'A template: its definition as Conductor JSON, its TypeScript, the tasks it needs and an example input.',
  uriTemplate: 'conductor://templates/{name}',
  mimeType: 'application/json',
  permission: 'workflows:read',
  params: z.strictObject({ name: z.string().min(1).max(100) }),
  complete: { name: names },
}).reader(async ({ name }) => {
  const { getTemplate } = await import('../../workflows/templates/registry/templates.ts');
  const { title, description, whenToUse, definition, companions, tasks, exampleInput, source } =
    await getTemplate(name);
  const template = { name, title, description, whenToUse, definition, companions, tasks, exampleInput, source };
  return { text: JSON.stringify(template) };
});
