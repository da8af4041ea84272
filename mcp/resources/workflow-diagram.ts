import { z } from 'zod';
import { versionInAddress } from '../reading/address.ts';
import { versions, workflowNames } from '../reading/completers.ts';
import { defineResource } from '../reading/define-resource.ts';
import { workflowName } from '../shared/fields.ts';
import { findWorkflow } from '../shared/find-workflow.ts';
import { diagramFormat, drawAs, formats } from './shared/diagram-format.ts';

export default defineResource({
  name: 'workflow_diagram',
  title: 'Picture of a workflow',
  description: 'A workflow definition as a picture: format svg (default), mermaid or text.',
  uriTemplate: 'conductor://workflows/{name}/diagram{?version,format}',
  mimeType: 'image/svg+xml',
  permission: 'workflows:read',
  params: z.strictObject({ name: workflowName, version: versionInAddress.optional(), format: diagramFormat }),
  complete: { name: workflowNames, version: versions, format: formats },
}).reader(async ({ format, ...which }, context) => {
  const def = await findWorkflow(which, context.definitions);
  const { drawDefinition } = await import('../../workflows/diagram/draw.ts');
  return drawAs(format, drawDefinition(def));
});
