import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { isObject } from '../../../core/json.ts';
import { walk } from '../../model/walk.ts';
import { narrowings } from './narrowings.ts';

/**
 * What a changed definition would break if it replaced the version that is there.
 *
 * An execution keeps the definition it was started with, so it goes on as before whatever is stored. Two things do not:
 * - `tasks`     a retry, rerun or restart of it with the latest definitions looks for the tasks it has already run
 * - `contract`  an execution of another workflow that runs it as a sub-workflow looks it up by name and version when it gets there, and
 *               then hands it the old input and reads the old output
 */
export interface Break {
  what: 'tasks' | 'contract';
  /** A sentence without its full stop. */
  reason: string;
}

type Json = Record<string, unknown>;

/** Empty if the changed definition may replace the other under running executions. */
export function breaks(before: Json, after: Json): Break[] {
  return [...ofTasks(before, after), ...ofContract(before, after)];
}

function ofTasks(before: Json, after: Json): Break[] {
  const is = tasksOf(after);
  return [...tasksOf(before)].flatMap(([ref, old]): Break[] => {
    const task = is.get(ref);
    if (!task) return [{ what: 'tasks', reason: `task ${ref} is gone` }];
    if (task.type !== old.type) return [{ what: 'tasks', reason: `task ${ref} is ${task.type} now, was ${old.type}` }];
    if (task.type === 'SIMPLE' && task.name !== old.name) {
      return [{ what: 'tasks', reason: `task ${ref} is done by ${task.name} now, was ${old.name}` }];
    }
    return [];
  });
}

function ofContract(before: Json, after: Json): Break[] {
  const [input, inputNow] = [schemaOf(before.inputSchema), schemaOf(after.inputSchema)];
  const [output, outputNow] = [schemaOf(before.outputSchema), schemaOf(after.outputSchema)];
  const ofInput = input && inputNow ? narrowings('input', input, inputNow) : [];
  const ofOutput = output && outputNow ? narrowings('output', output, outputNow) : ofParameters(before, after);
  return [...ofInput, ...ofOutput].map((reason) => ({ what: 'contract', reason }));
}

/** What a definition without schemas still says of its output. */
function ofParameters(before: Json, after: Json): string[] {
  const is = isObject(after.outputParameters) ? after.outputParameters : {};
  const was = isObject(before.outputParameters) ? before.outputParameters : {};
  return Object.keys(was)
    .filter((key) => !(key in is))
    .map((key) => `output.${key} is gone`);
}

function tasksOf(def: Json): Map<string, WorkflowTask> {
  const tasks = Array.isArray(def.tasks) ? (def.tasks as WorkflowTask[]) : [];
  return new Map([...walk(tasks)].map(({ task }) => [task.taskReferenceName, task]));
}

function schemaOf(schema: unknown): unknown {
  return isObject(schema) ? schema.data : undefined;
}
