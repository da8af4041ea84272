import type { TaskContext } from '../../core/contract.ts';
import { pause } from '../../core/pause.ts';

/**
 * A side effect that happens once, however often its task is delivered.
 *
 * A task is delivered at least once: its lease can run out, its result can be lost with its process, it can fail and be retried. To do
 * something exactly once in spite of this, the effect and the record of the effect must be stored at the same moment. So the record belongs
 * in a ledger at the place of the effect. The promise depends on that place:
 *
 * - In the ledger's database, use `onceInside`. Effect and record are one transaction, so the effect happens exactly once. Every delivery
 *   gets its result.
 * - Anywhere else, for example over HTTP, use `once`. The effect never runs twice at a time, and never again once its result is recorded.
 *   If an earlier delivery began it and left no record, the effect may have happened. It then gets `again: true` and has to make sure.
 *
 * Both promises hold even with `kill -9` or a power failure at any point.
 *
 * An effect can handle `again` in two ways: it sends `key` to a receiver that honours idempotency keys, or it first looks up whether it was
 * done. With one of these, the effect happens exactly once here as well. With neither, it happens twice if a process dies before it records
 * the result.
 *
 * Every delivery, the first included, gets the result as JSON keeps it (a `Date` is a string). An execution that is restarted or rerun
 * keeps its id. So its recorded effects do not happen again.
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
  /** Another delivery runs the effect, in a process that is alive. */
  | { state: 'running' }
  | {
      state: 'ours';
      /** True if an earlier delivery began the effect and recorded no result. */
      again: boolean;
      /** Records the result and returns it as later deliveries will get it. */
      done(result: unknown): Promise<unknown>;
      /** Leaves the effect to the next delivery. */
      release(): Promise<void>;
    };

/** The argument that an effect outside the ledger's database gets. */
export interface Delivery {
  /** The same for every delivery of this effect, and different for every other effect. Usable as an `Idempotency-Key`. */
  readonly key: string;
  /** True if the effect may have happened already. */
  readonly again: boolean;
}

type Context = Pick<TaskContext, 'idempotencyKey' | 'signal'>;

/** How long a delivery waits for another delivery that runs the same effect. Then it fails, and the server retries it later. */
const WAIT_MS = 30_000;
const LOOK_EVERY_MS = 100;

/**
 * Runs an effect in the ledger's own database, exactly once. The effect must be synchronous, do nothing outside that database, and begin
 * or end no transaction.
 * @param name distinguishes this effect from the others of the task
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
 * Runs an effect outside the ledger's database: not again once its result is recorded, and never twice at a time. While another delivery
 * runs the effect, this delivery waits for the result.
 * @param name distinguishes this effect from the others of the task
 * @throws Error if the other delivery takes too long, after which a retry may succeed; the reason of `context.signal` if it is aborted
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
  if (claim.state === 'done') return claim.result as T; // what this effect returned, as JSON keeps it
  try {
    return (await claim.done(await effect({ key, again: claim.again }))) as T;
  } catch (error) {
    await claim.release().catch(() => {}); // an error of the effect says more than one of `release`
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
