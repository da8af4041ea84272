import type { Reach } from '../admission/reach.ts';
import { OutOfReach } from '../admission/refusals.ts';
import type { Definitions } from '../shared/definition-cache.ts';

/** The same definitions, without those that the caller may not read. Changes are checked by `guardConductor`. */
export function guardDefinitions(definitions: Definitions, reach: Reach): Definitions {
  if (!reach.limits('workflows:read')) return definitions;
  return {
    ...definitions,
    async get(name, version) {
      const refusal = reach.refusal('workflows:read', { workflow: name });
      if (refusal) throw new OutOfReach(refusal);
      return definitions.get(name, version);
    },
    async index(options) {
      const index = await definitions.index(options);
      return new Map(
        readable(
          reach,
          [...index].map(([name, versions]) => ({ name, versions })),
        ).map(({ name, versions }) => [name, versions]),
      );
    },
  };
}

/** Those of the definitions that the caller may read. */
export function readable<T extends { readonly name: string }>(reach: Reach, all: readonly T[]): readonly T[] {
  if (!reach.limits('workflows:read')) return all;
  return all.filter(({ name }) => reach.refusal('workflows:read', { workflow: name }) === undefined);
}
