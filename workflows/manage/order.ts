import type { Change } from './change.ts';
import { kinds } from './kinds.ts';
import { pinsIn } from './pins.ts';

/**
 * The order in which nothing refers to what is not there yet: task definitions, workflows after those that they name, event handlers,
 * schedules. What is deleted comes last and the other way round.
 */
export function inOrder(changes: readonly Change[]): Change[] {
  const forward = sorted(changes.filter(({ action }) => action !== 'delete'));
  const back = sorted(changes.filter(({ action }) => action === 'delete'));
  return [...forward, ...back.reverse()];
}

function sorted(changes: readonly Change[]): Change[] {
  return kinds.flatMap((kind) => {
    const some = changes.filter((change) => change.kind === kind);
    return kind === 'workflow' ? namedFirst(some) : some;
  });
}

/** Where workflows name each other in a circle, it is broken where it was entered: the server takes names that are not there yet. */
function namedFirst(changes: readonly Change[]): Change[] {
  const byName = Map.groupBy(changes, ({ name }) => name);
  const done = new Set<Change>();
  const entered = new Set<Change>();
  const enter = (change: Change) => {
    if (entered.has(change)) return;
    entered.add(change);
    for (const { name } of pinsIn(change.def ?? {})) byName.get(name)?.forEach(enter);
    done.add(change);
  };
  changes.forEach(enter);
  return [...done];
}
