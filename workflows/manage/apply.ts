import type { Conductor } from '../../core/conductor/api.ts';
import { acquireLock, type LockOptions } from '../../core/conductor/definition-lock.ts';
import type { WorkflowSettings } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';
import { carryOut, type Outcome } from './carry-out.ts';
import type { Change } from './change.ts';
import { type Content, definitionsOf } from './content-definitions.ts';
import type { DecideOptions } from './decide/decide-changes.ts';
import { dueIn, makePlan, type Plan } from './plan.ts';

/** How long `register` waits for other processes that register definitions. */
const REGISTER_WAIT_MS = 120_000;

export interface ApplyOptions extends LockOptions {
  /** Called after each change. */
  report?: (outcome: Outcome) => void;
}

/**
 * Carries out a plan under the lock of its fleet. To finish an interrupted apply, apply the same plan again, or make a new plan.
 * @throws FleetError `conflict` if another apply holds the lock or the server changed since the plan was made. Nothing was written then.
 */
export async function apply(conductor: Conductor, plan: Plan, options: ApplyOptions = {}): Promise<Outcome[]> {
  if (plan.serverUrl !== conductor.serverUrl) {
    throw new FleetError('input', `The plan was made for ${plan.serverUrl}, not for ${conductor.serverUrl}.`, {
      remedy: `Make a plan for this server: fleet plan --out plan.json. Or set CONDUCTOR_SERVER_URL to ${plan.serverUrl}.`,
    });
  }
  if (dueIn(plan).length === 0) return [];
  return withLock(conductor, plan.fleet, options, (lock) =>
    carryOut(withSignal(conductor, options), plan, lock, options.report),
  );
}

export interface RegisterOptions extends Omit<DecideOptions, 'prune'>, LockOptions {
  /** The name of the fleet; see the setting `fleetName`. */
  fleet?: string;
}

/**
 * Registers the definitions in code: makes a plan and applies it. You may repeat the call. If several processes call it at the same time,
 * they wait for each other. A definition that is already on the server is not written again. A definition that was changed on the server is
 * kept unless `overwrite` is set.
 * @returns the change of every definition in code
 */
export async function register(
  conductor: Conductor,
  content: Content,
  settings: WorkflowSettings,
  options: RegisterOptions = {},
): Promise<Change[]> {
  const { fleet = 'default', waitMs = REGISTER_WAIT_MS, overwrite = false } = options;
  const calls = withSignal(conductor, options);
  const ours = definitionsOf(content, settings);
  const first = await makePlan(calls, ours, fleet, { overwrite });
  if (dueIn(first).length === 0) return inCode(first);
  return withLock(conductor, fleet, { ...options, waitMs }, async (lock) => {
    // Made again under the lock, because another process may have registered in the meantime.
    const plan = await makePlan(calls, ours, fleet, { overwrite });
    await carryOut(calls, plan, lock);
    return inCode(plan);
  });
}

function inCode({ changes }: Plan): Change[] {
  return changes.filter(({ action }) => action !== 'left');
}

/** An aborted signal does not prevent the release of the lock, because the calls of the lock do not carry the signal. */
async function withLock<T>(
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

function withSignal(conductor: Conductor, { signal }: LockOptions): Conductor {
  return signal ? conductor.withSignal(signal) : conductor;
}
