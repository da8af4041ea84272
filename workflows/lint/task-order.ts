import type { LintedTask } from './subject.ts';

/** Whether a task has ended when another task starts: on every path to that task, or only on some paths. */
export type Ended = 'always' | 'maybe';
type EndedSteps = ReadonlyMap<LintedTask, Ended>;

const NONE: EndedSteps = new Map();

/**
 * The order in which tasks run.
 * 1. Tasks of a sequence run one after another. All tasks that ended before an outer task starts have also ended before its inner tasks
 *    start.
 * 2. After a SWITCH, the tasks of its cases may have ended. The tasks of one case have certainly ended if every other case ends the
 *    workflow.
 * 3. After a FORK_JOIN, no task of its branches counts as ended. After a JOIN, the tasks that it waits for have ended, and all tasks before
 *    them.
 * 4. After a DO_WHILE, its tasks have ended. A DO_WHILE over `items` may have had no round.
 */
export class TaskOrder {
  readonly #byRef: ReadonlyMap<string, LintedTask>;
  readonly #after = new Map<LintedTask, EndedSteps>();
  readonly #open = new Set<LintedTask>();

  constructor(byRef: ReadonlyMap<string, LintedTask>) {
    this.#byRef = byRef;
  }

  /** The tasks that have ended when `step` starts, and the tasks around `step`. */
  before(step: LintedTask): EndedSteps {
    if (step.previous) return this.after(step.previous);
    if (!step.parent) return NONE;
    return new Map<LintedTask, Ended>([...this.before(step.parent), [step.parent, 'always']]);
  }

  /** True if `target` runs whenever `step` runs, because no case of a SWITCH is between them. */
  isCertainFor(target: LintedTask, step: LintedTask): boolean {
    const around = new Set(enclosing(step));
    for (let inner = target; inner.parent; inner = inner.parent) {
      if (around.has(inner.parent)) return sameBranch(inner, step) || inner.kind === 'branch';
      if (inner.kind === 'case' || inner.kind === 'default') return false;
    }
    return true;
  }

  /** True if `target` can end only after `join` has ended. A `join` on `target` would then wait for itself. */
  waitsFor(target: LintedTask, join: LintedTask, seen = new Set<LintedTask>()): boolean {
    if (target === join) return true;
    if (seen.has(target)) return false;
    seen.add(target);
    return this.#needs(target).some((step) => this.waitsFor(step, join, seen));
  }

  /** The tasks that must end before `step` can end. The tasks around `step` need not end, but only start. */
  #needs(step: LintedTask): LintedTask[] {
    const joined = step.type === 'JOIN' ? this.#joined(step) : [];
    const inner = step.type === 'FORK_JOIN' ? [] : step.inside.flatMap(({ steps }) => steps);
    return [...joined, ...inner, ...startNeeds(step)];
  }

  #joined(join: LintedTask): LintedTask[] {
    const { joinOn } = join.task;
    if (!Array.isArray(joinOn) || join.previous?.type === 'FORK_JOIN_DYNAMIC') return [];
    return joinOn.flatMap((ref) => this.#byRef.get(String(ref)) ?? []);
  }

  /** The tasks that have ended when the task after `step` starts. */
  after(step: LintedTask): EndedSteps {
    const known = this.#after.get(step);
    if (known) return known;
    if (this.#open.has(step)) return NONE; // JOINs that wait for each other; another rule reports them
    this.#open.add(step);
    const ended = new Map(this.before(step));
    ended.set(step, 'always');
    for (const [inner, how] of this.#endedWith(step)) if (ended.get(inner) !== 'always') ended.set(inner, how);
    this.#open.delete(step);
    this.#after.set(step, ended);
    return ended;
  }

  *#endedWith(step: LintedTask): Generator<[LintedTask, Ended]> {
    if (step.type === 'JOIN') for (const target of this.#joined(step)) yield* this.after(target);
    if (step.type === 'FORK_JOIN') return;
    const ways = step.inside.filter(({ steps }) => steps.at(-1)?.type !== 'TERMINATE');
    const onlyWay = ways.length === 1 && step.inside.some(({ kind }) => kind === 'default');
    for (const { kind, steps } of ways) {
      const last = steps.at(-1);
      if (!last) continue;
      const sure = kind === 'loop' ? step.task.items === undefined : onlyWay;
      for (const [inner, how] of this.after(last)) yield [inner, sure ? how : 'maybe'];
    }
  }
}

/** True if both tasks are in the same case, branch or loop of the same outer task. */
export function sameBranch(inner: LintedTask, step: LintedTask): boolean {
  for (let other: LintedTask | undefined = step; other; other = other.parent) {
    if (other.parent === inner.parent) return other.kind === inner.kind && other.key === inner.key;
  }
  return false;
}

/** The innermost DO_WHILE around a task. */
export function loopAround(step: LintedTask): LintedTask | undefined {
  return [...enclosing(step)].find(({ type }) => type === 'DO_WHILE');
}

function startNeeds(step: LintedTask): LintedTask[] {
  if (step.previous) return [step.previous];
  return step.parent ? startNeeds(step.parent) : [];
}

function* enclosing(step: LintedTask): Generator<LintedTask> {
  for (let { parent } = step; parent; parent = parent.parent) yield parent;
}
