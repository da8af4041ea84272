import { isSynchronous, taskTypes } from '../../core/conductor/task-types.ts';
import type { WorkflowDef, WorkflowTask } from '../../core/conductor/types.ts';
import type { Workflow } from '../../core/contract.ts';
import { isObject } from '../../core/json.ts';
import type { Mocked } from './define-scenarios.ts';
import { canBeMocked, isAnswered } from './mockable-types.ts';
import { type Known, type Step, stepsOf } from './workflow-steps.ts';

/**
 * The definition as a dry run executes it. It computes what the original computes, and it can have no effect outside:
 *
 * 1. Every task that somebody outside answers is SIMPLE. The server would begin an HTTP call, an event or a model call by itself,
 *    mock or no mock; a SIMPLE task only waits in a queue that nobody polls.
 * 2. There is no failure workflow: the real one would start.
 * 3. Task definitions and sub-workflows stand inside it, so that nothing has to be registered and nothing that is registered counts.
 * 4. What FORK_JOIN_DYNAMIC makes at run time is rewritten at run time, by a task in front of it, to keep to 1 and 3.
 */
export function dryDefinition(workflow: Workflow, mocked: Mocked, known: Known): WorkflowDef {
  return dry(workflow, mocked, known, [workflow.name]);
}

/** What the execution of a dry run is called on the server. */
export function dryName(name: string): string {
  return `${name}_dry_run`;
}

/** References of tasks that only a dry run has. */
export function isAdded(ref: string): boolean {
  return ref.endsWith(REWRITES);
}

const REWRITES = '_as_dry_run';

/** Types that stay as they are in a task made at run time: no definition is at hand there to make another one harmless. */
const COMPUTED_AT_RUN_TIME = taskTypes.filter((type) => isSynchronous(type) && type !== 'FORK_JOIN_DYNAMIC');

/** A workflow that starts itself has no end when it is written out. */
const MAX_DEPTH = 5;

function dry(workflow: Workflow, mocked: Mocked, known: Known, above: readonly string[]): WorkflowDef {
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

/** Control flow keeps its type whatever is mocked: a mock of it is a mistake that is told elsewhere. */
function answered({ task, taskDef }: Step): WorkflowTask {
  if (task.type === 'DYNAMIC' || !canBeMocked(task.type)) return task;
  return { ...task, type: 'SIMPLE', taskDefinition: taskDef };
}

function subWorkflow(step: Step, mocked: Mocked, known: Known, above: readonly string[]): WorkflowTask {
  const { task, child } = step;
  if (!child || above.length >= MAX_DEPTH) return answered(step);
  const inner = dry(child, mocked.subWorkflows?.[step.ref] ?? {}, known, [...above, child.name]);
  const param = isObject(task.subWorkflowParam) ? task.subWorkflowParam : {};
  return { ...task, subWorkflowParam: { ...param, name: inner.name, workflowDefinition: inner } };
}

function dynamicFork(task: WorkflowTask, workflow: Workflow, known: Known): WorkflowTask[] {
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
