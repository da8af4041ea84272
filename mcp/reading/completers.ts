import { latestAttempts } from '../../core/conductor/execution-facts.ts';
import { isLock } from '../../core/conductor/lock-names.ts';
import { orUndefined } from '../../core/errors.ts';
import type { ReadContext } from '../engine/define-tool.ts';
import { executionId } from '../shared/fields.ts';

/** Lists all possible values, the best first. The typed text filters them later. `others` are the values of the other arguments so far. */
export type Completer = (others: Readonly<Record<string, string>>, context: ReadContext) => Promise<readonly string[]>;

/** Names of registered workflows. */
export const workflowNames: Completer = async (_others, { definitions }) =>
  [...(await definitions.index()).keys()].filter((name) => !isLock(name)).sort();

/** Versions of the workflow `name`, the highest first. */
export const versions: Completer = async ({ name = '' }, { definitions }) =>
  ((await definitions.index()).get(name) ?? []).map(({ version }) => String(version)).reverse();

/** Ids of the executions that started last. */
export const executionIds: Completer = async (_others, { conductor }) => {
  const { results } = await conductor.searchExecutions({ start: 0, size: 100 });
  return results.map(({ workflowId }) => workflowId);
};

/** References of the tasks in the execution `executionId`. */
export const taskRefs: Completer = async ({ executionId: id }, { conductor }) => {
  if (!executionId.safeParse(id).success) return [];
  const execution = await orUndefined(conductor.getExecution(String(id)));
  return latestAttempts(execution?.tasks ?? []).map((task) => task.referenceTaskName);
};

/** For each completer that shows what a tool shows: the tool. The lists that withhold the tool withhold the completion too. */
export const TOOL_OF_COMPLETER: ReadonlyMap<Completer, string> = new Map([
  [workflowNames, 'list_workflows'],
  [versions, 'list_workflows'],
  [executionIds, 'list_workflow_executions'],
  [taskRefs, 'get_execution_status'],
]);
