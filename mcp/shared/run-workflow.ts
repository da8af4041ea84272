import { z } from 'zod';
import type { StartRequest } from '../../core/conductor/api.ts';
import { failureOf } from '../../core/conductor/execution-facts.ts';
import { checkInput } from '../../core/conductor/start-checked.ts';
import { type Execution, hasEnded, type StoredWorkflowDef } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import type { Link, ToolAnswer, ToolContext } from '../engine/define-tool.ts';
import { type Gate, gateLines, gatesOf } from '../operate/gates.ts';
import { failure, jsonObject } from './fields.ts';
import { findWorkflow } from './find-workflow.ts';
import { fitPayloads } from './payload.ts';
import { callOf, quote, quoteIfUnusual } from './quote.ts';
import { keyFromInput, type OnExisting, type StartedOnce, startOnce } from './start-once.ts';
import { waitProgress } from './wait-progress.ts';

/** Clients give up a call after 60 s. A caller that has no id by then would start the workflow again. */
export const MAX_WAIT_SECONDS = 45;

/** An output up to this size is shown whole. A larger output is cut, with a link to the resource that holds the whole output. */
const SHOWN_BYTES = 20_000;

export interface RunRequest {
  name: string;
  version?: number | undefined;
  input: Record<string, unknown>;
  correlationId?: string | undefined;
  /** A key, or a template that makes the key from the input: see `keyFromInput`. */
  idempotencyKey?: string | undefined;
  onExisting: OnExisting;
  waitSeconds: number;
}

/** The structured answer of a tool that runs a workflow. */
export const runOutput = z.object({
  executionId: z.string(),
  status: z.string(),
  version: z.int(),
  /** False if an earlier call with the key started the execution. Absent in the result of an MCP task, whose first answer already said this. */
  isNew: z.boolean().optional(),
  output: jsonObject.optional(),
  error: failure.optional(),
  /** The task that waits for a person or a signal. */
  waitsFor: z.string().optional(),
});

type Run = z.input<typeof runOutput>;

/**
 * Starts a workflow, waits up to `waitSeconds` for its end and reports its state. The wait ends early when only a person or a signal can
 * continue the execution. With a key, it starts the workflow at most once.
 * @throws FleetError `not-found` with similar names; `input` if the input does not fit the definition; `conflict` about the key
 */
export async function runWorkflow(request: RunRequest, context: ToolContext): Promise<ToolAnswer<Run>> {
  const def = await findWorkflow(request, context.definitions);
  const started = await start(def, request, context);
  const { executionId: id } = started;
  const { conductor, signal, progress } = context;
  const { waitSeconds: seconds } = request;
  if (seconds === 0 && started.isNew && startsWithWorkerTask(def))
    return openAnswer(justStarted(def, started), [], started);
  try {
    const isEnough = async (execution: Execution) => (await gatesOf(conductor, execution)).length > 0;
    const wait = { seconds, signal, progress: waitProgress(seconds, progress), isEnough };
    return await answerFor(await conductor.waitForEnd(id, wait), started, context);
  } catch (error) {
    signal.throwIfAborted();
    return startedButUnread(def, started, error);
  }
}

/** The result of an MCP task: the answer of the tool, now that the execution has ended. */
export async function settleRun(executionId: string, context: ToolContext): Promise<ToolAnswer<Run>> {
  return answerFor(await context.conductor.getExecution(executionId), {}, context);
}

async function start(def: StoredWorkflowDef, request: RunRequest, context: ToolContext): Promise<StartedOnce> {
  const { conductor, signal } = context;
  const { idempotencyKey, correlationId, onExisting } = request;
  const input = checkInput(def, request.input);
  const { guardStart } = await import('../operate/gate-guard.ts');
  guardStart(def, input, context);
  const plain: StartRequest = { name: def.name, version: def.version, input };
  if (idempotencyKey === undefined) {
    const executionId = await startWithoutKey({ ...plain, ...(correlationId && { correlationId }) }, context);
    return { executionId, isNew: true };
  }
  if (correlationId !== undefined) {
    throw new FleetError(
      'input',
      'The call has idempotencyKey and correlationId, but the key is stored as the correlation id.',
      { remedy: 'Give only one of the two.' },
    );
  }
  const key = keyFromInput(idempotencyKey, input);
  try {
    return await startOnce(conductor, { ...plain, correlationId: key }, { onExisting, signal });
  } catch (error) {
    if (!mayHaveStarted(error)) throw error;
    throw new FleetError('upstream', error.message, {
      retryable: true,
      remedy: 'Repeat the call with the same key. If the execution was started, the answer describes it.',
      cause: error.cause,
    });
  }
}

