import { z } from 'zod';
import { type Execution, hasEnded, type Task } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { placeOf, readersOf, whySkippingHangs } from '../../workflows/model/skip-and-rerun.ts';
import { walk } from '../../workflows/model/walk.ts';
import { defineTool } from '../engine/define-tool.ts';
import { definitionOf } from '../operate/execution-definition.ts';
import { callsToAnswer } from '../operate/open-work.ts';
import { executionId } from '../shared/fields.ts';
import { findExecution } from '../shared/find-execution.ts';
import { nearNames } from '../shared/near-names.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';

export default defineTool({
  name: 'skip_task',
  title: 'Skip a task',
  description:
    'Leaves out a task (step) that is not needed and that a running execution has not reached yet: the execution carries on without it, and its output is empty. To answer an open task use signal_workflow or decide_approval.',
  toolset: 'operate',
  permission: 'workflows:execute',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  input: z.strictObject({
    executionId: executionId.describe('Id of the execution'),
    taskRef: z.string().min(1).max(255).describe('Reference name of the task in the definition'),
  }),
  output: z.object({
    executionId: z.string(),
    taskRef: z.string(),
    skipped: z.boolean(),
    status: z.string(),
    readBy: z.array(z.string()),
  }),
}).handler(async ({ executionId: id, taskRef }, context) => {
  const { conductor } = context;
  const execution = await findExecution(conductor, id);
  const present = lastOf(execution, taskRef);
  const readBy = present ? [] : mustBeSkippable(execution, taskRef);
  if (present && present.status !== 'SKIPPED') throw reached(execution, present);
  if (!present) {
    const { guardSkip } = await import('../operate/gate-guard.ts');
    await guardSkip(execution, taskRef, context);
  }
  if (!present)
    await skip(
      () => conductor.skipTask(id, taskRef),
      () => findExecution(conductor, id),
      taskRef,
    );
  const { status } = await findExecution(conductor, id, { includeTasks: false });
  const head = present
    ? `${quoteIfUnusual(taskRef)} was already skipped.`
    : `${quoteIfUnusual(taskRef)} of ${id} is skipped: it will not run.`;
  const empty =
    readBy.length > 0 ? [`These tasks read its output and get null: ${readBy.map(quoteIfUnusual).join(', ')}.`] : [];
  return {
    text: [head, ...empty, `The execution is ${status}.`].join('\n'),
    structured: { executionId: id, taskRef, skipped: !present, status, readBy },
  };
});

/** Skips a task. The server answers 500 if the execution reaches the task at the same moment. */
async function skip(call: () => Promise<void>, look: () => Promise<Execution>, ref: string): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof FleetError && error.code === 'upstream')) throw error;
    const now = await look();
    const present = lastOf(now, ref);
    if (present) throw reached(now, present);
    throw now.status === 'RUNNING' ? error : notRunning(now);
  }
}

function lastOf({ tasks }: Execution, ref: string): Task | undefined {
  return tasks.filter(({ referenceTaskName }) => referenceTaskName === ref).sort((a, b) => b.seq - a.seq)[0];
}

/** The tasks that read the skipped task's output. @throws FleetError if the task does not exist, or the execution would hang */
function mustBeSkippable(execution: Execution, ref: string): string[] {
  const { tasks } = definitionOf(execution);
  const place = placeOf(tasks, ref);
  if (execution.status !== 'RUNNING') throw notRunning(execution);
  if (place?.task.taskReferenceName !== ref) {
    const refs = [...walk(tasks)].map(({ task }) => task.taskReferenceName);
    const near = nearNames(ref, refs);
    throw new FleetError('not-found', `The definition of the execution has no task ${quote(ref, 255)}.`, {
      remedy: `Name one of ${(near.length > 0 ? near : refs.slice(0, 20)).map(quoteIfUnusual).join(', ')}.`,
    });
  }
  const why = whySkippingHangs(tasks, place);
  if (why === undefined) return readersOf(tasks, ref);
  const { workflowId } = execution;
  throw new FleetError('conflict', `Without ${quoteIfUnusual(ref)} the execution would hang: ${why}.`, {
    remedy: `To stop the execution before that task: ${callOf('pause_workflow', { executionIds: [workflowId] })}`,
  });
}

function notRunning({ workflowId: executionId, status }: Execution): FleetError {
  const remedy = hasEnded(status)
    ? `See its result: ${callOf('get_execution_status', { executionId })}`
    : `The server skips tasks only in a running execution. Resume it: ${callOf('resume_workflow', { executionIds: [executionId] })}`;
  return new FleetError('conflict', `${executionId} is ${status}, so no task of it can be skipped.`, { remedy });
}

function reached(execution: Execution, { referenceTaskName, status }: Task): FleetError {
  const [way] = callsToAnswer(execution, referenceTaskName);
  const look = callOf('get_execution_status', { executionId: execution.workflowId, taskRef: referenceTaskName });
  return new FleetError(
    'conflict',
    `The execution has already reached ${quoteIfUnusual(referenceTaskName)}, which is ${status}. The task can no longer be skipped.`,
    {
      remedy: way ? `It waits for an answer: ${way}` : `See it: ${look}`,
    },
  );
}
