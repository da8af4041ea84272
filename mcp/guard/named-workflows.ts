import type { WorkflowDef } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import type { Target } from '../admission/reach.ts';
import { STARTED_BY } from '../operate/starter.ts';

/** The workflows that something would start, and why some of them cannot be known in advance. */
export interface NamedWorkflows {
  readonly starts: Target[];
  /** Each completes the sentence "It cannot be checked which workflows this starts, because …". */
  readonly unknown: string[];
}

type Json = Record<string, unknown>;

/**
 * The workflows that a definition can start: sub-workflows, started workflows, the failure workflow, workflows of a dynamic fork, and
 * inline definitions with everything inside them. It looks at every value of the definition, so that no nesting hides a name.
 */
export function workflowsNamedIn(definition: WorkflowDef | Json): NamedWorkflows {
  const found: NamedWorkflows = { starts: [], unknown: [] };
  lookAt(definition, found);
  return found;
}

/** The workflow that a start request names, and the workflows inside its inline definition. */
export function workflowsOfStart(request: unknown): NamedWorkflows {
  const found: NamedWorkflows = { starts: [], unknown: [] };
  addStart(request, found);
  return found;
}

function lookAt(value: unknown, found: NamedWorkflows): void {
  if (Array.isArray(value)) {
    for (const item of value) lookAt(item, found);
    return;
  }
  if (!isObject(value)) return;
  if (typeof value.failureWorkflow === 'string' && value.failureWorkflow !== '') add(value.failureWorkflow, {}, found);
  if ('taskReferenceName' in value) lookAtTask(value, found);
  for (const inner of Object.values(value)) lookAt(inner, found);
}

function lookAtTask(task: Json, found: NamedWorkflows): void {
  const type = task.type ?? task.workflowTaskType;
  const inputs = isObject(task.inputParameters) ? task.inputParameters : {};
  if (type === 'SUB_WORKFLOW' || task.subWorkflowParam != null) {
    const { name, workflowDefinition, taskToDomain } = isObject(task.subWorkflowParam)
      ? task.subWorkflowParam
      : ({} as Json);
    addInline(workflowDefinition, inputs, found);
    if (workflowDefinition == null || name != null)
      add(name, { input: inputs, domains: domainsIn(taskToDomain) }, found);
  }
  if (type === 'START_WORKFLOW') addStart(inputs.startWorkflow, found);
  if (type === 'DYNAMIC') found.unknown.push('a DYNAMIC task takes its type from data');
  if (type === 'FORK_JOIN_DYNAMIC') lookAtDynamicFork(inputs, found);
  if (type === 'AGENT' || type === 'PLAN_AND_COMPILE')
    found.unknown.push(`a task of the type ${type} chooses what it starts`);
}

/** The short form of a dynamic fork names one task type or one workflow. Any other form takes whole tasks from data. */
function lookAtDynamicFork(inputs: Json, found: NamedWorkflows): void {
  const { forkTaskWorkflow, forkTaskName, forkTaskType } = inputs;
  if (forkTaskWorkflow != null) {
    add(forkTaskWorkflow, { input: {} }, found);
    return;
  }
  const isPlain = typeof forkTaskName === 'string' && !forkTaskName.includes('${');
  if (isPlain && (forkTaskType === undefined || forkTaskType === 'SIMPLE')) return;
  found.unknown.push('a FORK_JOIN_DYNAMIC task takes its tasks from data; the short form with forkTaskName does not');
}

/** A request to start a workflow: its name, and perhaps the definition to run instead of the registered one. */
function addStart(request: unknown, found: NamedWorkflows): void {
  if (!isObject(request)) {
    found.unknown.push('an expression makes the request that starts a workflow');
    return;
  }
  const { name, input, taskToDomain, workflowDef } = request;
  const given = isObject(input) ? input : {};
  if (input != null && !isObject(input))
    found.unknown.push('an expression makes the input of a workflow that it starts');
  addInline(workflowDef, given, found);
  add(name, { input: given, domains: domainsIn(taskToDomain) }, found);
}

/** An execution of an inline definition has the name of that definition. */
function addInline(definition: unknown, input: Json, found: NamedWorkflows): void {
  if (definition == null) return;
  if (!isObject(definition)) {
    found.unknown.push('an expression makes the definition of a sub-workflow');
    return;
  }
  add(definition.name, { input }, found);
  lookAt(definition, found);
}

function add(name: unknown, about: Omit<Target, 'workflow'>, found: NamedWorkflows): void {
  if (typeof name === 'string' && name !== '' && !name.includes('${')) found.starts.push({ workflow: name, ...about });
  else found.unknown.push('the name of a workflow that it starts is missing or an expression');
}

/** The task domains of a start. One task can have several, separated by commas. */
export function domainsIn(taskToDomain: unknown): string[] {
  if (!isObject(taskToDomain)) return [];
  const named = Object.entries(taskToDomain).filter(([task]) => task !== STARTED_BY);
  return named.flatMap(([, domains]) =>
    String(domains)
      .split(',')
      .map((one) => one.trim()),
  );
}
