import { isLock } from '../../../core/conductor/lock-names.ts';
import type { StoredWorkflowDef } from '../../../core/conductor/types.ts';
import { orUndefined } from '../../../core/errors.ts';
import { inParallel } from '../../../core/in-parallel.ts';
import type { DefinitionIndex } from '../../../mcp/shared/definition-cache.ts';
import type { TopicContext } from '../define-topic.ts';

/** At most this many definitions are read. */
const MOST_READ = 300;
const AT_ONCE = 16;
const KEPT_MS = 3000;

export interface ReadDefinitions {
  readonly index: DefinitionIndex;
  /** All names, in the order of the alphabet. */
  readonly names: readonly string[];
  /** The highest version of the first workflows. */
  readonly defs: ReadonlyMap<string, StoredWorkflowDef>;
}

/** The registered workflows. Unchanged definitions come from the cache. */
export function readDefinitions({ definitions, keep }: TopicContext): Promise<ReadDefinitions> {
  return keep('definitions of the console', KEPT_MS, async () => {
    const index = await definitions.index();
    const names = [...index.keys()].filter((name) => !isLock(name)).sort((a, b) => a.localeCompare(b, 'en'));
    const read = await inParallel(names.slice(0, MOST_READ), AT_ONCE, (name) => orUndefined(definitions.get(name)));
    return { index, names, defs: new Map(read.flatMap((def) => (def ? [[def.name, def] as const] : []))) };
  });
}
