import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { FleetError } from '../../core/errors.ts';
import { parseExactly } from '../../core/json.ts';
import { type Change, changeSchema, isDue, labelOf } from './change.ts';
import { type DecideOptions, type Decision, decideChanges } from './decide/decide-changes.ts';
import type { Definitions } from './decide/server-view.ts';
import { kindOf, kinds } from './kinds.ts';
import { nextFirings } from './next-firings.ts';
import { readDefinitions, readRunning } from './read-server.ts';

/** A plan: the changes that bring the server to the definitions in code. `fleet plan --out` writes it, `fleet apply` reads it. */
export const planSchema = z.object({
  format: z.literal(1),
  serverUrl: z.string(),
  fleet: z.string(),
  /** ISO time. */
  madeAt: z.string(),
  /** The changes, in the order in which `apply` carries them out. */
  changes: z.array(changeSchema),
  /**
   * Definitions on the server that are neither in code nor stamped by this fleet. `fleet` names another fleet that stamped the definition.
   */
  unmanaged: z.array(
    z.object({ kind: z.enum(kinds), name: z.string(), version: z.int().optional(), fleet: z.string().optional() }),
  ),
});
export type Plan = z.output<typeof planSchema>;

/** The number of firings that a plan shows for each schedule. */
const FIRINGS = 3;

/**
 * Compares the definitions in code with those that are on the server now.
 * @throws FleetError `config` if the server cannot read the cron expression of a schedule
 */
export async function makePlan(
  conductor: Conductor,
  ours: Definitions,
  fleet: string,
  options: DecideOptions = {},
): Promise<Plan> {
  const stored = await readDefinitions(conductor);
  const { changes } = await whenAnswered(conductor, (running) => {
    return decideChanges(ours, fleet, { defs: stored, running }, options);
  });
  return {
    format: 1,
    serverUrl: conductor.serverUrl,
    fleet,
    madeAt: new Date().toISOString(),
    changes: await Promise.all(changes.map((change) => withFirings(conductor, change))),
    unmanaged: unmanagedIn(stored, changes),
  };
}

/** Decides on the changes. If a decision depends on running executions, asks the server about them and decides again with the answers. */
async function whenAnswered(
  conductor: Conductor,
  decide: (running: ReadonlyMap<string, readonly string[]>) => Decision,
): Promise<Decision> {
  const running = new Map<string, readonly string[]>();
  for (;;) {
    const decision = decide(running);
    if (decision.asks.length === 0) return decision;
    for (const [version, ids] of await readRunning(conductor, decision.asks)) running.set(version, ids);
  }
}

function unmanagedIn(stored: Definitions, changes: readonly Change[]): Plan['unmanaged'] {
  const known = new Set(changes.map((change) => labelOf(change)));
  return kinds.flatMap((kind) =>
    stored[kind].flatMap((def) => {
      const version = 'version' in def && typeof def.version === 'number' ? { version: def.version } : {};
      const which = { kind, name: def.name, ...version };
      const owner = kindOf[kind].stampOf(def)?.fleet;
      return known.has(labelOf(which)) ? [] : [{ ...which, ...(owner !== undefined && { fleet: owner }) }];
    }),
  );
}

/** @throws FleetError `input` if the text is not a plan */
export function parsePlan(text: string, file: string): Plan {
  try {
    return planSchema.parse(parseExactly(text));
  } catch (cause) {
    throw new FleetError('input', `${file} is not a plan of this version of fleet.`, {
      remedy: 'Make a plan: fleet plan --out plan.json',
      cause,
    });
  }
}

/** The changes that `apply` carries out. */
export function dueIn({ changes }: Pick<Plan, 'changes'>): Change[] {
  return changes.filter(isDue);
}

async function withFirings(conductor: Conductor, change: Change): Promise<Change> {
  const { kind, def, name } = change;
  if (kind !== 'schedule' || !def) return change;
  return { ...change, firings: await nextFirings(conductor, name, def, FIRINGS) };
}
