import type { TaskContext } from '../../core/contract.ts';
import { pause } from '../../core/drain.ts';

/**
 * A side effect that happens once, however often its task is delivered.
 *
 * A task comes at least once: its lease can run out, its result can be lost with its process, it can fail and be tried again. To do
 * something exactly once over all of that, the record that it was done must become true in the same moment as the deed. So the
 * record belongs where the deed is, in a ledger there, and how much can be promised depends on where that is:
 *
 * | the effect is            | use          | what holds, `kill -9` and power failure at any point included                        |
 * | ------------------------ | ------------ | ------------------------------------------------------------------------------------ |
 * | in the ledger's database | `onceInside` | Exactly once: effect and record are one transaction. Every delivery gets its result.  |
 * | anywhere else (HTTP, …)  | `once`       | Never twice at a time, never again once recorded. Where an earlier delivery began and |
 * |                          |              | left no record, it may have happened: the effect is told `again` and has to make sure. |
 *
 * `again` is dealt with in one of two ways: send `key` with the request as an idempotency key the receiver honours, or look up first
 * whether it was done. With either, `once` is exactly once as well; with neither, a process that dies in between does it twice.
 *
 * A result comes back as JSON leaves it (a `Date` is a string), at the first delivery as at every later one. An execution that is
 * restarted or rerun keeps its id, and with it its effects.
 */
export interface Ledger<Db = unknown> {
  /** Runs `effect` and records its result in one transaction, or returns the result that is recorded. */
  inside<T>(key: string, effect: (db: Db) => T, signal: AbortSignal): Promise<T>;
  /** Asks for the right to run the effect of `key`. */
  claim(key: string, signal: AbortSignal): Promise<Claim>;
}

/** The answer to a claim. */
export type Claim =
  | { state: 'done'; result: unknown }
  /** Another delivery runs it, in a process that lives. */
  | { state: 'running' }
  | {
      state: 'ours';
      /** An earlier delivery began it and left no result. */
      again: boolean;
      /** Records the result and returns it as later deliveries will see it. */
      done(result: unknown): Promise<unknown>;
      /** Leaves it to whoever comes next. */
      release(): Promise<void>;
    };

/** What an effect outside the ledger's database is told. */
export interface Delivery {
  /** The same for every delivery of this effect, and for no other: fit as an `Idempotency-Key`. */
  readonly key: string;
  /** It may have happened already. */
  readonly again: boolean;
}

type Context = Pick<TaskContext, 'idempotencyKey' | 'signal'>;

/** How long a delivery waits for another one that runs the same effect; then it fails and is tried again later. */
const WAIT_MS = 30_000;
const LOOK_EVERY_MS = 100;

/**
 * Runs an effect in the ledger's own database, exactly once. It has to be synchronous, do nothing outside that database, and leave the
 * transaction to us.
 * @param name tells this effect from the others of the task
 * @example const seat = await onceInside(ledger, context, 'book', (db) => db.prepare('INSERT … RETURNING seat').get(flight))
 */
export function onceInside<Db, T>(
  ledger: Ledger<Db>,
  context: Context,
  name: string,
  effect: (db: Db) => T,
): Promise<T> {
  return ledger.inside(keyOf(context, name), effect, context.signal);
}

/**
 * Runs an effect elsewhere, not again once its result is recorded, and never twice at a time. Where another delivery runs it now, this
 * one waits for its result.
 * @param name tells this effect from the others of the task
 * @throws Error if the other delivery takes too long, which a retry mends; what `context.signal` was aborted with
 * @example const receipt = await once(ledger, context, 'charge', ({ key }) => charge(order, { idempotencyKey: key }))
 */
export async function once<T>(
  ledger: Ledger,
  context: Context,
  name: string,
  effect: (delivery: Delivery) => Promise<T>,
): Promise<T> {
  const key = keyOf(context, name);
  const claim = await claimOrWait(ledger, key, context.signal);
  if (claim.state === 'done') return claim.result as T; // the JSON of what this effect returned: the caller's type, as far as JSON keeps it
  try {
    return (await claim.done(await effect({ key, again: claim.again }))) as T;
  } catch (error) {
    await claim.release().catch(() => {}); // the error of the effect says more
    throw error;
  }
}

function keyOf({ idempotencyKey }: Context, name: string): string {
  return `${idempotencyKey}:${name}`;
}

async function claimOrWait(ledger: Ledger, key: string, signal: AbortSignal) {
  for (const startedAt = performance.now(); performance.now() - startedAt < WAIT_MS; ) {
    signal.throwIfAborted();
    const claim = await ledger.claim(key, signal);
    if (claim.state !== 'running') return claim;
    await pause(LOOK_EVERY_MS, signal);
  }
  throw new Error(`Another delivery of ${key} has been running for more than ${WAIT_MS / 1000} s.`);
}
