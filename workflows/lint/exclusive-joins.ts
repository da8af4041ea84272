import { roleOf } from '../../core/conductor/task-types.ts';
import type { Problem } from './rule.ts';
import { coversEveryValue } from './rules/switch-rules.ts';
import { at, isDynamic, type LintedTask, objectOf, ofType, type Subject } from './subject.ts';
import { loopAround } from './task-order.ts';

const REPAIR =
  'Remove the EXCLUSIVE_JOIN: the task after a SWITCH runs when the chosen case has ended. Or let every case, and a defaultCase, contain a task of joinOn.';

/**
 * The EXCLUSIVE_JOINs that may wait forever. An EXCLUSIVE_JOIN ends with the first task of its `joinOn` that runs, else with one of its
 * `defaultExclusiveJoinTask`. It hangs if an execution can reach it without any of them.
 */
export function* hangingExclusiveJoins(subject: Subject): Generator<Problem> {
  const makesTasks = ofType(subject, 'FORK_JOIN_DYNAMIC').length > 0;
  for (const join of ofType(subject, 'EXCLUSIVE_JOIN')) {
    const refs = refsOf(join);
    if (refs.some((ref) => isDynamic(ref) || (makesTasks && !subject.byRef.has(ref)))) continue;
    const targets = new Set(refs.flatMap((ref) => subject.byRef.get(ref) ?? []));
    const isCertain = join.task.joinOn !== null && [...before(join)].some((step) => runsOne(step, targets, subject));
    if (isCertain) continue;
    const names = refs.length === 0 ? 'no task' : refs.map((ref) => `"${ref}"`).join(' or ');
    const why = refs.length === 0 ? '' : ', and an execution can reach it without any of them';
    yield at(join, '/joinOn', `The EXCLUSIVE_JOIN waits for ${names}${why}`, { repair: REPAIR });
  }
}

/** In a loop the server looks for the default tasks without the number of the round, and so finds none. */
function refsOf(join: LintedTask): string[] {
  const { joinOn, defaultExclusiveJoinTask } = join.task;
  const lists = [joinOn, ...(loopAround(join) ? [] : [defaultExclusiveJoinTask])];
  return lists.flatMap((list) => (Array.isArray(list) ? list.map(String) : []));
}

/** The tasks that come before a task in its sequence and in the sequences around it, up to its loop. */
function* before(step: LintedTask): Generator<LintedTask> {
  for (let inner: LintedTask | undefined = step; inner; inner = inner.parent) {
    for (let { previous } = inner; previous; previous = previous.previous) yield previous;
    if (inner.kind === 'loop') return;
  }
}

/** True if one of the targets runs whenever this task runs. */
function runsOne(step: LintedTask, targets: ReadonlySet<LintedTask>, subject: Subject): boolean {
  if (targets.has(step)) return true;
  const role = roleOf(step.type);
  const runs = (steps: readonly LintedTask[]) => steps.some((inner) => runsOne(inner, targets, subject));
  if (role === 'fork') return step.inside.some(({ steps }) => runs(steps));
  if (role !== 'choice') return false;
  const cases = Object.keys(objectOf(step.task.decisionCases)).length;
  const isComplete = step.inside.some(({ kind }) => kind === 'default') || coversEveryValue(step, subject);
  return (
    isComplete &&
    step.inside.filter(({ kind }) => kind === 'case').length === cases &&
    step.inside.every(({ steps }) => runs(steps) || steps.some(({ type }) => roleOf(type) === 'end'))
  );
}
