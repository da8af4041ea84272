import type { Conductor } from '../../core/conductor/api.ts';
import type { Task, TaskResult, WorkflowDef } from '../../core/conductor/types.ts';
import type { Cleanups } from '../../core/drain.ts';
import type { Agent } from './agent.ts';

/** What a scene is played on. */
export interface Stage {
  readonly conductor: Conductor;
  /** A name for a workflow or a task that nobody else uses. */
  name(prefix: string): string;
  readonly cleanups: Cleanups;
}

/** A job that somebody gives an agent, with a bound on what it may take. */
export interface Scene {
  /** What the person says. */
  readonly job: string;
  readonly most: { readonly calls: number; readonly tokens: number };
  /** Puts the server into the state that the job is about, then answers with the agent's part and the check of what it came to. */
  prepare(stage: Stage): Promise<Prepared>;
}

export interface Prepared {
  /** What a competent agent does: every argument is the person's, or from the text of an earlier answer. */
  play(agent: Agent): Promise<void>;
  /** @throws where the server's state, or what the agent has read, is not what the person asked for */
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
  await conductor.putWorkflowDef(def as unknown as WorkflowDef); // the server is the judge of plain definitions
}

/** A task type that is tried once and served by the scene. */
export async function registerTask({ conductor }: Stage, name: string): Promise<void> {
  const def = { name, retryCount: 0, timeoutSeconds: 60, responseTimeoutSeconds: 30, ownerEmail: 'evals@example.com' };
  await conductor.putTaskDefs([{ ...def, description: 'Served by a scene of the evaluation.' }]);
}

type Served = Pick<TaskResult, 'status' | 'outputData' | 'reasonForIncompletion'>;

/** A worker over plain REST calls, until the scene is over. */
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

/** An `INLINE` task that answers with so many characters, as real tasks fill an execution. */
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
