import { z } from 'zod';
import { versionInAddress } from '../reading/address.ts';
import { versions, workflowNames } from '../reading/completers.ts';
import { defineResource } from '../reading/define-resource.ts';
import { workflowName } from '../shared/fields.ts';
import { findWorkflow } from '../shared/find-workflow.ts';

export default defineResource({
  name: 'workflow_version',
  title: 'One version of a workflow',
  description: 'One version of a workflow definition as the server stores it.',
  uriTemplate: 'conductor://workflows/{name}/{version}',
  mimeType: 'application/json',
  permission: 'workflows:read',
  params: z.strictObject({ name: workflowName, version: versionInAddress }),
  complete: { name: workflowNames, version: versions },
  mostCharacters: 50_000,
}).reader(async (which, context) => ({ text: JSON.stringify(await findWorkflow(which, context.definitions)) }));
