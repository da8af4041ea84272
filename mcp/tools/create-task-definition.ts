import { z } from 'zod';
import type { TaskDef } from '../../core/conductor/types.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import { sameCallWith } from '../authoring/store-definitions.ts';
import { defineTool } from '../engine/define-tool.ts';
import { jsonObject, shortText } from '../shared/fields.ts';
import { callOf } from '../shared/quote.ts';

/** The default lease. If the time limit of an attempt is shorter, the lease is as long as the time limit. */
const LEASE_SECONDS = 60;

export default defineTool({
  name: 'create_task_definition',
  title: 'Define task type',
  description:
    'Registers or updates a task type: how often a task is attempted (retries, backoff), time-outs, limits of rate and concurrency, wherever it is used.',
  toolset: 'author',
  permission: 'workflows:write',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    name: z
      .string()
      .refine((name) => /^[\w.-]{1,100}$/.test(name), 'must be 1 to 100 letters, digits, . _ or -')
      .describe('Name of the task type, e.g. charge_card'),
    description: shortText.optional().describe('What the task does'),
    retryCount: z.int().min(0).max(50).default(3).describe('Retries after the first attempt'),
    retryLogic: z
      .enum(['FIXED', 'LINEAR_BACKOFF', 'EXPONENTIAL_BACKOFF'])
      .default('EXPONENTIAL_BACKOFF')
      .describe('How the delay grows'),
    retryDelaySeconds: z.int().min(0).default(2).describe('Delay before the first retry'),
    timeoutSeconds: z.int().min(0).default(0).describe('Time limit of one attempt; 0: none'),
    responseTimeoutSeconds: z
      .int()
      .min(1)
      .optional()
      .describe('Lease: without a report for so long, another worker gets the task'),
    settings: jsonObject.optional().describe('Further fields, e.g. {"concurrentExecLimit":5}'),
    overwrite: z.boolean().default(false).describe('Replace it if it exists'),
  }),
  output: z.object({ name: z.string(), created: z.boolean() }),
}).handler(async (args, { conductor }) => {
  const { overwrite, settings, responseTimeoutSeconds, ...rest } = args;
  const lease = Math.min(LEASE_SECONDS, rest.timeoutSeconds || LEASE_SECONDS);
  const own = Object.entries(rest).filter(([, value]) => value !== undefined);
  const def = {
    timeoutPolicy: 'RETRY',
    ...settings,
    ...Object.fromEntries(own),
    responseTimeoutSeconds: responseTimeoutSeconds ?? lease,
  } as unknown as TaskDef; // lint checks its fields below
  const [{ lintTaskDef }, { findingLines }, { hasErrors }] = await Promise.all([
    import('../../workflows/lint/lint.ts'),
    import('../authoring/findings.ts'),
    import('../authoring/check-definition.ts'),
  ]);
  const findings = lintTaskDef(def);
  if (hasErrors(findings)) {
    throw new FleetError('input', `${def.name} was not registered:\n${findingLines(findings).join('\n')}`, {
      remedy: 'Correct these errors and call create_task_definition again.',
    });
  }
  const stored = await orUndefined(conductor.getTaskDef(def.name));
  if (stored && !overwrite) {
    throw new FleetError('conflict', `Task definition ${def.name} already exists and was not changed.`, {
      remedy: `See it: ${callOf('get_task_definition', { name: def.name })}\nTo replace it: ${sameCallWith({ tool: 'create_task_definition', args }, { overwrite: true })}`,
    });
  }
  await conductor.putTaskDefs([def]);
  const { name, retryCount, retryDelaySeconds, timeoutSeconds } = rest;
  const retries = retryCount > 0 ? `${retryCount} retries, the first after ${retryDelaySeconds} s` : 'no retries';
  const limit = timeoutSeconds > 0 ? `${timeoutSeconds} s per attempt` : 'no time limit';
  const lines = [
    `${stored ? 'Replaced' : 'Registered'} task definition ${name}: ${retries}, ${limit}, lease ${def.responseTimeoutSeconds} s.`,
    ...findingLines(findings),
  ];
  return { text: lines.join('\n'), structured: { name, created: stored === undefined } };
});
