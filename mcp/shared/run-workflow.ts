import { z } from 'zod';
import type { StartRequest } from '../../core/conductor/api.ts';
import { failureOf } from '../../core/conductor/execution-facts.ts';
import { checkInput } from '../../core/conductor/start-checked.ts';
import { type Execution, hasEnded, type StoredWorkflowDef } from '../../core/conductor/types.ts';
import { waitingAmong } from '../../core/conductor/waiting-tasks.ts';
import { FleetError } from '../../core/errors.ts';
import type { Link, ToolAnswer, ToolContext } from '../engine/define-tool.ts';
import { failure, jsonObject } from './fields.ts';
import { findWorkflow } from './find-workflow.ts';
import { fitPayloads } from './payload.ts';
import { callOf, quote, word } from './quote.ts';
import { keyOf, type Once, type OnExisting, startOnce } from './start-once.ts';
import { waitProgress } from './wait-progress.ts';

/** Clients give a call up after 60 s; by then the caller must have the id, or it starts the workflow again. */
export const MAX_WAIT_SECONDS = 45;

/** Outputs up to this size are shown whole; of others the beginning, and the whole as a resource. */
const SHOWN_BYTES = 20_000;

export interface RunRequest {
  name: string;
  version?: number | undefined;
  input: Record<string, unknown>;
  correlationId?: string | undefined;
  /** A key, or a recipe for one: see `keyOf`. */
  idempotencyKey?: string | undefined;
  onExisting: OnExisting;
  waitSeconds: number;
  /** Do not wait on where a person or a signal has to come first. */
  stopAtGate?: boolean;
}

/** The schema of what a started workflow is answered with. */
export const runOutput = z.object({
  executionId: z.string(),
  status: z.string(),
  version: z.int(),
  /** False where an execution of the same key was there already; absent where a task ends, whose beginning said it. */
  isNew: z.boolean().optional(),
  output: jsonObject.optional(),
  error: failure.optional(),
  /** The task that waits for a person or a signal. */
  waitsFor: z.string().optional(),
});

type Run = z.input<typeof runOutput>;

/**
 * Starts a workflow, once for its key if it has one, waits as long as asked for its end and tells how it stands.
 * @throws FleetError `not-found` with near names, `input` if the input does not fit the definition, `conflict` about the key
 */
export async function runWorkflow(request: RunRequest, context: ToolContext): Promise<ToolAnswer<Run>> {
  const def = await findWorkflow(request, context.definitions);
  const once = await start(def, request, context);
  const { executionId: id } = once;
  const { conductor, signal, progress } = context;
  const { waitSeconds: seconds, stopAtGate } = request;
  if (seconds === 0 && once.isNew && beginsWithWorker(def)) return stillOpen(begun(def, once), once);
  try {
    const isEnough = ({ tasks }: Execution) => waitingAmong(tasks).length > 0;
    const wait = { seconds, signal, progress: waitProgress(seconds, progress), ...(stopAtGate && { isEnough }) };
    return describe(await conductor.waitForEnd(id, wait), once, context.maxResponseBytes);
  } catch (error) {
    signal.throwIfAborted();
    return startedOnly(def, once, error);
  }
}

/** The answer for an execution that has ended since it was handed over. */
export async function settleRun(executionId: string, context: ToolContext): Promise<ToolAnswer<Run>> {
  return describe(await context.conductor.getExecution(executionId), {}, context.maxResponseBytes);
}

async function start(def: StoredWorkflowDef, request: RunRequest, context: ToolContext): Promise<Once> {
  const { conductor, signal } = context;
  const { idempotencyKey, correlationId, onExisting } = request;
  const input = checkInput(def, request.input);
  const plain: StartRequest = { name: def.name, version: def.version, input };
  if (idempotencyKey === undefined) {
    const executionId = await startPlainly({ ...plain, ...(correlationId && { correlationId }) }, context);
    return { executionId, isNew: true };
  }
  if (correlationId !== undefined) {
    throw new FleetError(
      'input',
      'Give idempotencyKey or correlationId, not both: the key is kept as the correlation id.',
    );
  }
  const key = keyOf(idempotencyKey, input);
  try {
    return await startOnce(conductor, { ...plain, correlationId: key }, { onExisting, signal });
  } catch (error) {
    if (!isLostAnswer(error)) throw error;
    throw new FleetError('upstream', error.message, {
      retryable: true,
      remedy: 'Make the same call with the same key: if it was started, that execution is found.',
      cause: error.cause,
    });
  }
}

