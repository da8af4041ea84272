import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { FleetError } from '../../core/errors.ts';
import { type Change, changeSchema, isDue, labelOf } from './change.ts';
import type { Definitions } from './decide/server-view.ts';
import { kindOf, kinds } from './kinds.ts';
import { nextFirings } from './next-firings.ts';
import type { PlanOptions } from './decide/decide-changes.ts';
import { planAgainst } from './read-server.ts';

/** What `fleet plan --out` writes and `fleet apply` reads. */
export const planSchema = z.object({
  format: z.literal(1),
  serverUrl: z.string(),
  fleet: z.string(),
  /** ISO time. */
  madeAt: z.string(),
  /** In the order in which they are to be done. */
  changes: z.array(changeSchema),
  /** What the server has beside: not in code, and without our stamp. */
  unmanaged: z.array(
    z.object({ kind: z.enum(kinds), name: z.string(), version: z.int().optional(), fleet: z.string().optional() }),
  ),
});
export type Plan = z.output<typeof planSchema>;

/** Schedules whose firings are asked for. */
const FIRINGS = 3;

/**
 * Compares ours with what the server has now.
 * @throws FleetError `config` if the server cannot read the cron expression of a schedule
 */
export async function makePlan(
  conductor: Conductor,
  ours: Definitions,
  fleet: string,
  options: PlanOptions = {},
): Promise<Plan> {
  const { changes, state } = await planAgainst(conductor, ours, fleet, options);
  const known = new Set(changes.map((change) => labelOf(change)));
  const unmanaged = kinds.flatMap((kind) =>
    state.defs[kind].flatMap((def) => {
      const which = {
        kind,
        name: def.name,
        ...('version' in def && typeof def.version === 'number' && { version: def.version }),
      };
      const owner = kindOf[kind].stampOf(def)?.fleet;
      return known.has(labelOf(which)) ? [] : [{ ...which, ...(owner !== undefined && { fleet: owner }) }];
    }),
  );
  return {
    format: 1,
    serverUrl: conductor.serverUrl,
    fleet,
    madeAt: new Date().toISOString(),
    changes: await Promise.all(changes.map((change) => withFirings(conductor, change))),
    unmanaged,
  };
}

/** @throws FleetError `input` if the file holds no plan */
export function parsePlan(text: string, file: string): Plan {
  try {
    return planSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new FleetError('input', `${file} holds no plan of this version of fleet.`, {
      remedy: 'Make one with `fleet plan --out plan.json`.',
      cause,
    });
  }
}

/** A new version for something that runs is as much a change as any other; what is kept differs and is not changed. */
export function dueIn({ changes }: Pick<Plan, 'changes'>): Change[] {
  return changes.filter(isDue);
}

async function withFirings(conductor: Conductor, change: Change): Promise<Change> {
  const { kind, def, name } = change;
  if (kind !== 'schedule' || !def) return change;
  return { ...change, firings: await nextFirings(conductor, name, def, FIRINGS) };
}
