import { latestAttempts } from '../../core/conductor/execution-facts.ts';
import { roleOf } from '../../core/conductor/task-types.ts';
import { type Execution, isOpenTask, type Task, type WorkflowTask } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { expressionsIn } from './expressions.ts';
import { nested, type Place, walk } from './walk.ts';

/** A running execution without an open task. */
export interface Standstill {
  /** When something last happened in it, epoch milliseconds. */
  readonly since: number;
  /** False if the server may still be about to schedule the next task. */
  readonly isFinal: boolean;
  /** The task that should come next, if the definition shows it. */
  readonly next?: WorkflowTask;
  /** The expression for the name of the next sub-workflow, if its value is null. The server can then never schedule the task. */
  readonly nullName?: string;
}

/** The server looks at every open execution at least this often, so after twice this time nothing more will happen. */
const LOOKS_EVERY_MS = 30_000;

/**
 * Whether nothing is open in a running execution. The server fails each time it tries to schedule the next task, and it says so only in its
 * log: for example, if the name of a sub-workflow is null, or if it cannot read the time of a WAIT.
 */
export function standstillOf(execution: Execution, now: number): Standstill | undefined {
  const tasks = latestAttempts(execution.tasks);
  if (execution.status !== 'RUNNING' || tasks.length === 0) return undefined;
  // A loop stays open while its tasks run. Without an open task inside, it is between two tasks too.
  if (tasks.some((task) => isOpenTask(task) && roleOf(task.taskType) !== 'loop')) return undefined;
  const since = Math.max(...tasks.map(({ endTime, startTime }) => endTime || startTime));
  const first = nextTask(execution, tasks);
  const callee = first && heads(first).find((task) => nullNameOf(task, execution, tasks));
  const nullName = callee && nullNameOf(callee, execution, tasks);
  const next = callee ?? first;
  return {
    since,
    isFinal: nullName !== undefined || now - since > 2 * LOOKS_EVERY_MS,
    ...(next && { next }),
    ...(nullName !== undefined && { nullName }),
  };
}

const withoutRound = (ref: string) => ref.replace(/__\d+$/, '');

/** The next task after the last ended task. */
function nextTask({ workflowDefinition: def }: Execution, tasks: readonly Task[]): WorkflowTask | undefined {
  const last = tasks.filter((task) => !isOpenTask(task)).at(-1);
  if (!last || !isObject(def) || !Array.isArray(def.tasks)) return undefined;
  const places = [...walk(def.tasks.filter(isObject) as WorkflowTask[])]; // `walk` reads malformed tasks as empty
  const place = places.find(({ task }) => task.taskReferenceName === withoutRound(last.referenceTaskName));
  if (!place) return undefined;
  return chosenIn(place.task, last) ?? after(place, places);
}

/** The first task of the case that a SWITCH has chosen. */
function chosenIn(task: WorkflowTask, ran: Task): WorkflowTask | undefined {
  const chosen = String(ran.outputData.selectedCase);
  const cases = nested(task).filter(({ kind, key }) => kind === 'default' || (kind === 'case' && key === chosen));
  return cases[0]?.tasks[0];
}

function after({ sequence, index, within }: Place, places: readonly Place[]): WorkflowTask | undefined {
  const next = sequence[index + 1];
  const outer = within.at(-1);
  if (next || !outer || outer.kind === 'loop') return next;
  const place = places.find(({ task }) => task === outer.task);
  return place && after(place, places);
}

/** The tasks that the server schedules together with a task. */
function heads(task: WorkflowTask): WorkflowTask[] {
  return [task, ...nested(task).flatMap(({ tasks: [first] }) => (first ? heads(first) : []))];
}

/** The paths that can be followed here: plain names below the workflow or a task. */
const READABLE = /^(?:workflow\.(?:input|variables)|\w+\.(?:input|output))(?:\.\w+)+$/;

function nullNameOf(
  { type, subWorkflowParam }: WorkflowTask,
  execution: Execution,
  tasks: readonly Task[],
): string | undefined {
  const name = isObject(subWorkflowParam) ? subWorkflowParam.name : undefined;
  const [found] = expressionsIn(name);
  if (type !== 'SUB_WORKFLOW' || !found?.whole || !READABLE.test(found.path)) return undefined;
  const [head = '', field = '', ...names] = found.path.split('.');
  const ran = tasks.find(({ referenceTaskName }) => withoutRound(referenceTaskName) === head);
  const holder: unknown = head === 'workflow' ? execution : ran && { input: ran.inputData, output: ran.outputData };
  const value = [field, ...names].reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), holder);
  return value === undefined || value === null ? String(name) : undefined;
}
