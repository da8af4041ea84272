import type { TaskDef, WorkflowDef, WorkflowTask } from '../../../../core/conductor/types.ts';
import type { Site } from './stage.ts';

/** A workflow whose forked tasks contain no work. Each driver has its own task types. */
export interface Load {
  workflow: string;
  types: string[];
}

/** Registers the definitions. Each execution queues `forks` tasks at once and spreads them evenly over the types. */
export async function defineLoad(
  { conductor }: Site,
  { owner, types, forks }: { owner: string; types: number; forks: number },
): Promise<Load> {
  const prefix = `bench_${owner.replaceAll('-', '_')}`;
  const names = Array.from({ length: types }, (_, index) => `${prefix}_${index}`);
  await conductor.putTaskDefs(names.map(taskDef));
  await conductor.putWorkflowDef(workflowDef(prefix, names, forks));
  return { workflow: prefix, types: names };
}

/** Without retries, a failure is visible. With a long lease, no task is delivered twice. */
function taskDef(name: string): TaskDef {
  return {
    name,
    description: 'Does nothing, for a bench.',
    retryCount: 0,
    responseTimeoutSeconds: 600,
    timeoutSeconds: 0,
  };
}

function workflowDef(name: string, types: readonly string[], forks: number): WorkflowDef {
  const tasks = Array.from({ length: forks }, (_, item) => simpleTask(types[item % types.length] ?? name, item));
  const join = {
    name: 'join',
    taskReferenceName: 'join',
    type: 'JOIN',
    joinOn: tasks.map((task) => task.taskReferenceName),
  };
  const fork = { name: 'fork', taskReferenceName: 'fork', type: 'FORK_JOIN', forkTasks: tasks.map((task) => [task]) };
  return { name, version: 1, schemaVersion: 2, description: 'A bench.', tasks: forks === 1 ? tasks : [fork, join] };
}

function simpleTask(name: string, item: number): WorkflowTask {
  return { name, taskReferenceName: `task_${item}`, type: 'SIMPLE', inputParameters: { item } };
}
