import { ignored, limits, secrets, workflows } from './around.ts';
import { forms, names, types } from './form.ts';
import { inputs } from './inputs.ts';
import { joins } from './joins.ts';
import { references } from './references.ts';
import { queries, scripts } from './scripts.ts';
import { loops, switches } from './switches.ts';
import type { Trap } from './trap.ts';

export type { Trap } from './trap.ts';

/** All known traps: definitions that the server refuses or handles unexpectedly, each with a correct twin. */
export const traps: readonly Trap[] = [
  forms,
  names,
  types,
  inputs,
  references,
  scripts,
  queries,
  switches,
  loops,
  joins,
  workflows,
  limits,
  secrets,
  ignored,
]
  .flat()
  .map(([name, rule, bad, right, answer, known]) => ({ name, rule, bad, right, answer, ...(known && { known }) }));
