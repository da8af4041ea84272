import { randomInt, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { FleetError, orUndefined } from '../errors.ts';
import { named } from '../settings/named.ts';
import type { Conductor } from './api.ts';
import { definitionName, type LockKey, type Purpose } from './lock-names.ts';
import type { WorkflowDef } from './types.ts';

/**
 * A lock that one process holds at a time. It needs no store of our own: the holder is the process that created version 1 of the workflow
 * definition `fleet_<purpose>_lock_<name>`.
 *
 * 1. The server refuses to create a name and version twice. On SQLite this always works. On PostgreSQL and Redis the server looks first and
 *    then writes, so it may tell two processes at once that they succeeded. The later definition then stays. So a process that succeeded
 *    looks again after SETTLE_MS, when the server has answered both. It holds the lock only if its own definition is still there.
 * 2. The holder increments `beat` every BEAT_MS. If it fails to do so for LOST_AFTER_MS, it regards the lock as lost and writes nothing
 *    more.
 * 3. If a process finds the lock taken, it watches the lock. If `beat` changes, the holder is alive.
 * 4. If `beat` has not changed for DEAD_AFTER_MS by the watcher's own clock, the holder is dead. No process compares its clock with another
 *    clock.
 * 5. Only one watcher may remove a dead holder's lock. It must create the version that the holder named in `successor`, and must then still
 *    find the same `beat`. If this watcher dies as well, other watchers try the next version number after another DEAD_AFTER_MS.
 */
const SETTLE_MS = 200;
const BEAT_MS = 1_000;
const LOST_AFTER_MS = 12_000;
const DEAD_AFTER_MS = 20_000;
const LOOK_EVERY_MS = 250;

const VERSION = 1;

export interface Lock {
  /** @throws FleetError `conflict` if this process may have lost the lock */
  assertHeld(): void;
  /** Releases the lock. Never throws, because another process takes over a lock that stays behind. */
  release(): Promise<void>;
}

export interface LockOptions {
  /** How long to wait for a living holder, in milliseconds. Default: no wait. */
  waitMs?: number;
  note?: (line: string) => void;
  /** Called at each look while another process holds the lock. An error that it throws ends the wait. */
  whileHeld?: () => Promise<void>;
  signal?: AbortSignal | undefined;
}

const heldSchema = z.object({
  metadata: z.object({
    holder: z.object({
      id: z.string(),
      host: z.string(),
      pid: z.int(),
      since: z.string(),
      successor: z.int(),
    }),
    beat: z.int(),
  }),
});
type Held = z.output<typeof heldSchema>['metadata'];

/**
 * Acquires the lock. If it is free, this takes a fifth of a second.
 * @throws FleetError `conflict` that says which process holds it, since when, and what to do
 */
export async function acquireLock(conductor: Conductor, key: LockKey, options: LockOptions = {}): Promise<Lock> {
  const { waitMs = 0, note, whileHeld, signal } = options;
  const me: Held = {
    holder: {
      id: randomUUID(),
      host: hostname(),
      pid: process.pid,
      since: new Date().toISOString(),
      successor: randomInt(2, 1_000_000_000),
    },
    beat: 0,
  };
  const startedAt = performance.now();
  let watched: Watched | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const claimedAt = performance.now();
    if (await create(conductor, key, VERSION, me)) return hold(conductor, key, me, claimedAt);
    const held = await look(conductor, key);
    if (held?.holder.id === me.holder.id) return hold(conductor, key, me, claimedAt); // the answer to `create` was lost
    await whileHeld?.();
    if (!held && performance.now() - startedAt > waitMs + DEAD_AFTER_MS) throw isNotKept(key);
    const moved = watched !== undefined && (!held || !isSameBeat(watched.held, held));
    if (moved && held && performance.now() - startedAt > waitMs) throw isHeld(key, held);
    if (held && (!watched || moved)) {
      if (moved) note?.(`waiting for the ${NOUN[key.purpose]} of ${describe(held)}`);
      watched = { held, sinceMs: performance.now(), attempts: 0 };
    }
    if (watched && performance.now() - watched.sinceMs > DEAD_AFTER_MS) {
      note?.(`the ${NOUN[key.purpose]} of ${describe(watched.held)} ended without releasing its lock; taking it over`);
      watched = await clearAway(conductor, key, watched, me);
    } else await sleep(LOOK_EVERY_MS);
  }
}

interface Watched {
  held: Held;
  /** When this process first saw this beat, on the clock of `performance.now()`. */
  sinceMs: number;
  /** How many version numbers this process has already tried, beginning with `successor`. */
  attempts: number;
}

/** Tries to remove the lock of a dead holder. @returns what to watch from now on */
async function clearAway(conductor: Conductor, key: LockKey, watched: Watched, me: Held): Promise<Watched> {
  const { held, attempts } = watched;
  const next: Watched = { held, sinceMs: performance.now(), attempts: attempts + 1 };
  const successor = held.holder.successor + attempts;
  if (!(await create(conductor, key, successor, me))) return next;
  const still = await look(conductor, key);
  if (still && isSameBeat(still, held)) await remove(conductor, key, VERSION);
  for (let number = held.holder.successor; number <= successor; number++) await remove(conductor, key, number);
  return next;
}