async function startPlainly(request: StartRequest, { conductor }: ToolContext): Promise<string> {
  try {
    return await conductor.startWorkflow(request);
  } catch (error) {
    if (!isLostAnswer(error)) throw error;
    const look = callOf('list_workflow_executions', { workflowName: request.name, limit: 5 });
    throw new FleetError('upstream', error.message, {
      retryable: false,
      remedy: `It may have started all the same, so look before you start it again: ${look}`,
      cause: error.cause,
    });
  }
}

/** A refused connection never carried the request; anything else may have, and a second start is a second execution. */
function isLostAnswer(error: unknown): error is FleetError {
  return error instanceof FleetError && error.code === 'upstream' && !error.message.includes('ECONNREFUSED');
}

function describe(execution: Execution, once: Partial<Once>, maxResponseBytes: number): ToolAnswer<Run> {
  if (!hasEnded(execution.status)) return stillOpen(execution, once);
  const { workflowId: executionId } = execution;
  const error = failureOf(execution);
  const [result] = fitPayloads([['output', execution.output]], Math.min(SHOWN_BYTES, maxResponseBytes / 5));
  const link = result?.value ? [] : [outputLink(execution)];
  const lines = [headOf(execution, once)];
  if (error) {
    lines.push(`${error.taskRef ? `Task ${word(error.taskRef)} failed` : 'Reason'} (quoted): ${quote(error.reason)}`);
    lines.push(`Why, and what mends it: ${callOf('diagnose_execution', { executionId })}`);
  }
  lines.push(`Output: ${result?.shown ?? '{}'}`, ...link.map(({ uri }) => `The whole output is the resource ${uri}.`));
  return {
    text: lines.join('\n'),
    structured: {
      ...runOf(execution, once),
      ...(result?.value && { output: result.value }),
      ...(error && { error }),
    },
    links: link,
  };
}

/** What is told of an execution that goes on. */
type Open = Pick<Execution, 'workflowId' | 'workflowName' | 'workflowVersion' | 'status' | 'tasks'>;

function stillOpen(execution: Open, once: Partial<Once>): ToolAnswer<Run> {
  const { workflowId: executionId, tasks } = execution;
  const [gate] = waitingAmong(tasks);
  const lines = [headOf(execution, once)];
  if (gate) {
    const pending = callOf('list_pending_approvals', { executionId });
    lines.push(`It waits for a person or a signal at ${word(gate.referenceTaskName)}: ${pending}`);
  }
  lines.push(`Follow it: ${callOf('get_execution_status', { executionId })}`);
  return {
    text: lines.join('\n'),
    structured: { ...runOf(execution, once), ...(gate && { waitsFor: gate.referenceTaskName }) },
    continues: executionId,
  };
}

/**
 * Whether a start says all there is to say: the server has put the first task into a queue, even where nobody has defined it, and a
 * worker has yet to take it. Anything else may have failed, ended or met a gate within the start, so it is read.
 */
function beginsWithWorker({ tasks: [first] }: StoredWorkflowDef): boolean {
  return first?.type === 'SIMPLE';
}

function begun({ name, version }: StoredWorkflowDef, { executionId }: Once): Open {
  return { workflowId: executionId, workflowName: name, workflowVersion: version, status: 'RUNNING', tasks: [] };
}

function headOf({ workflowName, workflowVersion, workflowId, status }: Open, { isNew }: Partial<Once>): string {
  const earlier = isNew === false ? ', started earlier with this key' : '';
  return `${word(workflowName)} v${workflowVersion} ${workflowId}: ${status}${earlier}.`;
}

function runOf({ workflowId, status, workflowVersion }: Open, { isNew }: Partial<Once>): Run {
  return { executionId: workflowId, status, version: workflowVersion, ...(isNew !== undefined && { isNew }) };
}

function outputLink({ workflowId, output }: Execution): Link {
  const size = Buffer.byteLength(JSON.stringify(output));
  return {
    uri: `conductor://executions/${encodeURIComponent(workflowId)}/output`,
    name: 'output',
    description: `Output of execution ${workflowId}`,
    mimeType: 'application/json',
    size,
  };
}

/** The execution exists, so whatever failed afterwards must not look as if it could be started again. */
function startedOnly({ version }: StoredWorkflowDef, { executionId, isNew }: Once, error: unknown): ToolAnswer<Run> {
  const why = error instanceof FleetError ? ` (${error.code})` : '';
  const follow = callOf('get_execution_status', { executionId });
  return {
    text: `Started as ${executionId}, but its state could not be read${why}. Do not start it again; ask later: ${follow}`,
    structured: { executionId, status: 'UNKNOWN', version, isNew },
  };
}
