import { isSynchronous, taskTypes } from '../../core/conductor/task-types.ts';
import type { WorkflowDef, WorkflowTask } from '../../core/conductor/types.ts';
import type { Workflow } from '../../core/contract.ts';
import { isObject } from '../../core/json.ts';
import type { Mocked } from './define-scenarios.ts';
import { canBeMocked, isAnswered } from './mockable-types.ts';
import { type KnownWorkflows, type ScenarioTask, stepsOf } from './workflow-steps.ts';

/**
 * Makes the definition that a dry run executes. It computes the same as the original definition, but has no effect outside the server:
 *
 * 1. Every task that is answered from outside becomes SIMPLE. Otherwise the server would make an HTTP call, send an event or call a model
 *    even if the task has a mock. A SIMPLE task only waits in a queue that no worker polls.
 * 2. It has no failure workflow, because the server would start the real workflow.
 * 3. It contains its task definitions and sub-workflows. So no definition need be registered, and registered definitions have no effect.
 * 4. A task before a FORK_JOIN_DYNAMIC rewrites the tasks that the fork makes, so that 1 and 3 apply to them too.
 */
export function dryDefinition(workflow: Workflow, mocked: Mocked, known: KnownWorkflows): WorkflowDef {
  return dry(workflow, mocked, known, [workflow.name]);
}

/** The name that a workflow has on the server in a dry run. */
export function dryName(name: string): string {
  return `${name}_dry_run`;
}

/** True for the reference of a task that exists only in a dry run. */
export function isAdded(ref: string): boolean {
  return ref.endsWith(REWRITES);
}

const REWRITES = '_as_dry_run';

/**
 * The types that a task keeps if it is made at run time. All other types become SIMPLE, because their definitions are not known at that
 * time.
 */
const COMPUTED_AT_RUN_TIME = taskTypes.filter((type) => isSynchronous(type) && type !== 'FORK_JOIN_DYNAMIC');

/** The limit is needed because a workflow that starts itself would contain itself without end. */
const MAX_DEPTH = 5;

function dry(workflow: Workflow, mocked: Mocked, known: KnownWorkflows, above: readonly string[]): WorkflowDef {
  const steps = stepsOf(workflow, known);
  const { failureWorkflow: _, ...def } = workflow.def;
  const change = (task: WorkflowTask): WorkflowTask[] => {
    const step = steps.get(task.taskReferenceName);
    if (!step) return [task];
    if (task.type === 'FORK_JOIN_DYNAMIC') return dynamicFork(task, workflow, known);
    if (isAnswered(task.type) || mocked.tasks?.[step.ref] !== undefined) return [answered(step)];
    if (task.type === 'SUB_WORKFLOW') return [subWorkflow(step, mocked, known, above)];
    return [task];
  };
  return {
    ...def,
    name: dryName(def.name),
    workflowStatusListenerEnabled: false,
    tasks: rebuild(def.tasks, change),
  };
}

/** A control-flow task keeps its type even if it has a mock; `scenario-mistakes.ts` reports this mock. */
function answered({ task, taskDef }: ScenarioTask): WorkflowTask {
  if (task.type === 'DYNAMIC' || !canBeMocked(task.type)) return task;
  return { ...task, type: 'SIMPLE', taskDefinition: taskDef };
}

function subWorkflow(
  step: ScenarioTask,
  mocked: Mocked,
  known: KnownWorkflows,
  above: readonly string[],
): WorkflowTask {
  const { task, child } = step;
  if (!child || above.length >= MAX_DEPTH) return answered(step);
  const inner = dry(child, mocked.subWorkflows?.[step.ref] ?? {}, known, [...above, child.name]);
  const param = isObject(task.subWorkflowParam) ? task.subWorkflowParam : {};
  return { ...task, subWorkflowParam: { ...param, name: inner.name, workflowDefinition: inner } };
}

function dynamicFork(task: WorkflowTask, workflow: Workflow, known: KnownWorkflows): WorkflowTask[] {
  const param = task.dynamicForkTasksParam;
  if (typeof param !== 'string' || task.inputParameters?.[param] === undefined) return [task];
  const ref = `${task.taskReferenceName}${REWRITES}`;
  const defs = workflow.tasks.map((contract) => {
    const { inputSchema: _, outputSchema: __, ...def } = known.taskDefOf(contract);
    return [contract.name, def];
  });
  const rewrite: WorkflowTask = {
    name: ref,
    taskReferenceName: ref,
    type: 'JSON_JQ_TRANSFORM',
    inputParameters: {
      tasks: task.inputParameters[param],
      defs: Object.fromEntries(defs),
      computed: COMPUTED_AT_RUN_TIME,
      queryExpression: [
        '.defs as $defs | .computed as $computed | (.tasks // [])',
        '| walk(if type == "object" and has("taskReferenceName") and has("type") then',
        '    (if .type as $type | any($computed[]; . == $type) then . else .type = "SIMPLE" end)',
        '    | (if $defs[.name] then .taskDefinition = $defs[.name] else . end)',
        '  else . end)',
      ].join('\n'),
    },
  };
  const inputParameters = { ...task.inputParameters, [param]: `\${${ref}.output.result}` };
  return [rewrite, { ...task, inputParameters }];
}

function rebuild(tasks: readonly WorkflowTask[], change: (task: WorkflowTask) => WorkflowTask[]): WorkflowTask[] {
  const inside = (value: unknown) => (Array.isArray(value) ? rebuild(value as WorkflowTask[], change) : value);
  return tasks.flatMap(change).map((task) => ({
    ...task,
    ...(isObject(task.decisionCases) && {
      decisionCases: Object.fromEntries(Object.entries(task.decisionCases).map(([key, inner]) => [key, inside(inner)])),
    }),
    ...('defaultCase' in task && { defaultCase: inside(task.defaultCase) }),
    ...('loopOver' in task && { loopOver: inside(task.loopOver) }),
    ...(Array.isArray(task.forkTasks) && { forkTasks: task.forkTasks.map(inside) }),
  }));
}
