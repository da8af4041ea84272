import { isDeepStrictEqual } from 'node:util';
import type { WorkflowTask } from '../../../core/conductor/types.ts';
import type { Workflow, WorkflowSettings } from '../../../core/contract.ts';
import { isObject, jsonCopy } from '../../../core/json.ts';
import { canonicalTask, canonicalWorkflow } from '../../manage/compare/canonical.ts';
import { toTaskDef, withSettings } from '../../manage/task-def.ts';
import { walk } from '../../model/walk.ts';
import type { Known } from '../known.ts';
import type { Stored } from '../write/context.ts';

type Fields = Record<string, unknown>;

/** The parts of the stored definitions that a registration of the workflow would change. */
export interface Differences {
  /** References of tasks. */
  tasks: string[];
  /** Other fields of the definition, as they are stored. */
  fields: Fields;
  /** Fields of task definitions, as they are stored, by the name of the task definition. */
  taskDefs: Map<string, Fields>;
}

const NESTED = ['decisionCases', 'defaultCase', 'forkTasks', 'loopOver'];

/** Fields for which these values mean the same as an absent field. A value is needed to replace what a builder writes. */
const EMPTY: Readonly<Fields> = {
  inputParameters: [],
  outputParameters: {},
  inputTemplate: {},
  variables: {},
  metadata: {},
  timeoutPolicy: 'ALERT_ONLY',
};

/** Brings a stored definition into the form in which definitions are compared. */
export function storedForm(def: Readonly<Fields>): Stored {
  return canonicalWorkflow(def) as Stored;
}

/** Compares the definitions that a registration of the workflow would store with the stored definitions. */
export function compare(
  workflow: Workflow,
  stored: Stored,
  { known, settings }: { known: Known; settings: WorkflowSettings },
): Differences {
  const ours = storedForm(plain(withSettings(workflow, settings)));
  const theirs = withOwnSettings(stored, workflow, ours);
  const { tasks: _, ...fields } = differing(ours, theirs, EMPTY);
  const taskDefs = new Map<string, Fields>();
  for (const contract of workflow.tasks) {
    const there = known.taskDef(contract.name);
    if (contract.kind === 'policy' || !there || known.task(contract.name)) continue;
    const found = differing(plain(canonicalTask(plain(toTaskDef(contract)))), plain(canonicalTask(there)));
    if (Object.keys(found).length > 0) taskDefs.set(contract.name, found);
  }
  return { tasks: differingTasks(ours.tasks, theirs.tasks), fields, taskDefs };
}

/** The fields in which two definitions differ, with the values of the second definition. */
function differing(ours: Fields, theirs: Fields, empty: Readonly<Fields> = {}): Fields {
  const keys = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
  const found = keys.filter((key) => !isDeepStrictEqual(ours[key], theirs[key]));
  return Object.fromEntries(found.map((key) => [key, theirs[key] ?? empty[key]]));
}

/**
 * Replaces stored defaults that come from settings by those of this deployment. The stored defaults may come from the settings of another
 * deployment, and must not count as a difference.
 */
function withOwnSettings(stored: Stored, workflow: Workflow, ours: Stored): Stored {
  const { inputTemplate } = stored;
  if (!isObject(inputTemplate) || !isObject(ours.inputTemplate)) return stored;
  const written = workflow.def.inputTemplate ?? {};
  const own = Object.entries(ours.inputTemplate).filter(
    ([key, value]) => key in inputTemplate && written[key] !== value,
  );
  return { ...stored, inputTemplate: { ...inputTemplate, ...Object.fromEntries(own) } };
}

/** Tasks whose own fields differ, or that do not contain the same tasks. A task is left out if it differs only in a task inside it. */
function differingTasks(ours: readonly WorkflowTask[], theirs: readonly WorkflowTask[]): string[] {
  const made = new Map([...walk(ours)].map(({ task }) => [task.taskReferenceName, outline(task)]));
  const wanted = [...walk(theirs)].map(({ task }) => task);
  const found = wanted.filter((task) => !isDeepStrictEqual(made.get(task.taskReferenceName), outline(task)));
  if (found.length > 0) return found.map((task) => task.taskReferenceName);
  const order = (tasks: readonly WorkflowTask[]) => tasks.map((task) => task.taskReferenceName);
  return isDeepStrictEqual(order(ours), order(theirs)) ? [] : order(theirs);
}

/** A task in which each inner task is replaced by its reference. */
function outline(task: WorkflowTask): unknown {
  const names = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(names);
    if (!isObject(value)) return value;
    if (typeof value.taskReferenceName === 'string') return value.taskReferenceName;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, names(item)]));
  };
  const entries = Object.entries(task).map(([key, value]) => [key, NESTED.includes(key) ? names(value) : value]);
  return Object.fromEntries(entries);
}

/** The value as the server would return it, that is, without values that JSON cannot express. */
function plain<T>(value: T): T {
  return jsonCopy(value);
}
