import { z } from 'zod';
import { retriesOf, retriesWithoutDefinition } from '../../core/conductor/task-types.ts';
import type { TaskDef, WorkflowDef, WorkflowTask } from '../../core/conductor/types.ts';
import type { TaskContract, TaskPolicy, Workflow } from '../../core/contract.ts';
import { isObject } from '../../core/json.ts';
import { walk } from '../model/walk.ts';

/** The definitions that a dry run can look up. */
export interface KnownWorkflows {
  /** All workflow definitions, for sub-workflows. */
  readonly workflows: readonly Workflow[];
  /** The task definition that a contract registers. */
  taskDefOf(contract: TaskContract | TaskPolicy): TaskDef;
}

/** A task of a definition, with what a dry run needs to know about it. */
export interface ScenarioTask {
  readonly ref: string;
  readonly type: string;
  readonly task: WorkflowTask;
  /** The innermost loop around the task. */
  readonly loop: WorkflowTask | undefined;
  /** The task definition of the task. If it has none, the server's defaults. */
  readonly taskDef: TaskDef;
  readonly contract: TaskContract | TaskPolicy | undefined;
  /** The workflow that a SUB_WORKFLOW starts; undefined if it is not known. */
  readonly child: Workflow | undefined;
}

/** Every task of a workflow by its reference, in the order of the definition. */
export function stepsOf(workflow: Workflow, known: KnownWorkflows): Map<string, ScenarioTask> {
  const contracts = new Map(workflow.tasks.map((contract) => [contract.name, contract]));
  const defs = workflow.tasks.map((contract) => known.taskDefOf(contract));
  const steps = new Map<string, ScenarioTask>();
  for (const { task, within } of walk(workflow.def.tasks)) {
    const contract = contracts.get(task.name);
    steps.set(task.taskReferenceName, {
      ref: task.taskReferenceName,
      type: task.type,
      task,
      loop: within.findLast(({ kind }) => kind === 'loop')?.task,
      taskDef:
        task.type === 'FORK_JOIN_DYNAMIC' ? anyOf(task, defs) : taskDefOf(task, contract && known.taskDefOf(contract)),
      contract,
      child: task.type === 'SUB_WORKFLOW' ? childOf(task, known) : undefined,
    });
  }
  return steps;
}

/** The highest number of rounds that the condition of a loop allows, for example 5 for `$.loop['iteration'] < 5`. */
export function boundOf(loop: WorkflowTask): number | undefined {
  const found = /\biteration\b['"\]\s]*(<=?)\s*(\d+)/.exec(String(loop.loopCondition ?? ''));
  if (!found) return undefined;
  return Number(found[2]) + (found[1] === '<=' ? 1 : 0);
}

/** True for a loop over a list. The end of the list ends the loop; the condition does not. */
export function isOverItems(loop: WorkflowTask): boolean {
  return loop.items != null || loop.inputParameters?.items != null;
}

function taskDefOf(task: WorkflowTask, registered: TaskDef | undefined): TaskDef {
  const inside = isObject(task.taskDefinition) ? { ...unregistered(task), ...task.taskDefinition } : unregistered(task);
  const { inputSchema: _, outputSchema: __, ...def } = registered ?? inside;
  const own = typeof task.retryCount === 'number' ? task.retryCount : undefined;
  const retryCount = own ?? retriesOf(task.type, def.retryCount);
  return retryCount === undefined ? def : { ...def, retryCount };
}

/**
 * The task definition for tasks that are made at run time. Their contracts are not known, so it allows as many retries and as much time as
 * any contract of the workflow.
 */
function anyOf(task: WorkflowTask, defs: readonly TaskDef[]): TaskDef {
  const most = (field: 'retryCount' | 'timeoutSeconds' | 'responseTimeoutSeconds', least: number) =>
    Math.max(least, ...defs.map((def) => def[field] ?? 0));
  const timeoutSeconds = most('timeoutSeconds', 0);
  const responseTimeoutSeconds = most('responseTimeoutSeconds', 3600);
  return { ...unregistered(task), retryCount: most('retryCount', 3), timeoutSeconds, responseTimeoutSeconds };
}

function unregistered({ name, type }: WorkflowTask): TaskDef {
  return {
    name,
    retryCount: retriesWithoutDefinition(type),
    retryLogic: 'FIXED',
    retryDelaySeconds: 0,
    timeoutSeconds: 0,
    responseTimeoutSeconds: 3600,
  };
}

function childOf(task: WorkflowTask, { workflows }: KnownWorkflows): Workflow | undefined {
  const { name, version, workflowDefinition } = isObject(task.subWorkflowParam) ? task.subWorkflowParam : {};
  const known = workflows.find((one) => one.name === name && (version == null || one.version === version));
  if (!isObject(workflowDefinition)) return known;
  // A definition inside the task replaces the definition of the known workflow. It has no zod schemas, so those of the known workflow stay.
  const def = workflowDefinition as WorkflowDef;
  return { ...(known ?? bare(def)), def };
}

function bare(def: WorkflowDef): Workflow {
  const nothing = z.looseObject({});
  return {
    kind: 'workflow',
    name: def.name,
    version: def.version,
    description: '',
    input: nothing,
    output: nothing,
    tasks: [],
    def,
  };
}
