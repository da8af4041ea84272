import { z } from 'zod';
import { defineTool } from '../engine/define-tool.ts';
import { definitionVersion, jsonObject, workflowName } from '../shared/fields.ts';
import { MAX_WAIT_SECONDS, runOutput, runWorkflow, settleRun } from '../shared/run-workflow.ts';
import { onExistingChoices } from '../shared/start-once.ts';

const INPUT_LIMIT = 1_000_000;

export default defineTool({
  name: 'execute_workflow',
  title: 'Start workflow',
  description:
    'Starts (runs, triggers) a version of a registered workflow and returns its executionId, or waits for its output. The same idempotencyKey starts it only once.',
  toolset: 'workflows',
  byDefault: true,
  permission: 'workflows:execute',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  input: z.strictObject({
    name: workflowName.describe('Whole name, from list_workflows'),
    version: definitionVersion.optional().describe('Default: the highest'),
    input: jsonObject
      .refine(
        (input) => JSON.stringify(input).length <= INPUT_LIMIT,
        `must be at most ${INPUT_LIMIT} characters of JSON`,
      )
      .default({})
      .describe('Input of the workflow, e.g. {"orderId":17}'),
    idempotencyKey: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('Key of this start, or recipe from input: order-{orderId}'),
    onExisting: z
      .enum(onExistingChoices)
      .default('attach')
      .describe('If the key was used: return that run, start again if it failed, or start anyway'),
    correlationId: z.string().max(255).optional().describe('Mark to find it by later'),
    waitSeconds: z.int().min(0).max(MAX_WAIT_SECONDS).default(0).describe('Wait up to so long for the output'),
  }),
  output: runOutput,
}).handler(runWorkflow, { settle: settleRun });
