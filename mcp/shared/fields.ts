import { z } from 'zod';
import { shownAs } from '../../core/contract.ts';

/*
 * Parameters and answer fields that several tools share. Most limits are checked by `refine`, so that the list of tools, which costs
 * every client tokens, does not show them.
 */

/** An execution's id. The allowed characters cannot lead to another path of the API. */
export const executionId = z
  .string()
  .refine((id) => /^[A-Za-z0-9_-]{1,100}$/.test(id), 'must be an id from execute_workflow or list_workflow_executions');

/** A workflow name for a search query. The server cannot quote a value there, so characters that have a meaning in a query are refused. */
export const workflowFilter = z
  .string()
  .refine(
    (name) => /^[A-Za-z0-9_.:-]{1,255}$/.test(name),
    'must be the full workflow name, of letters, digits, _ . : or -',
  );

/** A version of a workflow definition. */
export const definitionVersion = z.int().min(1);

/** Any JSON object. */
export const jsonObject = z.record(z.string(), z.unknown());

/** What went wrong in an execution: `taskRef`, `reason`, and `subExecutionId` if it failed in a sub-workflow. */
export const failure = shownAs(z.looseObject({ reason: z.string() }), { type: 'object' });

/** The name of a registered workflow, in any characters that the server allows. */
export const workflowName = z.string().min(1).max(255);

/** A description or reason. */
export const shortText = z.string().refine((text) => text.length <= 500, 'must be at most 500 characters long');

/** The name of a workflow that a tool registers: stricter than the server, so that it fits into paths, queries and file names. */
export const newWorkflowName = z
  .string()
  .refine((name) => NEW_WORKFLOW_NAME.test(name), 'must be 1 to 100 letters, digits, _ or -');
export const NEW_WORKFLOW_NAME = /^[A-Za-z0-9_-]{1,100}$/;

/** Fields of a stored definition that the server writes. */
export const SERVER_WRITTEN = ['createTime', 'updateTime', 'createdBy', 'updatedBy', 'ownerApp'];
