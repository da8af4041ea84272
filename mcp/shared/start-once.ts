import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Conductor, StartRequest } from '../../core/conductor/api.ts';
import { oneAtATime } from '../../core/conductor/one-at-a-time.ts';
import { type Execution, hasEnded } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { isObject, jsonCopy } from '../../core/json.ts';
import { callOf, quote } from './quote.ts';

/*
 * Starts one execution for an idempotency key. The server ignores idempotency keys, so:
 * 1. The key becomes the execution's correlation id. The server finds an execution by its correlation id until the execution is removed.
 * 2. Before a start, the process takes a lock for the workflow and the key. All processes respect this lock. While the process holds
 *    it, the process searches again.
 * 3. Calls of one process with the same key wait for each other, so that they do not compete for that lock.
 */

/** What to do if the key was used before: return that execution, start a new one if that failed, or always start a new one. */
export const onExistingChoices = ['attach', 'rerun_if_failed', 'force'] as const;
export type OnExisting = (typeof onExistingChoices)[number];

/** The execution that an idempotency key identifies. */
export interface StartedOnce {
  readonly executionId: string;
  /** False if an earlier call with the key started the execution. */
  readonly isNew: boolean;
}

/** The holder of a lock needs less than this to start one execution, even on a busy server. */
const LOCK_WAIT_MS = 15_000;

/**
 * Fills a key template from an input: `order-{orderId}` becomes `order-17` for `{"orderId":17}`.
 * @throws FleetError `input` if the input lacks a field that the template names
 */
export function keyFromInput(template: string, input: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{([\w.-]+)\}/g, (_, field: string) => {
    const value = field.split('.').reduce<unknown>((at, name) => (isObject(at) ? at[name] : undefined), input);
    if (value !== undefined && value !== null) return typeof value === 'string' ? value : JSON.stringify(value);
    throw new FleetError('input', `The idempotency key names {${field}}, but the input has no field ${field}.`, {
      remedy: `Add ${field} to the input, or leave {${field}} out of the key.`,
    });
  });
}

/**
 * Starts an execution, or returns the execution that was started with the same key.
 * @throws FleetError `conflict` if the key belongs to an execution with another input, or if another process holds the lock for too long
 */
export async function startOnce(
  conductor: Conductor,
  request: StartRequest & { correlationId: string },
  { onExisting, signal }: { onExisting: OnExisting; signal: AbortSignal },
): Promise<StartedOnce> {
  if (onExisting === 'force') return { executionId: await conductor.startWorkflow(request), isNew: true };
  const existing = await find(conductor, request, onExisting);
  if (existing) return reuse(existing, request);
  const name = createHash('sha256')
    .update(JSON.stringify([request.name, request.correlationId]))
    .digest('hex')
    .slice(0, 32);
  return oneAtATime(`start ${conductor.serverUrl} ${name}`, async () => {
    const meanwhile = await find(conductor, request, onExisting);
    if (meanwhile) return reuse(meanwhile, request);
    const { acquireLock } = await import('../../core/conductor/definition-lock.ts');
    const lock = await acquireLock(conductor, { purpose: 'start', name }, { waitMs: LOCK_WAIT_MS, signal });
    try {
      const other = await find(conductor, request, onExisting);
      if (other) return reuse(other, request);
      lock.assertHeld();
      return { executionId: await conductor.startWorkflow(request), isNew: true };
    } finally {
      await lock.release();
    }
  });
}

/** The newest execution of the key. Undefined if none exists, or if it failed and `onExisting` asks for a new execution then. */
async function find(
  conductor: Conductor,
  { name, correlationId }: { name: string; correlationId: string },
  onExisting: OnExisting,
): Promise<Execution | undefined> {
  const all = await conductor.correlatedExecutions(name, correlationId);
  const newest = all.reduce<Execution | undefined>((a, b) => (a && a.startTime >= b.startTime ? a : b), undefined);
  const hasFailed = newest !== undefined && hasEnded(newest.status) && newest.status !== 'COMPLETED';
  return hasFailed && onExisting === 'rerun_if_failed' ? undefined : newest;
}

/** The same key with another input is a mistake. Returning the first execution's result would hide it. */
function reuse({ workflowId, input }: Execution, request: StartRequest & { correlationId: string }): StartedOnce {
  if (isDeepStrictEqual(input, jsonCopy(request.input))) return { executionId: workflowId, isNew: false };
  const key = quote(request.correlationId, 200);
  throw new FleetError(
    'conflict',
    `The key ${key} belongs to execution ${workflowId}, which was started with another input.`,
    {
      remedy: `Use another key for this input, or look at that execution: ${callOf('get_execution_status', { executionId: workflowId })}`,
    },
  );
}
