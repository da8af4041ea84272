import type { Conductor } from '../../core/conductor/api.ts';
import { roleOf } from '../../core/conductor/task-types.ts';
import {
  type Execution,
  isOpenTask,
  type StoredWorkflowDef,
  type Task,
  type WorkflowTask,
} from '../../core/conductor/types.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import {
  type CalledWorkflow,
  codeInputsOf,
  gateFactsOf,
  isGate,
  isReadElsewhere,
} from '../../workflows/model/gate-tasks.ts';
import { placeOf, rerunnableBefore } from '../../workflows/model/skip-and-rerun.ts';
import { nested, walk } from '../../workflows/model/walk.ts';
import type { ReadContext } from '../engine/define-tool.ts';
import { callOf, quoteIfUnusual } from '../shared/quote.ts';
import { definitionOf } from './execution-definition.ts';
import { startersOf } from './starter.ts';

/*
 * What counts as getting past a gate (a task that waits for a person or a signal). This file decides it for every tool.
 *
 * 1. Code or an address in an execution: changed input of a task, or an input field that the definition runs as code. It needs
 *    `workflows:write`, with or without a gate.
 * 2. Changed data behind a gate that was passed: the gate approved other data. It needs `workflows:write`, or a rerun from before the gate,
 *    so that the gate asks again. A gate from which a rerun begins keeps its old question, so it counts as passed.
 * 3. Changed data before a gate: whoever changes the data of an approval counts as its starter. Only the recorded starter may do this. Another
 *    caller starts a new execution with the data. The caller of a server without authentication has no second person.
 * 4. A skip of a gate, of a task that decides whether the gate is reached, or of a task that reads its answer. It needs `workflows:write`.
 * 5. New code in a sub-workflow behind a gate of an execution above it. It needs `workflows:write`.
 */

type Context = Pick<ReadContext, 'conductor' | 'allows' | 'caller'>;
type Def = StoredWorkflowDef & { tasks: WorkflowTask[] };

/** Sub-workflows and parents are followed this deep. */
const DEEPEST = 5;

/** Checks a rerun. @param from the task at which it begins; undefined: the start @throws FleetError `denied` */
export async function guardRerun(
  execution: Execution,
  { from, taskInput, workflowInput }: { from: Task | undefined; taskInput: boolean; workflowInput: boolean },
  context: Context,
): Promise<void> {
  const { conductor, allows, caller } = context;
  const mayWrite = allows('workflows:write');
  const { workflowId: executionId, workflowName: name } = execution;
  if (taskInput && !mayWrite) {
    throw new FleetError('denied', `taskInput can bring code or an address into the execution, ${NEEDS_WRITE}`, {
      remedy: `Repeat it unchanged, or change workflowInput: ${callOf('rerun_workflow', { executionId, ...(from && { taskRef: from.referenceTaskName }) })}`,
    });
  }
  if (!taskInput && !workflowInput) return;
  if (workflowInput && !mayWrite) {
    const passed = await passedGate(conductor, execution, from?.seq ?? 0);
    if (passed) throw behindGate(execution, passed);
  }
  if (caller.knownBy === 'configuration' || !(await mayHoldGate(conductor, definitionOf(execution)))) return;
  if ((await startersOf(conductor, execution)).includes(caller.id)) return;
  throw new FleetError(
    'denied',
    `${quoteIfUnusual(name)} has an approval, and only the caller who started the execution may change its data. Nothing was changed.`,
    { remedy: `Start a new execution with your data: ${callOf('execute_workflow', { name, input: {} })}` },
  );
}

/** Checks a skip. @throws FleetError `denied` if the skip could jump a gate */
export async function guardSkip(execution: Execution, ref: string, { conductor, allows }: Context): Promise<void> {
  if (allows('workflows:write')) return;
  const def = definitionOf(execution);
  const place = placeOf(def.tasks, ref);
  if (!place) return;
  const chain = [def, ...(await ancestorsOf(conductor, execution)).map(definitionOf)];
  const held = await Promise.all(chain.map((one) => mayHoldGate(conductor, one)));
  if (!held.some(Boolean)) return;
  const why = whyJumps(def, place.task);
  if (why === undefined) return;
  throw new FleetError('denied', `${quoteIfUnusual(ref)} cannot be skipped: ${why}, ${NEEDS_WRITE}`, {
    remedy: `See what the execution waits for: ${callOf('get_execution_status', { executionId: execution.workflowId })}`,
  });
}

/** Checks the start of an execution. @throws FleetError `denied` if the input holds code */
export function guardStart(
  def: Def,
  input: Readonly<Record<string, unknown>>,
  { allows }: Pick<Context, 'allows'>,
): void {
  if (allows('workflows:write')) return;
  const fields = codeInputsOf(def.tasks).filter((field) => input[field] !== undefined && input[field] !== null);
  if (fields.length === 0) return;
  const names = fields.map(quoteIfUnusual).join(', ');
  throw new FleetError('denied', `${quoteIfUnusual(def.name)} runs its input ${names} as code, ${NEEDS_WRITE}`, {
    remedy: 'Ask a person with this permission to start it, or use a workflow whose code is in its definition.',
  });
}

