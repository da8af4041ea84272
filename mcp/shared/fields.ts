import { z } from 'zod';
import { shownAs } from '../../core/contract.ts';

/** Parameters and answer fields that several tools share, so that they mean the same everywhere. */

/** An execution's id. The pattern is not shown in the list of tools, where it would cost more than it tells. Its characters leave no way to another path of the API. */
export const executionId = z
  .string()
  .refine(
    (id) => /^[A-Za-z0-9_-]{1,100}$/.test(id),
    'must be an id that execute_workflow or list_workflow_executions returned',
  );

/** The name of a workflow where it goes into a query. The server has no way to quote a value there, so only characters that mean nothing in one may pass. */
export const workflowFilter = z
  .string()
  .refine(
    (name) => /^[A-Za-z0-9_.:-]{1,255}$/.test(name),
    'must be a whole workflow name of letters, digits, _ . : or -',
  );

/** A version of a workflow definition. */
export const definitionVersion = z.int().min(1);

/** A JSON object of anything. */
export const jsonObject = z.record(z.string(), z.unknown());

/** What went wrong in an execution: `taskRef`, `reason`, and `subExecutionId` where it failed in a sub-workflow. */
export const failure = shownAs(z.looseObject({ reason: z.string() }), { type: 'object' });

/** The name of a registered workflow, in any characters that the server takes. */
export const workflowName = z.string().min(1).max(255);

/** What something is for. The limit is not shown in the list of tools, where it would cost more than it tells. */
export const shortText = z.string().refine((text) => text.length <= 500, 'must be at most 500 characters long');
