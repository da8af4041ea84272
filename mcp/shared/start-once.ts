import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Conductor, StartRequest } from '../../core/conductor/api.ts';
import { acquireLock } from '../../core/conductor/definition-lock.ts';
import { type Execution, hasEnded } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { isObject } from '../../core/json.ts';
import { callOf, quote } from './quote.ts';

/**
 * One execution for a key, though the server keeps no idempotency key of its own:
 * 1. The key is the execution's correlation id, so the server itself knows what was started with it, for as long as it keeps it.
 * 2. Who starts holds the lock of workflow and key, which any number of processes respect, and has looked again under it.
 * 3. Calls of one process wait for each other, so that they do not compete for that lock.
 */

/** What to do where the key was used before: take that execution, start anew if it failed, or start anew in any case. */
export const onExistingChoices = ['attach', 'rerun_if_failed', 'force'] as const;
export type OnExisting = (typeof onExistingChoices)[number];

export interface Once {
  readonly executionId: string;
  /** False where an execution of the key was there already. */
  readonly isNew: boolean;
}

/** Longer than the holder of a lock needs to start one execution on a busy server. */
const LOCK_WAIT_MS = 15_000;

const underWay = new Map<string, Promise<unknown>>();

/**
 * The key that a recipe makes of an input: `order-{orderId}` is `order-17` for `{"orderId":17}`.
 * @throws FleetError `input` if the input lacks a field that the recipe names
 */
export function keyOf(recipe: string, input: Readonly<Record<string, unknown>>): string {
  return recipe.replace(/\{([\w.-]+)\}/g, (_, field: string) => {
    const value = field.split('.').reduce<unknown>((at, name) => (isObject(at) ? at[name] : undefined), input);
    if (value !== undefined && value !== null) return typeof value === 'string' ? value : JSON.stringify(value);
    throw new FleetError('input', `The idempotency key names {${field}}, which the input does not have.`);
  });
}

/** @throws FleetError `conflict` if the key belongs to an execution with another input, or if another process holds it for too long */
export async function startOnce(
  conductor: Conductor,
  request: StartRequest & { correlationId: string },
  { onExisting, signal }: { onExisting: OnExisting; signal: AbortSignal },
): Promise<Once> {
  if (onExisting === 'force') return { executionId: await conductor.startWorkflow(request), isNew: true };
  const existing = await find(conductor, request, onExisting);
  if (existing) return attached(existing, request);
  const name = createHash('sha256')
    .update(JSON.stringify([request.name, request.correlationId]))
    .digest('hex')
    .slice(0, 32);
  return inTurn(`${conductor.serverUrl} ${name}`, async () => {
    const meanwhile = await find(conductor, request, onExisting);
    if (meanwhile) return attached(meanwhile, request);
    const lock = await acquireLock(conductor, { purpose: 'start', name }, { waitMs: LOCK_WAIT_MS, signal });
    try {
      const other = await find(conductor, request, onExisting);
      if (other) return attached(other, request);
      lock.assertHeld();
      return { executionId: await conductor.startWorkflow(request), isNew: true };
    } finally {
      await lock.release();
    }
  });
}

/** The newest execution of the key, unless it is one that failed and is to be started anew. */
async function find(
  conductor: Conductor,
  { name, correlationId }: { name: string; correlationId: string },
  onExisting: OnExisting,
): Promise<Execution | undefined> {
  const all = await conductor.correlatedExecutions(name, correlationId);
  const newest = all.reduce<Execution | undefined>((a, b) => (a && a.startTime >= b.startTime ? a : b), undefined);
  const isLost = newest !== undefined && hasEnded(newest.status) && newest.status !== 'COMPLETED';
  return isLost && onExisting === 'rerun_if_failed' ? undefined : newest;
}

/** The same key with another input is a mistake that nobody would see if it got the first one's result. */
function attached({ workflowId, input }: Execution, request: StartRequest & { correlationId: string }): Once {
  if (isDeepStrictEqual(input, JSON.parse(JSON.stringify(request.input))))
    return { executionId: workflowId, isNew: false };
  const key = quote(request.correlationId, 200);
  throw new FleetError('conflict', `The key ${key} belongs to ${workflowId}, which was started with another input.`, {
    remedy: `Use a key of its own for this input, or look at that one: ${callOf('get_execution_status', { executionId: workflowId })}`,
  });
}

async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = underWay.get(key) ?? Promise.resolve();
  const mine = before.catch(() => undefined).then(work);
  underWay.set(key, mine);
  try {
    return await mine;
  } finally {
    if (underWay.get(key) === mine) underWay.delete(key);
  }
}
