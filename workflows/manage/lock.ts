import { randomInt, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';

/**
 * One `apply` of a fleet at a time, without a store of our own: who creates version 1 of the workflow definition
 * `fleet_apply_lock_<fleet>` holds the lock, because the server creates a name and version once, and deletes it once, however many ask.
 *
 * 1. The holder counts up `beat` every BEAT_MS. One that could not for LOST_AFTER_MS counts itself out and writes nothing more.
 * 2. Whoever finds the lock taken watches it. A beat that moves shows a living holder.
 * 3. One that has not moved for DEAD_AFTER_MS by the watcher's own clock is dead: no two clocks are ever compared.
 * 4. Of those who see it dead only one may clear it away: who creates the version that the dead holder's `successor` names, and then
 *    still finds the same beat. A successor that dies over it is followed by the next number, DEAD_AFTER_MS later.
 */
const BEAT_MS = 1_000;
const LOST_AFTER_MS = 8_000;
const DEAD_AFTER_MS = 15_000;
const LOOK_EVERY_MS = 250;

const PREFIX = 'fleet_apply_lock_';
const VERSION = 1;

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
  return workflowName.startsWith(PREFIX);
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

/** @throws FleetError `conflict` that says who holds it, since when, and what to do */
export async function acquireLock(conductor: Conductor, fleet: string, options: LockOptions = {}): Promise<Lock> {
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
    if (await create(conductor, fleet, VERSION, me)) return hold(conductor, fleet, me, claimedAt);
    const held = await look(conductor, fleet);
    if (held?.holder.id === me.holder.id) return hold(conductor, fleet, me, claimedAt); // the answer to our claim was lost
    const moved = watched !== undefined && (!held || !isSameBeat(watched.held, held));
    if (moved && held && performance.now() - startedAt > waitMs) throw isHeld(held);
    if (held && (!watched || moved)) {
      if (moved) note?.(`waiting for the apply of ${describe(held)}`);
      watched = { held, sinceMs: performance.now(), attempts: 0 };
    }
    if (watched && performance.now() - watched.sinceMs > DEAD_AFTER_MS) {
      note?.(`the apply of ${describe(watched.held)} ended without giving up its lock; it is taken over`);
      watched = await clearAway(conductor, fleet, watched, me);
    } else await sleep(LOOK_EVERY_MS, undefined, { ...(signal && { signal }) });
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
async function clearAway(conductor: Conductor, fleet: string, watched: Watched, me: Held): Promise<Watched> {
  const { held, attempts } = watched;
  const next: Watched = { held, sinceMs: performance.now(), attempts: attempts + 1 };
  const successor = held.holder.successor + attempts;
  if (!(await create(conductor, fleet, successor, me))) return next;
  const still = await look(conductor, fleet);
  if (still && isSameBeat(still, held)) await remove(conductor, fleet, VERSION);
  for (let number = held.holder.successor; number <= successor; number++) await remove(conductor, fleet, number);
  return next;
}

function hold(conductor: Conductor, fleet: string, me: Held, claimedAt: number): Lock {
  let confirmedAt = claimedAt;
  let lost = false;
  let beating: Promise<void> = Promise.resolve();
  const isMine = () => !lost && performance.now() - confirmedAt < LOST_AFTER_MS;
  const beat = async () => {
    const at = performance.now();
    try {
      const held = await look(conductor, fleet);
      if (held?.holder.id !== me.holder.id || !isMine()) lost = true;
      if (lost) return;
      me.beat += 1;
      await conductor.putWorkflowDef(lockDef(fleet, VERSION, me));
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
      throw new FleetError('conflict', 'The lock of this apply was lost: the server did not answer for too long.', {
        remedy: 'Run `fleet apply` again; it goes on where this one stopped.',
      });
    },
    async release() {
      clearInterval(timer);
      await beating;
      const held = await look(conductor, fleet).catch(() => undefined);
      const isDead = performance.now() - confirmedAt > DEAD_AFTER_MS;
      if (!isDead && held?.holder.id === me.holder.id) await remove(conductor, fleet, VERSION);
    },
  };
}

async function create(conductor: Conductor, fleet: string, version: number, held: Held): Promise<boolean> {
  try {
    await conductor.createWorkflowDef(lockDef(fleet, version, held));
    return true;
  } catch (error) {
    if (error instanceof FleetError && error.code === 'conflict') return false;
    throw error;
  }
}

async function look(conductor: Conductor, fleet: string): Promise<Held | undefined> {
  try {
    return heldSchema.parse(await conductor.getWorkflowDef(PREFIX + fleet, VERSION)).metadata;
  } catch (error) {
    if (error instanceof FleetError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** The server answers 500 where there is nothing to remove. */
async function remove(conductor: Conductor, fleet: string, version: number): Promise<void> {
  await conductor.deleteWorkflowDef(PREFIX + fleet, version).catch(() => undefined);
}

function lockDef(fleet: string, version: number, { holder, beat }: Held): WorkflowDef {
  return {
    name: PREFIX + fleet,
    version,
    schemaVersion: 2,
    description: `Not a workflow: the lock of \`fleet apply\`, held by ${describe({ holder, beat })}. It goes away by itself.`,
    tasks: [
      { name: 'end', taskReferenceName: 'end', type: 'TERMINATE', inputParameters: { terminationStatus: 'COMPLETED' } },
    ],
    metadata: { holder, beat },
  };
}

function isHeld(held: Held): FleetError {
  return new FleetError('conflict', `Another apply is at work: ${describe(held)}.`, {
    remedy: 'Wait until it has ended, then run this again: it plans anew. One that has died is noticed and taken over.',
  });
}

function isSameBeat(one: Held, other: Held): boolean {
  return one.holder.id === other.holder.id && one.beat === other.beat;
}

function describe({ holder: { host, pid, since } }: Held): string {
  return `process ${pid} on ${host}, since ${since}`;
}
