import { z } from 'zod';
import { checkInput } from '../../core/conductor/start-checked.ts';
import { type Execution, hasEnded, type Task } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { placeOf, rerunnableBefore, whyRerunHangs } from '../../workflows/model/skip-and-rerun.ts';
import { defineTool } from '../engine/define-tool.ts';
import { definitionOf } from '../operate/execution-definition.ts';
import { executionId, jsonObject } from '../shared/fields.ts';
import { findExecution } from '../shared/find-execution.ts';
import { nearNames } from '../shared/near-names.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';

type Json = Record<string, unknown>;

export default defineTool({
  name: 'rerun_workflow',
  title: 'Run again from a task',
  description:
    'Goes back to a task (step) of an ended execution and replays it from there, or the whole of it, with changed or corrected input. All later tasks are deleted. To only repeat failed tasks use retry_workflow.',
  toolset: 'operate',
  permission: 'workflows:execute',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  input: z.strictObject({
    executionId: executionId.describe('Id of the ended execution'),
    taskRef: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('Reference name of the task to begin with; default: the start'),
    taskInput: jsonObject.optional().describe('Changed input of that task'),
    workflowInput: jsonObject.optional().describe('Changed input of the execution, for the tasks after it'),
    inputMode: z
      .enum(['merge', 'replace'])
      .default('merge')
      .describe('merge: only these fields change; replace: this is the whole input'),
  }),
  output: z.object({
    executionId: z.string(),
    before: z.string(),
    status: z.string(),
    fromTask: z.string().optional(),
  }),
}).handler(async ({ executionId: id, taskRef, taskInput, workflowInput, inputMode }, context) => {
  const { conductor } = context;
  const before = await findExecution(conductor, id);
  if (!hasEnded(before.status)) throw stillRuns(before);
  const task = taskRef === undefined ? undefined : rerunnable(before, taskRef);
  if (taskInput && !task) {
    throw new FleetError('input', 'taskInput needs taskRef, the task that gets this input.', {
      remedy: `See the tasks: ${callOf('get_execution_status', { executionId: id, detail: 'tasks' })}`,
    });
  }
  const changes = { taskInput: taskInput !== undefined, workflowInput: workflowInput !== undefined };
  const { guardRerun } = await import('../operate/gate-guard.ts');
  await guardRerun(before, { from: task, ...changes }, context);
  const merged = (old: Json, changed: Json) => (inputMode === 'merge' ? { ...old, ...changed } : changed);
  await conductor.rerun(id, {
    ...(task && { reRunFromTaskId: task.taskId }),
    ...(task && taskInput && { taskInput: merged(inputOf(task, inputMode), taskInput) }),
    ...(workflowInput && { workflowInput: checkInput(definitionOf(before), merged(before.input, workflowInput)) }),
  });
  const after = await findExecution(conductor, id, { includeTasks: false });
  const lines = [
    `${quoteIfUnusual(after.workflowName)} ${id} runs again from ${task ? quoteIfUnusual(task.referenceTaskName) : 'its start'}; was ${before.status}, is now ${after.status}.`,
  ];
  if (task && workflowInput && !taskInput)
    lines.push('That task kept its old input; only the tasks after it read the new workflow input.');
  lines.push(`Follow it: ${callOf('get_execution_status', { executionId: id })}`);
  return {
    text: lines.join('\n'),
    structured: {
      executionId: id,
      before: before.status,
      status: after.status,
      ...(task && { fromTask: task.referenceTaskName }),
    },
  };
});

function stillRuns({ workflowId: executionId, status }: Execution): FleetError {
  const end = callOf('terminate_workflow', { executionIds: [executionId], reason: 'It will run again from a task.' });
  return new FleetError('conflict', `${executionId} is ${status}; only an ended execution can run again.`, {
    remedy: `Wait until it has ended, or end it first: ${end}`,
  });
}

/** The last attempt of a task. @throws FleetError if there is none, or if a rerun from it would hang */
function rerunnable(execution: Execution, ref: string): Task {
  const { workflowId: executionId, tasks } = execution;
  const attempts = tasks.filter(({ referenceTaskName: name }) => name === ref || name.startsWith(`${ref}__`));
  const [task] = attempts.sort((a, b) => b.seq - a.seq);
  if (!task) throw unknownTask(execution, ref);
  const def = definitionOf(execution);
  const place = placeOf(def.tasks, ref);
  const why = place
    ? whyRerunHangs(place)
    : 'the task is not in the definition, because it was made while the execution ran';
  if (why === undefined) return task;
  const earlier = place && rerunnableBefore(def.tasks, place);
  const remedy = `Begin earlier: ${callOf('rerun_workflow', { executionId, ...(earlier && { taskRef: earlier }) })}`;
  const retry = failedIn(tasks)
    ? ` Or retry only the failed tasks: ${callOf('retry_workflow', { executionIds: [executionId] })}`
    : '';
  throw new FleetError('conflict', `A rerun from ${quoteIfUnusual(ref)} would make the execution hang: ${why}.`, {
    remedy: remedy + retry,
  });
}

function failedIn(tasks: readonly Task[]): boolean {
  return tasks.some(({ status }) => ['FAILED', 'FAILED_WITH_TERMINAL_ERROR', 'TIMED_OUT', 'CANCELED'].includes(status));
}

function unknownTask({ workflowId: executionId, tasks }: Execution, ref: string): FleetError {
  const refs = [...new Set(tasks.map(({ referenceTaskName }) => referenceTaskName))];
  const near = nearNames(ref, refs);
  const names = (near.length > 0 ? near : refs.slice(0, 20)).map(quoteIfUnusual).join(', ') || 'none';
  return new FleetError(
    'not-found',
    `${executionId} never reached a task ${quote(ref, 255)}. Its tasks are ${names}.`,
    {
      remedy: `See its tasks: ${callOf('get_execution_status', { executionId, detail: 'tasks' })}`,
    },
  );
}

/** The task's current input. The changed fields are merged into it. The server takes no new input for a sub-workflow, and does not show a large input. */
function inputOf(
  { taskType, subWorkflowId, inputData, externalInputPayloadStoragePath: elsewhere }: Task,
  mode: 'merge' | 'replace',
): Json {
  if (taskType === 'SUB_WORKFLOW') {
    throw new FleetError('input', 'The input of a sub-workflow cannot be changed from its parent.', {
      remedy: subWorkflowId
        ? `Run the sub-workflow itself again, with workflowInput: ${callOf('rerun_workflow', { executionId: subWorkflowId })}`
        : 'Begin at an earlier task, or change workflowInput.',
    });
  }
  if (elsewhere && mode === 'merge') {
    throw new FleetError(
      'input',
      'The input of this task is too large for the server to show, so taskInput cannot be merged into it.',
      {
        remedy: 'Give the whole input with "inputMode":"replace".',
      },
    );
  }
  return inputData;
}
