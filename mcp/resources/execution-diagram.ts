import { z } from 'zod';
import type { Execution } from '../../core/conductor/types.ts';
import { executionIds } from '../reading/completers.ts';
import { defineResource } from '../reading/define-resource.ts';
import { executionId } from '../shared/fields.ts';
import { orNoExecution } from '../shared/find-execution.ts';
import { diagramFormat, drawAs, formats } from './shared/diagram-format.ts';

export default defineResource({
  name: 'execution_diagram',
  title: 'Picture of an execution',
  description:
    'An execution as a picture with states, durations and the branches taken: format svg (default), mermaid or text.',
  uriTemplate: 'conductor://executions/{executionId}/diagram{?format}',
  mimeType: 'image/svg+xml',
  permission: 'executions:read',
  params: z.strictObject({ executionId, format: diagramFormat }),
  complete: { executionId: executionIds, format: formats },
}).reader(async ({ executionId: id, format }, { conductor, definitions }) => {
  const execution = await orNoExecution(conductor.getExecution(id), id);
  const { workflowName, workflowVersion } = execution;
  const def = ownDefinition(execution) ?? (await definitions.get(workflowName, workflowVersion));
  const { drawExecution } = await import('../../workflows/diagram/draw.ts');
  return drawAs(format, drawExecution(def, execution, Date.now()));
});

const definition = z.looseObject({ name: z.string(), version: z.int().default(1), tasks: z.array(z.unknown()) });

/** The definition that the execution was started with; the server stores it in the execution. */
function ownDefinition({ workflowDefinition }: Execution) {
  return definition.safeParse(workflowDefinition).data;
}