/** Starts a workflow. If the answer is lost, the error says how to find out whether the workflow started. */
export async function startWithoutKey(request: StartRequest, { conductor }: ToolContext): Promise<string> {
  try {
    return await conductor.startWorkflow(request);
  } catch (error) {
    if (!mayHaveStarted(error)) throw error;
    const look = callOf('list_workflow_executions', { workflowName: request.name, limit: 5 });
    throw new FleetError('upstream', error.message, {
      retryable: false,
      remedy: `The workflow may have started. Check that before you start it again: ${look}`,
      cause: error.cause,
    });
  }
}

/** True if the server may have received the request. If the connection was refused, the server received nothing. */
function mayHaveStarted(error: unknown): error is FleetError {
  return error instanceof FleetError && error.code === 'upstream' && !error.message.includes('ECONNREFUSED');
}

async function answerFor(
  execution: Execution,
  started: Partial<StartedOnce>,
  { conductor, maxResponseBytes }: ToolContext,
): Promise<ToolAnswer<Run>> {
  if (!hasEnded(execution.status)) return openAnswer(execution, await gatesOf(conductor, execution), started);
  const { workflowId: executionId } = execution;
  const error = failureOf(execution);
  const [result] = fitPayloads([['output', execution.output]], Math.min(SHOWN_BYTES, maxResponseBytes / 5));
  const link = result?.value ? [] : [outputLink(execution)];
  const lines = [headLine(execution, started)];
  if (error) {
    lines.push(
      `${error.taskRef ? `Task ${quoteIfUnusual(error.taskRef)} failed` : 'Reason'} (quoted): ${quote(error.reason)}`,
    );
    lines.push(`Why, and how to recover: ${callOf('diagnose_execution', { executionId })}`);
  }
  const { status } = execution;
  const label = status === 'COMPLETED' ? 'Output' : `Output (not a result, because the execution is ${status})`;
  lines.push(
    `${label}: ${result?.shown ?? '{}'}`,
    ...link.map(({ uri }) => `The whole output is the resource ${uri}.`),
  );
  return {
    text: lines.join('\n'),
    structured: {
      ...runOf(execution, started),
      ...(result?.value && { output: result.value }),
      ...(error && { error }),
    },
    links: link,
  };
}

/** The fields of an execution that the answer about an open execution needs. */
type OpenExecution = Pick<Execution, 'workflowId' | 'workflowName' | 'workflowVersion' | 'status'>;

function openAnswer(execution: OpenExecution, gates: readonly Gate[], started: Partial<StartedOnce>): ToolAnswer<Run> {
  const { workflowId: executionId } = execution;
  const [gate] = gates;
  const lines = [headLine(execution, started), ...gateLines(gates)];
  if (gate) lines.push(`What it asks, and what follows: ${callOf('list_pending_approvals', { executionId })}`);
  lines.push(`Follow it: ${callOf('get_execution_status', { executionId })}`);
  return {
    text: lines.join('\n'),
    structured: { ...runOf(execution, started), ...(gate && { waitsFor: gate.task.referenceTaskName }) },
    continues: executionId,
  };
}

/**
 * True if the first task is for a worker: the execution is then RUNNING after its start and need not be read. With any other first
 * task the execution may already have failed, ended or reached a gate.
 */
function startsWithWorkerTask({ tasks: [first] }: StoredWorkflowDef): boolean {
  return first?.type === 'SIMPLE';
}

function justStarted({ name, version }: StoredWorkflowDef, { executionId }: StartedOnce): OpenExecution {
  return { workflowId: executionId, workflowName: name, workflowVersion: version, status: 'RUNNING' };
}

function headLine(
  { workflowName, workflowVersion, workflowId, status }: OpenExecution,
  { isNew }: Partial<StartedOnce>,
): string {
  const earlier = isNew === false ? ', started earlier with this key' : '';
  return `${quoteIfUnusual(workflowName)} v${workflowVersion} ${workflowId}: ${status}${earlier}.`;
}

function runOf({ workflowId, status, workflowVersion }: OpenExecution, { isNew }: Partial<StartedOnce>): Run {
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

/** The answer if the state of a started execution could not be read. An error instead could make the caller start it again. */
function startedButUnread(
  { version }: StoredWorkflowDef,
  { executionId, isNew }: StartedOnce,
  error: unknown,
): ToolAnswer<Run> {
  const why = error instanceof FleetError ? ` (${error.code})` : '';
  const follow = callOf('get_execution_status', { executionId });
  return {
    text: `Started as ${executionId}, but its state could not be read${why}. Do not start it again; ask later: ${follow}`,
    structured: { executionId, status: 'UNKNOWN', version, isNew },
  };
}
