import type { Conductor } from '../../core/conductor/api.ts';
import type { Execution, WorkflowStatus } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { inParallel } from '../../core/in-parallel.ts';
import type { ToolContext } from '../engine/define-tool.ts';
import { findExecution } from '../shared/find-execution.ts';
import { callOf } from '../shared/quote.ts';

/** Calls on the server at once: it does them one after the other where they meet. */
const AT_ONCE = 8;
/** Progress is told so often at most over a whole call. */
const TOLD = 20;

/** What a tool does to each execution it is called for. */
export interface ExecutionAction {
  readonly tool: string;
  /** As in `would be paused`. */
  readonly done: string;
  /** Its arguments beside the selection. */
  readonly args: Readonly<Record<string, unknown>>;
  /** The statuses it can change. */
  readonly from: readonly WorkflowStatus[];
  /** The statuses in which there is nothing left to do. */
  readonly already: readonly WorkflowStatus[];
  act(conductor: Conductor, executionId: string): Promise<void>;
  /** Whether it took effect. */
  worked(after: Execution, before: Execution): boolean;
  /** Why it cannot be done in a status that is neither, and what can be done instead. */
  refusal(execution: Execution): FleetError;
  /** The server's refusal in our words, with what can be done instead; undefined where it has none of its own. */
  explain?(error: FleetError, execution: Execution): FleetError | undefined;
  /** What somebody should know about an execution that was changed. */
  readonly note?: string;
}

/** What became of one execution. `changed` and `unchanged` are as asked for, the others are not. */
export interface Outcome {
  readonly executionId: string;
  readonly workflow: string;
  readonly outcome: 'changed' | 'unchanged' | 'failed' | 'not tried';
  readonly before?: WorkflowStatus;
  /** Status now. */
  readonly status?: WorkflowStatus;
  /** Why not. */
  readonly error?: FleetError;
}

/**
 * Does the action to each execution, some at a time, and says of each what became of it. Where the server cannot be reached any more,
 * the rest is not tried.
 * @param isLeftOut executions that must not be touched although they are named
 */
export async function applyAction(
  action: ExecutionAction,
  ids: readonly string[],
  context: Pick<ToolContext, 'conductor' | 'progress' | 'signal'>,
  isLeftOut: (execution: Execution) => boolean = () => false,
): Promise<Outcome[]> {
  const step = Math.ceil(ids.length / TOLD);
  let done = 0;
  let broken: FleetError | undefined;
  return inParallel(ids, AT_ONCE, async (id) => {
    const outcome = broken ? notTried(id, broken) : await one(action, id, context.conductor, isLeftOut);
    if (outcome.error && isBroken(outcome.error)) broken ??= outcome.error;
    done++;
    if (ids.length > 1 && done % step === 0)
      context.progress({ progress: done, total: ids.length, message: `${action.tool}: ${done} of ${ids.length}` });
    return outcome;
  });
}

async function one(
  action: ExecutionAction,
  executionId: string,
  conductor: Conductor,
  isLeftOut: (execution: Execution) => boolean,
): Promise<Outcome> {
  try {
    const before = await findExecution(conductor, executionId, { includeTasks: false });
    const known = { executionId, workflow: before.workflowName, before: before.status };
    if (isLeftOut(before)) return { ...known, status: before.status, outcome: 'failed', error: cameLater(before) };
    if (action.already.includes(before.status)) return { ...known, status: before.status, outcome: 'unchanged' };
    if (!action.from.includes(before.status))
      return { ...known, status: before.status, outcome: 'failed', error: action.refusal(before) };
    return { ...known, ...(await attempt(action, before, conductor)) };
  } catch (error) {
    if (!(error instanceof FleetError)) throw error; // the call was cancelled, or a bug
    return isBroken(error) ? notTried(executionId, error) : { executionId, workflow: '', outcome: 'failed', error };
  }
}

/** Asks for it, and believes what the execution shows afterwards: an answer may get lost, and states change meanwhile. */
async function attempt(
  action: ExecutionAction,
  before: Execution,
  conductor: Conductor,
): Promise<Pick<Outcome, 'outcome' | 'status' | 'error'>> {
  const { workflowId } = before;
  const failure = await action.act(conductor, workflowId).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof FleetError) return error;
      throw error;
    },
  );
  const after = await findExecution(conductor, workflowId, { includeTasks: false }).catch((error: unknown) => {
    throw error instanceof FleetError ? mayHaveHappened(workflowId, error) : error;
  });
  const { status } = after;
  if (action.worked(after, before)) return { outcome: 'changed', status };
  if (action.already.includes(status)) return { outcome: 'unchanged', status };
  if (!action.from.includes(status)) return { outcome: 'failed', status, error: action.refusal(after) };
  const error = failure ? (action.explain?.(failure, after) ?? failure) : tookNoEffect(action, after);
  return { outcome: 'failed', status, error };
}

function notTried(executionId: string, error: FleetError): Outcome {
  return { executionId, workflow: '', outcome: 'not tried', error };
}

/** True where the next execution would meet the same error, since it is not about this one. */
export function isBroken({ code, cause }: FleetError): boolean {
  if (code === 'denied' || code === 'config') return true;
  return code === 'upstream' && !(typeof cause === 'object' && cause !== null && 'status' in cause);
}

function cameLater({ workflowId, status }: Execution): FleetError {
  return new FleetError('conflict', `${workflowId} has become ${status} after it was counted, so it was left alone.`, {
    remedy: 'Make the first call again, without confirm, to count anew.',
  });
}

function mayHaveHappened(executionId: string, { code, message, cause }: FleetError): FleetError {
  const look = callOf('get_execution_status', { executionId });
  return new FleetError(code, `${message} It may have been done all the same.`, {
    retryable: false,
    remedy: `When the server answers again, look before you repeat it: ${look}`,
    cause,
  });
}

function tookNoEffect({ tool }: ExecutionAction, { workflowId, status }: Execution): FleetError {
  return new FleetError('upstream', `The server accepted ${tool} for ${workflowId}, but it is still ${status}.`);
}
