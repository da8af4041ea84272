import { roleOf, taskType } from '../../core/conductor/task-types.ts';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { expressionsIn } from './expressions.ts';
import { walk } from './walk.ts';

/*
 * Gates in a definition: tasks at which an execution waits for a person or a signal. A caller must not get past a gate without its answer.
 */

/** True for a task that waits for a person or a signal. A WAIT with a duration or a time ends by itself, so it is no gate. */
export function isGate({ type, inputParameters = {} }: WorkflowTask): boolean {
  return roleOf(type) === 'wait' && !('duration' in inputParameters || 'until' in inputParameters);
}

/** A sub-workflow that a definition starts by its name. */
export interface CalledWorkflow {
  readonly name: string;
  readonly version?: number | undefined;
}

/** What a definition says about its gates. */
export interface GateFacts {
  readonly hasGate: boolean;
  /** True if some tasks are known only when the execution runs. They may be gates. */
  readonly mayHaveMore: boolean;
  /** Sub-workflows, which may have gates of their own. */
  readonly calls: readonly CalledWorkflow[];
}

export function gateFactsOf(tasks: readonly WorkflowTask[]): GateFacts {
  let [hasGate, mayHaveMore] = [false, false];
  const calls: CalledWorkflow[] = [];
  for (const { task } of walk(tasks)) {
    if (isGate(task)) hasGate = true;
    if (taskType(task.type)?.chosenBy) mayHaveMore = true;
    if (task.type !== 'SUB_WORKFLOW') continue;
    const called = calledBy(task);
    if (called === undefined) mayHaveMore = true;
    else if (Array.isArray(called)) {
      const inner = gateFactsOf(called);
      hasGate ||= inner.hasGate;
      mayHaveMore ||= inner.mayHaveMore;
      calls.push(...inner.calls);
    } else calls.push(called);
  }
  return { hasGate, mayHaveMore, calls };
}

/** The tasks of an inline definition, or the name of a workflow. Undefined if an expression decides. */
function calledBy({ subWorkflowParam }: WorkflowTask): CalledWorkflow | WorkflowTask[] | undefined {
  if (!isObject(subWorkflowParam)) return undefined;
  const { name, version, workflowDefinition: inline } = subWorkflowParam;
  if (isObject(inline) && Array.isArray(inline.tasks)) return inline.tasks as WorkflowTask[]; // `walk` checks each task where it reads it
  if (inline !== undefined && inline !== null) return undefined;
  if (typeof name !== 'string' || name.includes('${')) return undefined;
  return { name, ...(typeof version === 'number' && { version }) };
}

/** The name of a task, where another part of a definition uses it: in an expression, a condition or a script. */
export function isReadElsewhere(def: { readonly tasks: readonly WorkflowTask[] }, ref: string): boolean {
  const word = new RegExp(`(?<![\\w-])${ref.replace(/[^\w]/g, '\\$&')}(?![\\w-])`);
  const { tasks, ...rest } = def;
  const others = [...walk(tasks)].map(({ task }) => {
    const { name, taskReferenceName, decisionCases, defaultCase, forkTasks, loopOver, ...own } = task;
    return taskReferenceName === ref ? {} : own;
  });
  return word.test(JSON.stringify([others, { ...rest, name: undefined, workflowDefinition: undefined }]));
}

/**
 * The fields of the input that a definition runs as code: tasks, workflow definitions or scripts. Only direct references are found, such as
 * `${workflow.input.tasks}`. What another task hands on is the code of the author of the definition.
 */
export function codeInputsOf(tasks: readonly WorkflowTask[]): string[] {
  const code = [...walk(tasks)].flatMap(({ task }) => codeOf(task));
  const fields = expressionsIn(code).flatMap(
    ({ path }) => /^workflow\.input(?:\.|\[['"])([\w-]+)/.exec(path)?.[1] ?? [],
  );
  return [...new Set(fields)];
}

const SCRIPTS = ['expression', 'scriptExpression', 'queryExpression'];

function codeOf(task: WorkflowTask): unknown[] {
  const { type, inputParameters = {}, subWorkflowParam } = task;
  const chosenBy = taskType(type)?.chosenBy;
  if (chosenBy) return [inputParameters[String(task[chosenBy])]];
  if (roleOf(type) === 'computation') return SCRIPTS.map((name) => inputParameters[name]);
  if (roleOf(type) !== 'workflow') return [];
  const { startWorkflow } = inputParameters;
  return [
    isObject(subWorkflowParam) && subWorkflowParam.workflowDefinition,
    isObject(startWorkflow) ? startWorkflow.workflowDef : startWorkflow,
  ];
}
