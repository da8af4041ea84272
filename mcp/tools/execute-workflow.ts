import { z } from 'zod';
import type { Conductor, StartRequest } from '../../core/conductor/api.ts';
import { failureOf } from '../../core/conductor/execution.ts';
import { checkInput } from '../../core/conductor/start.ts';
import { FleetError } from '../../core/errors.ts';
import { defineTool, type ToolAnswer } from '../define.ts';
import { definitionVersion, failure, jsonObject, workflowName } from '../fields.ts';
import { nearNames } from '../names.ts';
import { cutNames, fitPayloads } from '../payload.ts';
import { callOf, quote, word } from '../text.ts';
import { waitUntilEnded } from '../wait.ts';

const INPUT_LIMIT = 1_000_000;

/** Clients give a call up after 60 s; by then the caller must have the id, or it starts the workflow again. */
const MAX_WAIT_SECONDS = 45;

const output = z.object({
  executionId: z.string(),
  status: z.string(),
  output: jsonObject.optional(),
  error: failure.optional(),
});
type Answer = ToolAnswer<z.input<typeof output>>;

export default defineTool({
  name: 'execute_workflow',
  title: 'Start workflow',
  description:
    'Starts a registered workflow and returns its executionId; with waitSeconds also its output, if it ends in time. Every call starts a new execution.',
  toolset: 'workflows',
  byDefault: true,
  permission: 'workflows:execute',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  input: z.strictObject({
    name: workflowName.describe('Name of the workflow'),
    version: definitionVersion.optional().describe('Default: the highest'),
    input: jsonObject
      .refine(
        (input) => JSON.stringify(input).length <= INPUT_LIMIT,
        `must be at most ${INPUT_LIMIT} characters of JSON`,
      )
      .default({})
      .describe('Input of the workflow'),
    correlationId: z.string().max(255).optional().describe('Your own key for it'),
    waitSeconds: z.int().min(0).max(MAX_WAIT_SECONDS).default(0).describe('Longest wait for the end'),
  }),
  output,
}).handler(async ({ waitSeconds, name, version, input, correlationId }, { conductor, maxResponseBytes, signal }) => {
  const def = await findDefinition(conductor, name, version);
  const request = {
    name,
    version: def.version,
    input: checkInput(def, input),
    ...(correlationId && { correlationId }),
  };
  const id = await start(conductor, request);
  try {
    await waitUntilEnded(conductor, id, { seconds: waitSeconds, signal });
    return await describe(conductor, id, maxResponseBytes);
  } catch (error) {
    return startedOnly(id, error);
  }
});

async function findDefinition(conductor: Conductor, name: string, version: number | undefined) {
  try {
    return await conductor.getWorkflowDef(name, version);
  } catch (error) {
    if (!(error instanceof FleetError && error.code === 'not-found')) throw error;
    throw await unknownWorkflow(conductor, { name, version }, error);
  }
}

async function unknownWorkflow(
  conductor: Conductor,
  { name, version }: { name: string; version: number | undefined },
  cause: FleetError,
): Promise<FleetError> {
  const names = await conductor.listWorkflowNames();
  if (names.includes(name)) {
    const { version: highest } = await conductor.getWorkflowDef(name);
    return new FleetError('not-found', `${word(name)} has no version ${version}; its highest is ${highest}.`, {
      remedy: `Call execute_workflow with "version":${highest}, or without a version for the highest.`,
      cause,
    });
  }
  const near = nearNames(name, names);
  return new FleetError('not-found', `There is no workflow named ${quote(name, 255)}.`, {
    remedy: near.length
      ? `Call execute_workflow with one of these names: ${near.map(word).join(', ')}.`
      : 'Register it first with create_workflow; no registered name is like it.',
    cause,
  });
}

async function start(conductor: Conductor, request: StartRequest): Promise<string> {
  try {
    return await conductor.startWorkflow(request);
  } catch (error) {
    // A refused connection never carried the request; anything else may have, and a second start is a second execution.
    if (!(error instanceof FleetError) || error.code !== 'upstream' || error.message.includes('ECONNREFUSED'))
      throw error;
    const look = callOf('list_workflow_executions', { workflowName: request.name, limit: 5 });
    throw new FleetError('upstream', error.message, {
      retryable: false,
      remedy: `It may have started all the same. Look with ${look} before you start it again.`,
      cause: error.cause,
    });
  }
}

async function describe(conductor: Conductor, id: string, maxResponseBytes: number): Promise<Answer> {
  const execution = await conductor.getExecution(id);
  const { status, workflowName } = execution;
  const follow = callOf('get_execution_status', { executionId: id });
  const head = `${word(workflowName)} v${execution.workflowVersion} ${id}: ${status}.`;
  if (status === 'RUNNING' || status === 'PAUSED') {
    return { text: `${head}\nFollow it: ${follow}`, structured: { executionId: id, status } };
  }
  const [result] = fitPayloads([['output', execution.output]], Math.min(20_000, maxResponseBytes / 5));
  const error = failureOf(execution);
  const lines = [head];
  if (error)
    lines.push(`${error.taskRef ? `Task ${word(error.taskRef)} failed` : 'Reason'} (quoted): ${quote(error.reason)}`);
  lines.push(`Output: ${result?.shown ?? '{}'}`);
  if (error || cutNames(result ? [result] : []).length > 0) {
    lines.push(`More: ${callOf('get_execution_status', { executionId: id, detail: 'full' })}`);
  }
  return {
    text: lines.join('\n'),
    structured: { executionId: id, status, ...(result?.value && { output: result.value }), ...(error && { error }) },
  };
}

/** The execution exists, so whatever failed afterwards must not look as if it could be started again. */
function startedOnly(id: string, error: unknown): Answer {
  const why = error instanceof FleetError ? ` (${error.code})` : '';
  const follow = callOf('get_execution_status', { executionId: id });
  return {
    text: `Started as ${id}, but its state could not be read${why}. Do not start it again; ask later: ${follow}`,
    structured: { executionId: id, status: 'UNKNOWN' },
  };
}