function hold(conductor: Conductor, key: LockKey, me: Held, claimedAt: number): Lock {
  let confirmedAt = claimedAt;
  let lost = false;
  let beating: Promise<void> = Promise.resolve();
  const isMine = () => !lost && performance.now() - confirmedAt < LOST_AFTER_MS;
  const beat = async () => {
    const at = performance.now();
    try {
      const held = await look(conductor, key);
      if (held?.holder.id !== me.holder.id || !isMine()) lost = true;
      if (lost) return;
      me.beat += 1;
      await conductor.putWorkflowDef(lockDef(key, VERSION, me));
      confirmedAt = at;
    } catch {
      // The next beat may succeed. If no beat succeeds for LOST_AFTER_MS, the lock counts as lost.
    }
  };
  let isBeating = false;
  const timer = setInterval(() => {
    if (isBeating) return;
    isBeating = true;
    beating = beat().finally(() => {
      isBeating = false;
    });
  }, BEAT_MS);
  timer.unref();
  return {
    assertHeld() {
      if (isMine()) return;
      throw new FleetError(
        'conflict',
        `The lock of this ${NOUN[key.purpose]} was lost, because the server did not answer for too long.`,
        {
          remedy: AFTER_LOSS[key.purpose],
        },
      );
    },
    async release() {
      clearInterval(timer);
      await beating;
      const held = await look(conductor, key).catch(() => undefined);
      const isDead = performance.now() - confirmedAt > DEAD_AFTER_MS;
      if (!isDead && held?.holder.id === me.holder.id) await remove(conductor, key, VERSION);
    },
  };
}

async function create(conductor: Conductor, key: LockKey, version: number, held: Held): Promise<boolean> {
  try {
    await conductor.createWorkflowDef(lockDef(key, version, held));
    await sleep(SETTLE_MS);
    return (await look(conductor, key, version))?.holder.id === held.holder.id;
  } catch (error) {
    if (error instanceof FleetError && error.code === 'conflict') return false;
    throw error;
  }
}

async function look(conductor: Conductor, key: LockKey, version = VERSION): Promise<Held | undefined> {
  const def = await orUndefined(conductor.getWorkflowDef(definitionName(key), version));
  return def && heldSchema.parse(def).metadata;
}

/** Ignores every error, because the server answers 500 if there is nothing to remove. */
async function remove(conductor: Conductor, key: LockKey, version: number): Promise<void> {
  await conductor.deleteWorkflowDef(definitionName(key), version).catch(() => undefined);
}

function lockDef(key: LockKey, version: number, { holder, beat }: Held): WorkflowDef {
  return {
    name: definitionName(key),
    version,
    schemaVersion: 2,
    description: `Not a workflow: the lock of a ${NOUN[key.purpose]}, held by ${describe({ holder, beat })}. It is removed automatically.`,
    tasks: [
      { name: 'end', taskReferenceName: 'end', type: 'TERMINATE', inputParameters: { terminationStatus: 'COMPLETED' } },
    ],
    metadata: { holder, beat },
  };
}

function isHeld({ purpose }: LockKey, held: Held): FleetError {
  return new FleetError('conflict', `Another ${NOUN[purpose]} is running: ${describe(held)}.`, {
    remedy: WHILE_HELD[purpose],
    retryable: purpose !== 'apply',
  });
}

/** The server accepted the lock and does not have it: it is no Conductor server, or it reads from a database that lags behind. */
function isNotKept({ purpose }: LockKey): FleetError {
  return new FleetError('upstream', `The server accepted the lock of this ${NOUN[purpose]} but does not keep it.`, {
    retryable: true,
    remedy: `Check that ${named('conductorServerUrl')} names a Conductor server, then try again.`,
  });
}

const NOUN: Record<Purpose, string> = { apply: 'apply', start: 'start', decide: 'decision' };

const AFTER_LOSS: Record<Purpose, string> = {
  apply: 'Run `fleet apply` again; it continues where this one stopped.',
  start: 'Make the same call again. If the execution was started, that call finds it.',
  decide: 'Look at the task. If it still waits, decide again.',
};

const WHILE_HELD: Record<Purpose, string> = {
  apply:
    'Wait until it has ended, then try again, which makes a new plan. If that process has died, the new try takes over its lock.',
  start: 'Make the same call again in a few seconds: it finds the execution that the other call starts.',
  decide: 'Try again in a few seconds. The answer then says how the other process decided.',
};

function isSameBeat(one: Held, other: Held): boolean {
  return one.holder.id === other.holder.id && one.beat === other.beat;
}

function describe({ holder: { host, pid, since } }: Held): string {
  return `process ${pid} on ${host}, since ${since}`;
}
