import { FleetError } from '../errors.ts';
import { pause } from '../pause.ts';
import type { ExecutionCalls } from './calls/execution-calls.ts';
import { type Execution, hasEnded } from './types.ts';

export interface WaitOptions {
  /** Ends the wait, which then throws the signal's reason. It does not abort a call under way: use `conductor.withSignal` for that. */
  readonly signal?: AbortSignal;
  /** The longest wait. Default: no limit. */
  readonly seconds?: number;
  /** How long all calls in a row may fail with retryable errors before the wait fails. Default: it fails at the first error. */
  readonly patienceMs?: number;
  /** Called at every second look. The wait ends when it returns true. */
  readonly isEnough?: (execution: Execution) => boolean | Promise<boolean>;
  /** Called every two seconds. An error that it throws counts as a failed call. */
  readonly progress?: (standing: Standing) => void | Promise<void>;
  /** Milliseconds between two looks. Default 200. */
  readonly everyMs?: number;
}

/** The state of a wait: the execution as it is now, or why the server did not return it. */
export type Standing = { readonly waitedMs: number } & (
  | { readonly execution: Execution }
  | { readonly execution?: undefined; readonly error: unknown }
);

const PROGRESS_EVERY_MS = 2_000;

/**
 * Waits until an execution has ended, `isEnough` returns true, or `seconds` are over. Returns the execution as it is at that moment. Never
 * changes the execution.
 * @throws the reason of `signal`, or the error of a call once `patienceMs` are over
 */
export async function waitForEnd(
  conductor: Pick<ExecutionCalls, 'getStatus' | 'getExecution'>,
  executionId: string,
  { signal, seconds = Number.POSITIVE_INFINITY, patienceMs = 0, isEnough, progress, everyMs = 200 }: WaitOptions = {},
): Promise<Execution> {
  const startedAt = performance.now();
  const waited = () => performance.now() - startedAt;
  const leftMs = () => seconds * 1000 - waited();
  let toldAt = 0;
  let answeredAt = 0;
  for (let looks = 0; leftMs() > 0; looks++) {
    signal?.throwIfAborted();
    const isProgressDue = progress !== undefined && waited() - toldAt >= PROGRESS_EVERY_MS;
    const asks = isEnough !== undefined && looks % 2 === 0;
    try {
      const execution = asks || isProgressDue ? await conductor.getExecution(executionId) : undefined;
      const { status } = execution ?? (await conductor.getStatus(executionId));
      if (hasEnded(status)) return execution ?? (await conductor.getExecution(executionId));
      if (execution && asks && (await isEnough(execution))) return execution;
      if (execution && isProgressDue) await progress({ waitedMs: waited(), execution });
      answeredAt = waited();
    } catch (error) {
      signal?.throwIfAborted();
      const mayPass = error instanceof FleetError && error.retryable;
      if (!mayPass || waited() - answeredAt >= patienceMs) throw error;
      if (isProgressDue) await progress({ waitedMs: waited(), error });
    }
    if (isProgressDue) toldAt = waited();
    await pause(Math.min(everyMs, Math.max(0, leftMs())), signal);
  }
  signal?.throwIfAborted();
  return conductor.getExecution(executionId);
}
