import type { Conductor } from '../../core/conductor/api.ts';
import { acquireLock, type LockOptions } from '../../core/conductor/definition-lock.ts';
import type { WorkflowSettings } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';
import { carryOut, type Outcome } from './carry-out.ts';
import type { Change } from './change.ts';
import { dueIn, makePlan, type Plan } from './plan.ts';
import { type Content, definitionsOf } from './content-definitions.ts';
import type { PlanOptions } from './decide/decide-changes.ts';

/** How long registering waits for others that register at the same time. */
const REGISTER_WAIT_MS = 120_000;

export interface ApplyOptions extends LockOptions {
  /** Told of every change as soon as it is done. */
  report?: (outcome: Outcome) => void;
}

/**
 * Does exactly what the plan says, alone. An apply that was interrupted is finished by doing its plan, or a new one, again.
 * @throws FleetError `conflict` if another apply is at work or the server changed since the plan was made; then nothing was written
 */
export async function apply(conductor: Conductor, plan: Plan, options: ApplyOptions = {}): Promise<Outcome[]> {
  if (plan.serverUrl !== conductor.serverUrl) {
    throw new FleetError('input', `The plan was made for ${plan.serverUrl}, not for ${conductor.serverUrl}.`, {
      remedy: 'Make a plan for this server, or set CONDUCTOR_SERVER_URL to the other one.',
    });
  }
  if (dueIn(plan).length === 0) return [];
  return locked(conductor, plan.fleet, options, (lock) =>
    carryOut(stopped(conductor, options), plan, lock, options.report),
  );
}

export interface RegisterOptions extends Omit<PlanOptions, 'prune'>, LockOptions {
  /** Under which name; see the setting `fleetName`. */
  fleet?: string;
}

/**
 * Brings the server up to our definitions: plan and apply in one. May be repeated and run by several processes at once: they wait for
 * each other, a definition that is there already is not written again, and one that an operator changed is not overwritten unless
 * `overwrite` is set.
 * @returns what was found and done, for every definition
 */
export async function register(
  conductor: Conductor,
  content: Content,
  settings: WorkflowSettings,
  options: RegisterOptions = {},
): Promise<Change[]> {
  const { fleet = 'default', waitMs = REGISTER_WAIT_MS, overwrite = false } = options;
  const calls = stopped(conductor, options);
  const ours = definitionsOf(content, settings);
  const first = await makePlan(calls, ours, fleet, { overwrite });
  if (dueIn(first).length === 0) return ofOurs(first);
  return locked(conductor, fleet, { ...options, waitMs }, async (lock) => {
    const plan = await makePlan(calls, ours, fleet, { overwrite }); // another process may have done it meanwhile
    await carryOut(calls, plan, lock);
    return ofOurs(plan);
  });
}

function ofOurs({ changes }: Plan): Change[] {
  return changes.filter(({ action }) => action !== 'left');
}

/** The lock itself is given up even after a stop was asked for. */
async function locked<T>(
  conductor: Conductor,
  fleet: string,
  options: LockOptions,
  work: (lock: Awaited<ReturnType<typeof acquireLock>>) => Promise<T>,
): Promise<T> {
  const lock = await acquireLock(conductor, { purpose: 'apply', name: fleet }, options);
  try {
    return await work(lock);
  } finally {
    await lock.release();
  }
}

function stopped(conductor: Conductor, { signal }: LockOptions): Conductor {
  return signal ? conductor.withSignal(signal) : conductor;
}
