import { z } from 'zod';
import { shownAs } from '../../core/contract.ts';
import { clip } from '../../core/text.ts';
import { defineTool, type Tool } from '../engine/define-tool.ts';
import { MAX_WAIT_SECONDS, runOutput, runWorkflow, settleRun } from '../shared/run-workflow.ts';
import type { Offered } from './choose-workflows.ts';
import { inputSchemaOf } from './input-schema.ts';

/** A longer purpose is cut, because every client pays for it in the list of tools. */
const PURPOSE_LIMIT = 280;

/**
 * A tool that runs one version of a workflow. A call waits for the output as long as the definition says. If the execution takes longer
 * or waits for a person, the answer is the execution's id. The start checks the input against the whole schema.
 */
export function workflowTool({ def, offer }: Offered, name: string): Tool {
  const { readOnly, destructive, idempotent, openWorld, idempotencyKey } = offer;
  const waitSeconds = Math.min(offer.waitSeconds, MAX_WAIT_SECONDS);
  const purpose = clip(offer.purpose.replace(/\s+/g, ' ').trim(), PURPOSE_LIMIT).replace(/[^.!?]$/, '$&.');
  const version = def.version;
  const tool = defineTool({
    name,
    title: clip(def.name, 80),
    description: `${purpose} (Workflow, version ${version}${waitSeconds > 0 ? `; waits up to ${waitSeconds} s` : ''}, then returns an executionId.)`,
    toolset: 'workflows',
    byDefault: true,
    permission: 'workflows:execute',
    annotations: {
      readOnlyHint: readOnly,
      destructiveHint: destructive,
      idempotentHint: idempotent,
      openWorldHint: openWorld,
    },
    input: shownAs(z.looseObject({}), inputSchemaOf(def)),
    output: runOutput,
  }).handler(
    (input, context) =>
      runWorkflow({ name: def.name, version, input, idempotencyKey, onExisting: 'attach', waitSeconds }, context),
    { settle: settleRun },
  );
  return { ...tool, workflow: def.name };
}
