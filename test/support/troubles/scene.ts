import { randomUUID } from 'node:crypto';
import type { Conductor } from '../../../core/conductor/api.ts';
import type { Execution, Task, TaskDef, TaskResult, WorkflowDef, WorkflowTask } from '../../../core/conductor/types.ts';

/** A situation in which an execution on a real server fails or hangs. */
export interface Trouble {
  /** Task definitions, by the last part of their names. */
  readonly taskDefs?: Readonly<Record<string, Omit<TaskDef, 'name'>>>;
  /** Workflow definitions, by the last part of their names. The first one is started. */
  readonly workflows: (
    place: Place,
  ) => Readonly<Record<string, Omit<WorkflowDef, 'name' | 'version' | 'schemaVersion'>>>;
  readonly input?: Readonly<Record<string, unknown>>;
  /** Work to do before the start. */
  readonly prepare?: (place: Place) => Promise<void>;
  readonly taskToDomain?: (place: Place) => Record<string, string>;
  /** Plays the workers and people who act on the execution. */
  readonly drive?: (act: Act) => Promise<void>;
  /** True once the execution has reached the state to diagnose. */
  readonly until: (execution: Execution) => boolean;
}

export interface Place {
  /** Returns the full name of a definition. */
  named(last: string): string;
  /** Address of a service that answers `/echo/status/<code>`. */
  readonly shopUrl: string;
}

export interface Act extends Place {
  readonly conductor: Conductor;
  readonly workflowId: string;
  /** Polls until a task of the type arrives. */
  take(type: string): Promise<Task>;
  answer(task: Task, result: Omit<TaskResult, 'taskId' | 'workflowInstanceId'>): Promise<void>;
}

export const isEnded = ({ status }: Execution) => !['RUNNING', 'PAUSED'].includes(status);
export const hasTask = (status: string) => (execution: Execution) =>
  execution.tasks.some((task) => task.status === status);

export const noRetry = { retryCount: 0, retryDelaySeconds: 0, timeoutSeconds: 0, responseTimeoutSeconds: 3600 };

/** Makes a task of a definition. */
export function task(ref: string, type: string, more: Record<string, unknown> = {}): WorkflowTask {
  return { name: ref, taskReferenceName: ref, type, ...more };
}

export const simple = (ref: string, name: string, inputParameters: Record<string, unknown> = {}) =>
  task(ref, 'SIMPLE', { name, inputParameters });

export const http = (ref: string, uri: string, more: Record<string, unknown> = {}) =>
  task(ref, 'HTTP', { inputParameters: { http_request: { uri, method: 'GET', ...more } } });

/** A fork with one task in each branch, and its JOIN. */
export const forkOf = (...tasks: WorkflowTask[]) => [
  task('fork', 'FORK_JOIN', { forkTasks: tasks.map((one) => [one]) }),
  task('join', 'JOIN', { joinOn: tasks.map(({ taskReferenceName }) => taskReferenceName) }),
];

/** Registers the definitions of a trouble under unique names, starts its execution and brings it into the described state. */
export async function stage(
  conductor: Conductor,
  trouble: Trouble,
  { prefix, shopUrl }: { prefix: string; shopUrl: string },
): Promise<string> {
  const own = `${prefix}_${randomUUID().slice(0, 8)}`;
  const named = (last: string) => `${own}_${last}`;
  const place = { named, shopUrl };
  const taskDefs = Object.entries(trouble.taskDefs ?? {}).map(([last, def]) => ({ name: named(last), ...def }));
  if (taskDefs.length > 0) await conductor.putTaskDefs(taskDefs);
  const defs = Object.entries(trouble.workflows(place)).map(
    ([last, def]) => ({ name: named(last), version: 1, schemaVersion: 2, ...def }) as WorkflowDef,
  );
  for (const def of [...defs].reverse()) await conductor.putWorkflowDef(def);
  await trouble.prepare?.(place);
  const workflowId = await conductor.startWorkflow({
    name: defs[0]?.name ?? '',
    input: trouble.input ?? {},
    ...(trouble.taskToDomain && { taskToDomain: trouble.taskToDomain(place) }),
  });
  await trouble.drive?.({ ...place, conductor, workflowId, ...worker(conductor) });
  await until(() => conductor.getExecution(workflowId), trouble.until);
  return workflowId;
}

function worker(conductor: Conductor): Pick<Act, 'take' | 'answer'> {
  return {
    take: (type) =>
      until(async () => (await conductor.pollTasks(type, { count: 1, timeoutMs: 500, workerId: 'w-1' }))[0], isThere),
    answer: ({ taskId, workflowInstanceId }, result) =>
      conductor.updateTask({ taskId, workflowInstanceId, workerId: 'w-1', ...result }),
  };
}

/** Waits until the execution has ended. */
export async function endOf(conductor: Conductor, workflowId: string): Promise<void> {
  await until(() => conductor.getExecution(workflowId), isEnded);
}

/** Waits until the execution has started a sub-workflow. Returns its id. */
export async function childOf(conductor: Conductor, workflowId: string): Promise<string> {
  const started = async () =>
    (await conductor.getExecution(workflowId)).tasks.find(({ subWorkflowId }) => subWorkflowId);
  return String((await until(started, isThere)).subWorkflowId);
}

const isThere = <T>(value: T | undefined): value is T => value !== undefined;

const LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 200;

async function until<T, U extends T>(look: () => Promise<T>, is: (value: T) => value is U): Promise<U>;
async function until<T>(look: () => Promise<T>, is: (value: T) => boolean): Promise<T>;
async function until<T>(look: () => Promise<T>, is: (value: T) => boolean): Promise<T> {
  const endsAt = Date.now() + LIMIT_MS;
  for (;;) {
    const value = await look();
    if (is(value)) return value;
    if (Date.now() > endsAt)
      throw new Error(
        `The expected state was not reached within ${LIMIT_MS} ms. The last value was ${JSON.stringify(value)}`,
      );
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
