import { inject } from 'vitest';
import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Execution, Task, TaskResult } from '../../core/conductor/types.ts';
import { defineTask, type TaskContract, type TaskOptions, type Workflow } from '../../core/contract.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { register } from '../../workflows/manage/apply.ts';
import type { Change } from '../../workflows/manage/change.ts';
import { unique } from './product.ts';

/** Makes a name for a task or a workflow that is unique in this run. */
export function uniqueName(prefix: string): string {
  return unique(prefix).replaceAll('-', '_');
}

export const settings = () => ({
  shopUrl: inject('shopUrl'),
  llmProvider: 'litellm',
  llmModel: 'scripted-research-1',
});

/** Defines a workflow with a unique name. Its schema allows any output. */
export function defineProbe<I extends z.ZodObject, V extends z.ZodObject>(input: I, variables: V) {
  return defineWorkflow({
    name: uniqueName('lang_probe'),
    version: 1,
    description: 'A workflow for tests of task types.',
    input,
    output: z.object({ result: z.unknown() }),
    variables,
  });
}

/** Defines a task with a unique name. The test itself plays its worker. */
export function defineProbeTask<I extends z.ZodObject, O extends z.ZodObject>(
  input: I,
  output: O,
  options: TaskOptions = {},
): TaskContract<I, O> {
  return defineTask({
    name: uniqueName('lang_task'),
    description: 'The test itself plays the worker.',
    input,
    output,
    ...options,
  });
}

/** Registers workflows under a unique fleet name, so that no test waits for the lock of another test. */
export function registerAlone(conductor: Conductor, workflows: readonly Workflow[]): Promise<Change[]> {
  return register(conductor, { tasks: [], workflows }, settings(), { fleet: uniqueName('fleet') });
}

/** Registers workflows with their task definitions, and starts the last workflow. */
export async function startProbe(
  conductor: Conductor,
  workflows: readonly Workflow[],
  input: Record<string, unknown>,
): Promise<string> {
  await registerAlone(conductor, workflows);
  const name = workflows.at(-1)?.name ?? '';
  return conductor.startWorkflow({ name, input });
}

/** Like `startProbe`, but also waits for the end of the execution. */
export async function runProbe(
  conductor: Conductor,
  workflows: readonly Workflow[],
  input: Record<string, unknown>,
): Promise<Execution> {
  return conductor.waitForEnd(await startProbe(conductor, workflows, input));
}

type Answer = Pick<TaskResult, 'status' | 'outputData' | 'reasonForIncompletion'>;

/** Plays a worker with plain REST calls: it answers tasks of one type until the execution has ended. */
export async function serve(
  conductor: Conductor,
  contract: TaskContract,
  workflowId: string,
  answer: (task: Task) => Answer,
): Promise<Execution> {
  const stop = new AbortController();
  const polling = (async () => {
    while (!stop.signal.aborted) {
      const tasks = await conductor.pollTasks(contract.name, { count: 20, timeoutMs: 100, workerId: 'probe' });
      await Promise.all(
        tasks.map((task) =>
          conductor.updateTask({
            workflowInstanceId: task.workflowInstanceId,
            taskId: task.taskId,
            ...answer(task),
          }),
        ),
      );
    }
  })();
  try {
    return await conductor.waitForEnd(workflowId);
  } finally {
    stop.abort();
    await polling;
  }
}

/** Makes the result of a completed task. */
export function done(outputData: Record<string, unknown>): Answer {
  return { status: 'COMPLETED', outputData };
}

/** Makes the result of a task that failed and must not be retried. */
export function refused(reasonForIncompletion: string, outputData: Record<string, unknown> = {}): Answer {
  return { status: 'FAILED_WITH_TERMINAL_ERROR', reasonForIncompletion, outputData };
}
