import type { Conductor } from '../../core/conductor/api.ts';
import type { Execution, WorkflowStatus } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { inParallel } from '../../core/in-parallel.ts';
import type { ToolContext } from '../engine/define-tool.ts';
import { findExecution } from '../shared/find-execution.ts';
import { callOf } from '../shared/quote.ts';

/** How many calls to the server run at the same time. The server runs conflicting calls one after the other. */
const AT_ONCE = 8;
/** At most this many progress messages are sent in one call. */
const MOST_MESSAGES = 20;

/** What a tool does to each execution that a call selects. */
export interface ExecutionAction {
  readonly tool: string;
  /** The past participle, as in `would be paused`. */
  readonly done: string;
  /** The tool's arguments other than the selection. */
  readonly args: Readonly<Record<string, unknown>>;
  /** The statuses in which the action is possible. */
  readonly from: readonly WorkflowStatus[];
  /** The statuses in which nothing is left to do. */
  readonly already: readonly WorkflowStatus[];
  /** Why this caller may not change an execution; undefined if it may. */
  forbids?(before: Execution): Promise<FleetError | undefined>;
  act(conductor: Conductor, executionId: string): Promise<void>;
  /** True if the action took effect. */
  worked(after: Execution, before: Execution): boolean;
  /** For every other status: why the action is impossible, and what to do instead. */
  refusal(execution: Execution): FleetError;
  /** Replaces an error of the server with an error that says what to do instead. Undefined leaves the error unchanged. */
  explain?(error: FleetError, execution: Execution): FleetError | undefined;
  /** True if the action can change the version that an execution runs. The answer then names the version. */
  readonly setsVersion?: boolean;
  /** What a caller should know after a change. */
  readonly note?: string;
}

/** The result for one execution. After `changed` and `unchanged`, the execution is in the state that the caller wants. */
export interface Outcome {
  readonly executionId: string;
  readonly workflow: string;
  readonly outcome: 'changed' | 'unchanged' | 'failed' | 'not tried';
  readonly before?: WorkflowStatus;
  /** Status now. */
  readonly status?: WorkflowStatus;
  /** The version of the workflow before and after the action, if the action can change it. */
  readonly versions?: readonly [before: number, after: number];
  /** Why the action failed. */
  readonly error?: FleetError;
}

/**
 * Applies the action to the executions, several at a time, and returns an outcome for each. If an error would be the same for every
 * execution, such as a lost connection, the remaining executions are not tried.
 * @param isExcluded true for an execution that must not be changed although its id is listed
 */
export async function applyAction(
  action: ExecutionAction,
  ids: readonly string[],
  context: Pick<ToolContext, 'conductor' | 'progress' | 'signal'>,
  isExcluded: (execution: Execution) => boolean = () => false,
): Promise<Outcome[]> {
  const step = Math.ceil(ids.length / MOST_MESSAGES);
  let done = 0;
  let broken: FleetError | undefined;
  return inParallel(ids, AT_ONCE, async (id) => {
    const outcome = broken ? notTried(id, broken) : await actOnOne(action, id, context.conductor, isExcluded);
    if (outcome.error && isBroken(outcome.error)) broken ??= outcome.error;
    done++;
    if (ids.length > 1 && done % step === 0)
      context.progress({ progress: done, total: ids.length, message: `${action.tool}: ${done} of ${ids.length}` });
    return outcome;
  });
}

async function actOnOne(
  action: ExecutionAction,
  executionId: string,
  conductor: Conductor,
  isExcluded: (execution: Execution) => boolean,
): Promise<Outcome> {
  try {
    const before = await findExecution(conductor, executionId, { includeTasks: false });
    const known = { executionId, workflow: before.workflowName, before: before.status };
    if (isExcluded(before))
      return { ...known, status: before.status, outcome: 'failed', error: changedSinceCounted(before) };
    if (action.already.includes(before.status)) return { ...known, status: before.status, outcome: 'unchanged' };
    if (!action.from.includes(before.status))
      return { ...known, status: before.status, outcome: 'failed', error: action.refusal(before) };
    const forbidden = await action.forbids?.(before);
    if (forbidden) return { ...known, status: before.status, outcome: 'failed', error: forbidden };
    return { ...known, ...(await actAndCheck(action, before, conductor)) };
  } catch (error) {
    if (!(error instanceof FleetError)) throw error; // a cancelled call, or a bug
    return isBroken(error) ? notTried(executionId, error) : { executionId, workflow: '', outcome: 'failed', error };
  }
}

/** Sends the call, then reads the execution: only its status shows the effect, because an answer can be lost. */
async function actAndCheck(
  action: ExecutionAction,
  before: Execution,
  conductor: Conductor,
): Promise<Pick<Outcome, 'outcome' | 'status' | 'versions' | 'error'>> {
  const { workflowId } = before;
  const failure = await action.act(conductor, workflowId).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof FleetError) return error;
      throw error;
    },
  );
  const after = await findExecution(conductor, workflowId, { includeTasks: false }).catch((error: unknown) => {
    throw error instanceof FleetError ? mayHaveChanged(workflowId, error) : error;
  });
  const { status } = after;
  const versions = action.setsVersion && ([before.workflowVersion, after.workflowVersion] as const);
  if (action.worked(after, before)) return { outcome: 'changed', status, ...(versions && { versions }) };
  if (action.already.includes(status)) return { outcome: 'unchanged', status };
  if (!action.from.includes(status)) return { outcome: 'failed', status, error: action.refusal(after) };
  const error = failure ? (action.explain?.(failure, after) ?? failure) : hadNoEffect(action, after);
  return { outcome: 'failed', status, error };
}

function notTried(executionId: string, error: FleetError): Outcome {
  return { executionId, workflow: '', outcome: 'not tried', error };
}

/** True if the next execution would meet the same error. */
export function isBroken({ code, cause }: FleetError): boolean {
  if (code === 'denied' || code === 'config') return true;
  return code === 'upstream' && !(typeof cause === 'object' && cause !== null && 'status' in cause);
}

function changedSinceCounted({ workflowId, status }: Execution): FleetError {
  return new FleetError('conflict', `${workflowId} became ${status} after the preview, so it was not changed.`, {
    remedy: 'Preview again: repeat the call without confirm.',
  });
}

function mayHaveChanged(executionId: string, { code, message, cause }: FleetError): FleetError {
  const look = callOf('get_execution_status', { executionId });
  return new FleetError(code, `${message} The action may have taken effect.`, {
    retryable: false,
    remedy: `When the server answers again, check the execution before you repeat the call: ${look}`,
    cause,
  });
}

function hadNoEffect({ tool }: ExecutionAction, { workflowId, status }: Execution): FleetError {
  return new FleetError(
    'upstream',
    `The server accepted ${tool} for ${workflowId}, but the execution is still ${status}.`,
  );
}
