import { randomInt, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { FleetError, orUndefined } from '../errors.ts';
import type { Conductor } from './api.ts';
import type { WorkflowDef } from './types.ts';

/**
 * One process at a time, without a store of our own: who creates version 1 of the workflow definition `fleet_<purpose>_lock_<name>`
 * holds the lock.
 *
 * 1. The server refuses to create a name and version twice. SQLite does so for any number at once; PostgreSQL and Redis look first and
 *    write then, so that of two at the same moment both may be told that they did it, and what the later one wrote stays. Whoever
 *    created it therefore looks again after SETTLE_MS, by when all such answers are given, and holds it only if it is still its own.
 * 2. The holder counts up `beat` every BEAT_MS. One that could not for LOST_AFTER_MS counts itself out and writes nothing more.
 * 3. Whoever finds the lock taken watches it. A beat that moves shows a living holder.
 * 4. One that has not moved for DEAD_AFTER_MS by the watcher's own clock is dead: no two clocks are ever compared.
 * 5. Of those who see it dead only one may clear it away: who creates the version that the dead holder's `successor` names, and then
 *    still finds the same beat. A successor that dies over it is followed by the next number, DEAD_AFTER_MS later.
 */
const SETTLE_MS = 200;
const BEAT_MS = 1_000;
const LOST_AFTER_MS = 12_000;
const DEAD_AFTER_MS = 20_000;
const LOOK_EVERY_MS = 250;

const VERSION = 1;

/** What a lock is for: `apply` of a fleet's definitions, or `start` of the one execution that belongs to a key. */
export type Purpose = 'apply' | 'start';

/** Which lock: one for each purpose and name. The name becomes part of a definition's name. */
export interface LockKey {
  purpose: Purpose;
  name: string;
}

export interface Lock {
  /** @throws FleetError `conflict` if it may have been lost meanwhile */
  assertHeld(): void;
  /** Gives it up; never throws, because a lock that is left behind is taken over. */
  release(): Promise<void>;
}

export interface LockOptions {
  /** How long to wait for a living holder, in milliseconds. Default: not at all. */
  waitMs?: number;
  note?: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/** True for the definitions that are locks: they are nobody's workflows. */
export function isLock(workflowName: string): boolean {
  return /^fleet_(apply|start)_lock_/.test(workflowName);
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
 * Takes the lock, which lasts a fifth of a second.
 * @throws FleetError `conflict` that says who holds it, since when, and what to do
 */
export async function acquireLock(conductor: Conductor, key: LockKey, options: LockOptions = {}): Promise<Lock> {
  const { waitMs = 0, note, signal } = options;
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
    if (held?.holder.id === me.holder.id) return hold(conductor, key, me, claimedAt); // the answer to our claim was lost
    const moved = watched !== undefined && (!held || !isSameBeat(watched.held, held));
    if (moved && held && performance.now() - startedAt > waitMs) throw isHeld(key, held);
    if (held && (!watched || moved)) {
      if (moved) note?.(`waiting for the ${key.purpose} of ${describe(held)}`);
      watched = { held, sinceMs: performance.now(), attempts: 0 };
    }
    if (watched && performance.now() - watched.sinceMs > DEAD_AFTER_MS) {
      note?.(`the ${key.purpose} of ${describe(watched.held)} ended without giving up its lock; it is taken over`);
      watched = await clearAway(conductor, key, watched, me);
    } else await sleep(LOOK_EVERY_MS);
  }
}

interface Watched {
  held: Held;
  /** When this beat was seen first, on the clock of `performance.now()`. */
  sinceMs: number;
  /** How often its successors have failed too. */
  attempts: number;
}

/** @returns what to watch from now on */
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
      // The next beat may get through; if none does, the lock counts as lost.
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
        `The lock of this ${key.purpose} was lost: the server did not answer for too long.`,
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

/** The server answers 500 where there is nothing to remove. */
async function remove(conductor: Conductor, key: LockKey, version: number): Promise<void> {
  await conductor.deleteWorkflowDef(definitionName(key), version).catch(() => undefined);
}

function lockDef(key: LockKey, version: number, { holder, beat }: Held): WorkflowDef {
  return {
    name: definitionName(key),
    version,
    schemaVersion: 2,
    description: `Not a workflow: the lock of a ${key.purpose}, held by ${describe({ holder, beat })}. It goes away by itself.`,
    tasks: [
      { name: 'end', taskReferenceName: 'end', type: 'TERMINATE', inputParameters: { terminationStatus: 'COMPLETED' } },
    ],
    metadata: { holder, beat },
  };
}

function isHeld({ purpose }: LockKey, held: Held): FleetError {
  return new FleetError('conflict', `Another ${purpose} is at work: ${describe(held)}.`, {
    remedy: WHILE_HELD[purpose],
    retryable: purpose === 'start',
  });
}

const AFTER_LOSS: Record<Purpose, string> = {
  apply: 'Run `fleet apply` again; it goes on where this one stopped.',
  start: 'Make the same call again: it finds the execution if it was started.',
};

const WHILE_HELD: Record<Purpose, string> = {
  apply: 'Wait until it has ended, then run this again: it plans anew. One that has died is noticed and taken over.',
  start: 'Make the same call again in some seconds: it finds the execution that the other one starts.',
};

function definitionName({ purpose, name }: LockKey): string {
  return `fleet_${purpose}_lock_${name}`;
}

function isSameBeat(one: Held, other: Held): boolean {
  return one.holder.id === other.holder.id && one.beat === other.beat;
}

function describe({ holder: { host, pid, since } }: Held): string {
  return `process ${pid} on ${host}, since ${since}`;
}
