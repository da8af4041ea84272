import { randomUUID } from 'node:crypto';
import type { Conductor } from '../../core/conductor/api.ts';
import type { MockedTasks, TestRequest } from '../../core/conductor/calls/execution-calls.ts';
import { type Execution, hasEnded, type WorkflowDef } from '../../core/conductor/types.ts';
import type { Workflow } from '../../core/contract.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { isObject } from '../../core/json.ts';
import { endsOr, endsWithin } from '../../core/pause.ts';
import { walk } from '../model/walk.ts';
import type { Scenario } from './define-scenarios.ts';
import { dryDefinition } from './dry-definition.ts';
import { mockData } from './mock-data.ts';
import { plainInput } from './scenario-mistakes.ts';
import { isSpoilt, type Trace, traceOf } from './trace.ts';
import { type KnownWorkflows, stepsOf } from './workflow-steps.ts';

export interface DryRunOptions {
  readonly known: KnownWorkflows;
  /** After an abort, the dry run starts no more calls. */
  readonly signal: AbortSignal;
  /** True to leave the execution on the server. */
  readonly keep: boolean;
  /** Receives a message about an execution that could not be removed. */
  note(line: string): void;
}

/** Queues a piece of work, and returns its result. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** Makes a queue that starts each piece of work after the previous piece has ended, even if the previous piece failed. */
export function inTurn(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  };
}

/** The beginning of the correlation id of every dry run. */
export const DRY_RUN_PREFIX = 'fleet-test:';

/** No worker polls this domain. All dry runs share it, because the server never forgets the name of a queue. */
const DOMAIN = 'fleet_test';

/** How long an interrupted dry run waits until its execution exists and can be removed. */
const LEFTOVER_MS = 5_000;

/** The number of attempts for each call that removes an execution. */
const TRIES = 3;

/** How often a dry run is repeated if a race condition in the server made its result useless. */
const REPEATS = 5;

/**
 * Executes a workflow on the server's test endpoint with the answers of the scenario, then removes the execution. `cleaning` removes only
 * one execution at a time. On SQLite, each task of a removed execution takes a thread and two of the server's ten connections.
 * @throws FleetError with the error of the server; `cancelled` after an interrupt
 */
export async function dryRun(
  conductor: Conductor,
  workflow: Workflow,
  scenario: Scenario,
  options: DryRunOptions & { cleaning: InTurn },
): Promise<Trace> {
  for (let left = REPEATS; ; left--) {
    if (options.signal.aborted) throw stopped();
    const trace = await runOnce(conductor, workflow, scenario, { ...options, left });
    if (trace) return trace;
  }
}

/** Undefined if a race condition in the server made the result useless and the dry run may be repeated. */
async function runOnce(
  conductor: Conductor,
  workflow: Workflow,
  scenario: Scenario,
  { known, signal, keep, note, cleaning, left }: DryRunOptions & { cleaning: InTurn; left: number },
): Promise<Trace | undefined> {
  const workflowDef = dryDefinition(workflow, scenario, known);
  const mocks = mockData(workflow, scenario, known);
  const correlationId = `${DRY_RUN_PREFIX}${randomUUID()}`;
  const request: TestRequest = {
    name: workflowDef.name,
    version: workflowDef.version,
    input: plainInput(workflow, scenario.input),
    correlationId,
    workflowDef,
    taskToDomain: Object.fromEntries([...answeredNames(workflowDef)].map((name) => [name, DOMAIN])),
    ...mocks,
  };
  let wanted = false;
  try {
    const execution = await unlessInterrupted(conductor.testWorkflow(request), signal);
    const trace = await read(conductor, execution, workflow, mocks, known);
    if (left > 0 && isSpoilt(trace, stepsOf(workflow, known))) return undefined;
    wanted = keep;
    return trace;
  } finally {
    if (!wanted) {
      await cleaning(() => removeAll(conductor, workflowDef, correlationId)).catch((error: unknown) =>
        note(
          `a dry run of ${workflow.name} could not be removed from the server (correlation id ${correlationId}): ${messageOf(error)}`,
        ),
      );
    }
  }
}

/** Reads the trace of the execution and the traces of its sub-workflows. */
async function read(
  conductor: Conductor,
  execution: Execution,
  workflow: Workflow,
  mocks: MockedTasks,
  known: KnownWorkflows,
): Promise<Trace> {
  const steps = stepsOf(workflow, known);
  const top = traceOf(execution, steps, mocks);
  const below = top.attempts.map(async ({ ref, round, subWorkflowId }) => {
    const child = steps.get(ref)?.child;
    const inner = mocks.subWorkflowTestRequest?.[round > 0 ? `${ref}__${round}` : ref];
    if (!child || !inner || subWorkflowId === undefined) return [];
    return [{ ref, trace: await read(conductor, await conductor.getExecution(subWorkflowId), child, inner, known) }];
  });
  return traceOf(execution, steps, mocks, (await Promise.all(below)).flat());
}

/** After an interrupt, waits a few seconds for the answer of the call: until then, the execution cannot be found and removed. */
async function unlessInterrupted<T>(call: Promise<T>, signal: AbortSignal): Promise<T> {
  await endsOr(signal, call);
  if (!signal.aborted || (await endsWithin(LEFTOVER_MS, call))) return call;
  call.catch(() => {}); // nothing needs its result any more
  throw stopped();
}

function stopped(): FleetError {
  return new FleetError('cancelled', 'Stopped during a dry run.');
}

async function removeAll(conductor: Conductor, def: WorkflowDef, correlationId: string): Promise<void> {
  for (const { name } of definitionsIn(def)) {
    const found = await patiently(() => conductor.correlatedExecutions(name, correlationId));
    for (const { workflowId, status } of found) {
      if (!hasEnded(status)) await patiently(() => end(conductor, workflowId));
      await patiently(() => remove(conductor, workflowId));
    }
  }
}

async function remove(conductor: Conductor, workflowId: string): Promise<void> {
  try {
    await conductor.removeExecution(workflowId);
  } catch (error) {
    // An earlier attempt may have removed the execution although its answer did not arrive in time.
    if (!(error instanceof FleetError && error.code === 'not-found')) throw error;
  }
}

/** Terminates an execution. It may have ended in the meantime, by itself or with its parent. */
async function end(conductor: Conductor, workflowId: string): Promise<void> {
  try {
    await conductor.terminate(workflowId, 'the dry run is over');
  } catch (error) {
    if (!hasEnded((await conductor.getStatus(workflowId)).status)) throw error;
  }
}

/** Repeats a failed call, because the server sometimes does not answer while it is busy with an execution. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await call();
    } catch (error) {
      if (left === 0 || !(error instanceof FleetError && error.retryable)) throw error;
    }
  }
}

/** The definition, and the definitions of its sub-workflows. */
function* definitionsIn(def: WorkflowDef): Generator<WorkflowDef> {
  yield def;
  for (const { task } of walk(def.tasks)) {
    const inner = isObject(task.subWorkflowParam) ? task.subWorkflowParam.workflowDefinition : undefined;
    if (isObject(inner)) yield* definitionsIn(inner as WorkflowDef); // `dryDefinition` has made this definition
  }
}

function answeredNames(def: WorkflowDef): Set<string> {
  const tasks = [...definitionsIn(def)].flatMap((one) => [...walk(one.tasks)].map(({ task }) => task));
  return new Set(tasks.filter(({ type }) => type === 'SIMPLE').map(({ name }) => name));
}
