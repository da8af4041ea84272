import type { Cleanups } from '../../core/cleanups.ts';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Task, TaskResult, WorkflowDef } from '../../core/conductor/types.ts';
import type { Agent } from './agent.ts';

/** What the code of a scene can use. */
export interface Stage {
  readonly conductor: Conductor;
  /** A name for a workflow or a task that no other scene uses. */
  name(prefix: string): string;
  readonly cleanups: Cleanups;
}

/** A job that a person gives to an agent, with a limit on its calls and tokens. */
export interface Scene {
  /** The person's request. */
  readonly job: string;
  readonly most: { readonly calls: number; readonly tokens: number };
  /** Brings the server into the state that the job needs. Returns the agent's part and the check of the result. */
  prepare(stage: Stage): Promise<Prepared>;
}

export interface Prepared {
  /** The calls of a competent agent. Every argument is from the person's request or the text of an earlier answer. */
  play(agent: Agent): Promise<void>;
  /** @throws if the server's state, or the answers that the agent read, are not what the person asked for */
  check(agent: Agent): Promise<void>;
}

/** Registers a workflow of plain tasks. */
export async function registerWorkflow(
  { conductor }: Stage,
  name: string,
  tasks: readonly object[],
  more: object = {},
): Promise<void> {
  const def = { name, version: 1, schemaVersion: 2, ownerEmail: 'evals@example.com', tasks, ...more };
  await conductor.putWorkflowDef(def as unknown as WorkflowDef); // the server itself checks plain definitions
}

/** Registers a task type without retries, which the scene's own worker serves. */
export async function registerTask({ conductor }: Stage, name: string): Promise<void> {
  const def = { name, retryCount: 0, timeoutSeconds: 60, responseTimeoutSeconds: 30, ownerEmail: 'evals@example.com' };
  await conductor.putTaskDefs([{ ...def, description: 'Served by a scene of the evaluation.' }]);
}

type Served = Pick<TaskResult, 'status' | 'outputData' | 'reasonForIncompletion'>;

/** Starts a worker over plain REST calls that runs until the scene ends. */
export function startWorker(
  { conductor, cleanups }: Stage,
  type: string,
  work: (task: Task) => Served | Promise<Served>,
): void {
  const stop = new AbortController();
  const polling = (async () => {
    while (!stop.signal.aborted) {
      const tasks = await conductor.pollTasks(type, { count: 10, timeoutMs: 100, workerId: 'evals' });
      await Promise.all(
        tasks.map(async (task) =>
          conductor.updateTask({
            workflowInstanceId: task.workflowInstanceId,
            taskId: task.taskId,
            ...(await work(task)),
          }),
        ),
      );
    }
  })();
  cleanups.add(`stop the worker of ${type}`, async () => {
    stop.abort();
    await polling;
  });
}

/** An `INLINE` task with an output of that many characters, so that the execution is as large as a real one. */
export function bulkyTask(ref: string, characters: number): object {
  return {
    name: ref,
    taskReferenceName: ref,
    type: 'INLINE',
    inputParameters: {
      evaluatorType: 'graaljs',
      expression: `'${ref} '.repeat(${Math.ceil(characters / (ref.length + 1))})`,
    },
  };
}