/** Why an execution may not start again with the latest definition: new code behind a gate of an execution above it. */
export async function forbiddenLatest(
  execution: Execution,
  { conductor, allows }: Pick<Context, 'conductor' | 'allows'>,
): Promise<FleetError | undefined> {
  if (allows('workflows:write') || !execution.parentWorkflowId) return undefined;
  const passed = await passedGate(conductor, execution, 0);
  return passed && behindGate(execution, passed);
}

const NEEDS_WRITE = 'so this needs the permission workflows:write, which you do not have.';

interface PassedGate {
  readonly execution: Execution;
  readonly task: Task;
}

/** A gate that was passed and that would not ask again if only the tasks after `seq` ran again. Gates above the execution count too. */
async function passedGate(conductor: Conductor, execution: Execution, seq: number): Promise<PassedGate | undefined> {
  const own = await passedIn(conductor, execution, seq);
  if (own) return own;
  for (const parent of await ancestorsOf(conductor, execution)) {
    const found = await passedIn(conductor, parent, Number.POSITIVE_INFINITY);
    if (found) return found;
  }
  return undefined;
}

async function passedIn(
  conductor: Conductor,
  execution: Execution,
  seq: number,
  depth = 0,
): Promise<PassedGate | undefined> {
  const kept = execution.tasks.filter((task) => task.seq <= seq);
  const gate = kept.find((task) => isGateTask(task) && !isOpenTask(task));
  if (gate) return { execution, task: gate };
  for (const { subWorkflowId } of depth < DEEPEST ? kept : []) {
    const child = subWorkflowId && (await orUndefined(conductor.getExecution(subWorkflowId)));
    const found = child && (await passedIn(conductor, child, Number.POSITIVE_INFINITY, depth + 1));
    if (found) return found;
  }
  return undefined;
}

function isGateTask({ taskType, inputData }: Task): boolean {
  return roleOf(taskType) === 'wait' && !('duration' in inputData || 'until' in inputData);
}

/** The executions above a sub-workflow, the nearest first. */
async function ancestorsOf(conductor: Conductor, execution: Execution): Promise<Execution[]> {
  const found: Execution[] = [];
  for (let at = execution; at.parentWorkflowId && found.length < DEEPEST; ) {
    const parent = await orUndefined(conductor.getExecution(at.parentWorkflowId));
    if (!parent) break;
    found.push(parent);
    at = parent;
  }
  return found;
}

/** True if a definition has a gate, in itself or in a sub-workflow, or if this cannot be known before it runs. */
async function mayHoldGate(conductor: Conductor, def: Pick<Def, 'tasks'>, depth = 0): Promise<boolean> {
  const { hasGate, mayHaveMore, calls } = gateFactsOf(def.tasks);
  if (hasGate || mayHaveMore || depth >= DEEPEST) return true;
  const inner = await Promise.all(calls.map((called) => calledHoldsGate(conductor, called, depth)));
  return inner.some(Boolean);
}

async function calledHoldsGate(
  conductor: Conductor,
  { name, version }: CalledWorkflow,
  depth: number,
): Promise<boolean> {
  const def = await orUndefined(conductor.getWorkflowDef(name, version));
  return def === undefined || mayHoldGate(conductor, def as Def, depth + 1); // the schema leaves the fields of a task open; readers check them
}

/** Why the skip of a task could jump a gate or ignore its answer; undefined for a task on which nothing depends. */
function whyJumps(def: Def, task: WorkflowTask): string | undefined {
  if (isGate(task)) return 'it waits for a person or a signal';
  if (nested(task).some(({ tasks }) => [...walk(tasks)].some((place) => isGate(place.task))))
    return 'it holds a task that waits for a person';
  if (
    ['worker', undefined].includes(roleOf(task.type)) ||
    ['call', 'computation', 'event', 'nothing'].includes(roleOf(task.type) ?? '')
  )
    return isReadElsewhere(def, task.taskReferenceName)
      ? 'another part of this workflow with an approval reads its result'
      : undefined;
  return 'it decides what runs in this workflow with an approval';
}

function behindGate({ workflowId: executionId }: Execution, { execution, task }: PassedGate): FleetError {
  const name = quoteIfUnusual(task.referenceTaskName);
  const where = execution.workflowId === executionId ? '' : ` of ${execution.workflowId}`;
  const before = earlierThan(execution, task);
  const again = callOf('rerun_workflow', {
    executionId: execution.workflowId,
    ...(before && { taskRef: before }),
    workflowInput: {},
  });
  return new FleetError('denied', `${name}${where} was passed with other data, ${NEEDS_WRITE} Nothing was changed.`, {
    remedy: `Run again from before ${name}, so that it asks again: ${again}`,
  });
}

/** The task before a gate, if a rerun may begin there. */
function earlierThan(execution: Execution, { referenceTaskName }: Task): string | undefined {
  const { tasks } = definitionOf(execution);
  const place = placeOf(tasks, referenceTaskName);
  return place && rerunnableBefore(tasks, place);
}
