import { isDeepStrictEqual } from 'node:util';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import type { Workflow, WorkflowSettings } from '../../core/contract.ts';
import { isObject } from '../../core/json.ts';
import { canonicalTask, canonicalWorkflow } from '../manage/compare/canonical.ts';
import { toTaskDef, withSettings } from '../manage/task-def.ts';
import { walk } from '../model/walk.ts';
import type { Stored } from './file.ts';
import type { Known } from './known.ts';

/** Where what the code makes is not what is stored. */
export interface Differences {
  /** References of tasks. */
  tasks: string[];
  output: boolean;
  /** Other fields of the definition, as they are stored. */
  fields: Record<string, unknown>;
  /** Names of task definitions that would be registered in another form. */
  taskDefs: string[];
}

const NESTED = ['decisionCases', 'defaultCase', 'forkTasks', 'loopOver'];

/** A definition without these fields is the same as one with them like this. */
const EMPTY: Readonly<Record<string, unknown>> = {
  inputParameters: [],
  outputParameters: {},
  inputTemplate: {},
  variables: {},
  metadata: {},
  timeoutPolicy: 'ALERT_ONLY',
};

/** The stored definition in the form in which definitions are compared. */
export function storedForm(def: Readonly<Record<string, unknown>>): Stored {
  return canonicalWorkflow(def) as Stored;
}

/** Compares what registering the workflow would store with what is stored. */
export function compare(
  workflow: Workflow,
  stored: Stored,
  { known, settings }: { known: Known; settings: WorkflowSettings },
): Differences {
  const ours = storedForm(JSON.parse(JSON.stringify(withSettings(workflow, settings))));
  const theirs = asConfigured(stored, workflow, ours);
  const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  const fields: Record<string, unknown> = {};
  for (const key of keys) {
    if (key === 'tasks' || key === 'outputParameters' || isDeepStrictEqual(ours[key], theirs[key])) continue;
    fields[key] = theirs[key] ?? EMPTY[key];
  }
  const taskDefs = workflow.tasks.filter((contract) => {
    if (contract.kind === 'task' && (contract.registered === false || known.task(contract.name))) return false;
    if (contract.kind === 'policy') return false;
    const there = known.taskDef(contract.name);
    return !there || !isDeepStrictEqual(plain(canonicalTask(toTaskDef(contract))), plain(canonicalTask(there)));
  });
  return {
    tasks: differingTasks(ours.tasks, theirs.tasks),
    output: !isDeepStrictEqual(ours.outputParameters, theirs.outputParameters),
    fields,
    taskDefs: taskDefs.map(({ name }) => name),
  };
}

export function isSame({ tasks, output, fields, taskDefs }: Differences): boolean {
  return tasks.length === 0 && !output && Object.keys(fields).length === 0 && taskDefs.length === 0;
}

/** Defaults that are a setting of the deployment are no part of the definition: those of this deployment stand for all. */
function asConfigured(stored: Stored, workflow: Workflow, ours: Stored): Stored {
  const { inputTemplate } = stored;
  if (!isObject(inputTemplate) || !isObject(ours.inputTemplate)) return stored;
  const inOurs = workflow.def.inputTemplate ?? {};
  const configured = Object.entries(ours.inputTemplate).filter(
    ([key, value]) => key in inputTemplate && inOurs[key] !== value,
  );
  return { ...stored, inputTemplate: { ...inputTemplate, ...Object.fromEntries(configured) } };
}

/** Tasks that differ in themselves or in which tasks they hold; not those that only hold one that differs. */
function differingTasks(ours: readonly WorkflowTask[], theirs: readonly WorkflowTask[]): string[] {
  const made = new Map([...walk(ours)].map((place) => [place.task.taskReferenceName, outline(place.task)]));
  const wanted = [...walk(theirs)].map(({ task }) => task);
  const differing = wanted.filter((task) => !isDeepStrictEqual(made.get(task.taskReferenceName), outline(task)));
  if (differing.length > 0) return differing.map((task) => task.taskReferenceName);
  const order = (tasks: readonly WorkflowTask[]) => tasks.map((task) => task.taskReferenceName);
  return isDeepStrictEqual(order(ours), order(theirs)) ? [] : order(theirs);
}

/** A task with the references of the tasks in it in their place. */
function outline(task: WorkflowTask): unknown {
  const names = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(names);
    if (!isObject(value)) return value;
    if (typeof value.taskReferenceName === 'string') return value.taskReferenceName;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, names(item)]));
  };
  return Object.fromEntries(
    Object.entries(task).map(([key, value]) => [key, NESTED.includes(key) ? names(value) : value]),
  );
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
