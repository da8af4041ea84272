import { afterAll, beforeAll, inject } from 'vitest';
import type { Execution, Task } from '../../core/conductor/types.ts';
import type { Workflow } from '../../core/contract.ts';
import { type Running, realConductor, startShipped, unique } from './product.ts';

const conductor = realConductor();
/** Each test file has its own task domain, so that only its own worker process polls its tasks. */
const domain = unique('saga');
let worker: Running;

beforeAll(async () => {
  worker = await startShipped(undefined, { CONDUCTOR_WORKER_ALL_DOMAIN: domain });
});

afterAll(async () => {
  worker.child.kill('SIGKILL'); // SIGTERM would wait for a step that still waits for the shop
  await worker.ended;
  conductor.close();
});

/** Starts a registered workflow. The workflow and its compensation use the shop of this run. */
export function start({ name, version }: Workflow, input: Record<string, unknown>): Promise<string> {
  const everything = { ...input, shopUrl: inject('shopUrl') };
  return conductor.startWorkflow({ name, version, input: everything, taskToDomain: { '*': domain } });
}

/** Registers the test's saga and starts it. */
export async function startOwn(saga: Workflow, input: Record<string, unknown>): Promise<string> {
  await put(saga);
  return start(saga, input);
}

/** Registers a saga with its compensation. */
export async function put(saga: Workflow): Promise<void> {
  for (const { def } of [...(saga.companions ?? []), saga]) await conductor.putWorkflowDef(def);
}

/** Repeats `ask` until it returns a value. */
export async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Returns the attempts of a task. */
export function rowsOf({ tasks }: Execution, ref: string): Task[] {
  return tasks.filter(({ referenceTaskName }) => referenceTaskName === ref);
}

/** Waits until an attempt of a task has this status, and returns the attempt. */
export function rowIn(id: string, ref: string, status: string): Promise<Task> {
  return until(async () => rowsOf(await conductor.getExecution(id), ref).find((row) => row.status === status));
}

/** Ends the WAIT `fail` as soon as it is open, so that the execution fails. */
export async function fail(id: string): Promise<void> {
  const { taskId } = await rowIn(id, 'fail', 'IN_PROGRESS');
  await conductor.updateTask({ workflowInstanceId: id, taskId, status: 'FAILED_WITH_TERMINAL_ERROR' });
}
