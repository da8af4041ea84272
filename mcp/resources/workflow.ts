import { z } from 'zod';
import { workflowNames } from '../reading/completers.ts';
import { defineResource } from '../reading/define-resource.ts';
import { workflowName } from '../shared/fields.ts';
import { findWorkflow } from '../shared/find-workflow.ts';

export default defineResource({
  name: 'workflow',
  title: 'Workflow definition',
  description: 'The highest version of a workflow as the server stores it.',
  uriTemplate: 'conductor://workflows/{name}',
  mimeType: 'application/json',
  permission: 'workflows:read',
  params: z.strictObject({ name: workflowName }),
  complete: { name: workflowNames },
  mostCharacters: 50_000,
}).reader(async ({ name }, context) => ({ text: JSON.stringify(await findWorkflow({ name }, context.definitions)) }));
