import type { Change } from './change.ts';
import { kinds } from './kinds.ts';
import { pinsIn } from './decide/pins.ts';

/**
 * The order in which nothing refers to what is not there yet: task definitions, workflows after those that they name, event handlers,
 * schedules. What is deleted comes last and the other way round.
 */
export function inOrder(changes: readonly Change[], stored: DefOf): Change[] {
  const forward = sorted(
    changes.filter(({ action }) => action !== 'delete'),
    ({ def }) => def,
  );
  const back = sorted(
    changes.filter(({ action }) => action === 'delete'),
    stored,
  );
  return [...forward, ...back.reverse()];
}

type DefOf = (change: Change) => Record<string, unknown> | undefined;

function sorted(changes: readonly Change[], defOf: DefOf): Change[] {
  return kinds.flatMap((kind) => {
    const some = changes.filter((change) => change.kind === kind);
    return kind === 'workflow' ? namedFirst(some, defOf) : some;
  });
}

/** Where workflows name each other in a circle, it is broken where it was entered: the server takes names that are not there yet. */
function namedFirst(changes: readonly Change[], defOf: DefOf): Change[] {
  const byName = Map.groupBy(changes, ({ name }) => name);
  const done = new Set<Change>();
  const entered = new Set<Change>();
  const enter = (change: Change) => {
    if (entered.has(change)) return;
    entered.add(change);
    for (const { name } of pinsIn(defOf(change) ?? {})) byName.get(name)?.forEach(enter);
    done.add(change);
  };
  changes.forEach(enter);
  return [...done];
}
