import type { Cleanups } from '../../core/cleanups.ts';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Task, TaskResult, WorkflowDef } from '../../core/conductor/types.ts';
import type { Agent } from './agent.ts';

/** What a scene can use. */
export interface Stage {
  readonly conductor: Conductor;
  /** Returns a name for a workflow or task type that no other scene uses. */
  name(prefix: string): string;
  readonly cleanups: Cleanups;
}

/** A job that a person gives to an agent, with limits on the agent's calls and tokens. */
export interface Scene {
  /** The person's request. */
  readonly job: string;
  readonly most: { readonly calls: number; readonly tokens: number };
  /** Brings the server into the state that the job needs. Returns the calls of the agent and the check of the result. */
  prepare(stage: Stage): Promise<Prepared>;
}

export interface Prepared {
  /** Makes the calls of a competent agent. Every argument comes from the person's request or from the text of an earlier answer. */
  play(agent: Agent): Promise<void>;
  /** @throws unless the server's state and the answers that the agent read are what the person asked for */
  check(agent: Agent): Promise<void>;
}

/** Registers a workflow whose tasks are plain JSON. */
export async function registerWorkflow(
  { conductor }: Stage,
  name: string,
  tasks: readonly object[],
  more: object = {},
): Promise<void> {
  const def = { name, version: 1, schemaVersion: 2, ownerEmail: 'evals@example.com', tasks, ...more };
  await conductor.putWorkflowDef(def as unknown as WorkflowDef); // no type check here: the server checks the definition
}

/** Registers a task type without retries. The scene's own worker executes its tasks. */
export async function registerTask({ conductor }: Stage, name: string): Promise<void> {
  const def = { name, retryCount: 0, timeoutSeconds: 60, responseTimeoutSeconds: 30, ownerEmail: 'evals@example.com' };
  await conductor.putTaskDefs([{ ...def, description: 'A worker of an evaluation scene executes this task.' }]);
}

type Served = Pick<TaskResult, 'status' | 'outputData' | 'reasonForIncompletion'>;

/** Starts a worker that makes plain REST calls and runs until the scene ends. */
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

/** Builds an `INLINE` task with an output of at least this many characters, so that the execution is as large as a real one. */
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
