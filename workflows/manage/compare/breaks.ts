import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { isObject } from '../../../core/json.ts';
import { walk } from '../../model/walk.ts';
import { narrowings } from './narrowings.ts';

/**
 * A problem that a changed definition would cause if it replaced the stored version.
 *
 * A running execution keeps the definition with which it was started. Yet a replaced definition can break two things:
 * - `tasks`     a retry, rerun or restart with the latest definitions looks for the tasks that the execution has already run
 * - `contract`  an execution of another workflow looks up its sub-workflow by name and version only when it reaches that task; it then
 *               passes the old input and reads the old output
 */
export interface Break {
  what: 'tasks' | 'contract';
  /** A sentence without a full stop. */
  reason: string;
}

type Json = Record<string, unknown>;

/** What breaks if `after` replaces `before`. The list is empty if it may do so while executions run. */
export function breaks(before: Json, after: Json): Break[] {
  return [...ofTasks(before, after), ...ofContract(before, after)];
}

function ofTasks(before: Json, after: Json): Break[] {
  const is = tasksOf(after);
  return [...tasksOf(before)].flatMap(([ref, old]): Break[] => {
    const task = is.get(ref);
    if (!task) return [{ what: 'tasks', reason: `task ${ref} was removed` }];
    if (task.type !== old.type) return [{ what: 'tasks', reason: `task ${ref} is now ${task.type}, was ${old.type}` }];
    if (task.type === 'SIMPLE' && task.name !== old.name) {
      return [{ what: 'tasks', reason: `task ${ref} is now executed by ${task.name}, was ${old.name}` }];
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

/** Compares the output parameters: without schemas, they show which fields the output has. */
function ofParameters(before: Json, after: Json): string[] {
  const is = isObject(after.outputParameters) ? after.outputParameters : {};
  const was = isObject(before.outputParameters) ? before.outputParameters : {};
  return Object.keys(was)
    .filter((key) => !(key in is))
    .map((key) => `output.${key} was removed`);
}

function tasksOf(def: Json): Map<string, WorkflowTask> {
  const tasks = Array.isArray(def.tasks) ? (def.tasks as WorkflowTask[]) : [];
  return new Map([...walk(tasks)].map(({ task }) => [task.taskReferenceName, task]));
}

function schemaOf(schema: unknown): unknown {
  return isObject(schema) ? schema.data : undefined;
}
