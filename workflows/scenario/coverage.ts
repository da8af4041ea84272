import { roleOf } from '../../core/conductor/task-types.ts';
import type { Workflow } from '../../core/contract.ts';
import { isObject } from '../../core/json.ts';
import { roundsOf } from './judge.ts';
import { isAnswered } from './mockable-types.ts';
import type { Attempt, Trace } from './trace.ts';
import { boundOf, isOverItems, type KnownWorkflows, type ScenarioTask, stepsOf } from './workflow-steps.ts';

/** A possible event in an execution of a workflow, which a scenario can cover. */
export interface Point {
  /** The reference of the task; for the end of the whole workflow, the name of the workflow. */
  readonly ref: string;
  /** The event, e.g. `case 404`. */
  readonly what: string;
}

export interface Coverage {
  /** The number of points. */
  readonly points: number;
  readonly missed: readonly Point[];
}

/** A point, with a check whether a trace reached it. */
interface Watched extends Point {
  reachedBy(trace: Trace): boolean;
}

/**
 * Finds which points of a workflow all traces together have reached. Points are the cases and the default of a SWITCH, the branches of
 * forks, a TERMINATE, and a failure that starts the failure workflow. A loop has points for one round, for several rounds, and for its end:
 * by the condition or by the limit of rounds. A task has points for an answer from outside, for a retry, and for a failure if it is
 * optional. Sub-workflows are covered by their own scenarios.
 */
export function coverageOf(workflow: Workflow, traces: readonly Trace[], known: KnownWorkflows): Coverage {
  const points = [...stepsOf(workflow, known).values()].flatMap(pointsOf);
  const { failureWorkflow } = workflow.def;
  if (failureWorkflow) {
    points.push({
      ref: workflow.name,
      what: `fails, which starts ${failureWorkflow}`,
      reachedBy: ({ execution }) => execution.status === 'FAILED' || execution.status === 'TIMED_OUT',
    });
  }
  const missed = points.filter(({ reachedBy }) => !traces.some(reachedBy));
  return { points: points.length, missed: missed.map(({ ref, what }) => ({ ref, what })) };
}

/** The percentage of points that were reached, rounded down. So 100 means all points. */
export function percentOf(coverages: readonly Coverage[]): number {
  const all = coverages.reduce((sum, { points }) => sum + points, 0);
  const missed = coverages.reduce((sum, coverage) => sum + coverage.missed.length, 0);
  return all === 0 ? 100 : Math.floor(((all - missed) / all) * 100);
}

function pointsOf(step: ScenarioTask): Watched[] {
  const { ref, type, task, taskDef } = step;
  const point = (what: string, test: (attempt: Attempt, trace: Trace) => boolean): Watched => ({
    ref,
    what,
    reachedBy: (trace) => trace.attempts.some((attempt) => attempt.ref === ref && test(attempt, trace)),
  });
  const points: Watched[] = [];
  const role = roleOf(type);
  if (role === 'choice') points.push(...casesOf(step, point));
  if (role === 'loop') points.push(...roundsPoints(step, point));
  if (type === 'FORK_JOIN') points.push(...branchesOf(step));
  if (type === 'FORK_JOIN_DYNAMIC') points.push(...itemsOf(step));
  if (role === 'end' || type === 'SUB_WORKFLOW' || isAnswered(type)) {
    points.push(point(role === 'end' ? 'ends the workflow' : 'completes', ({ status }) => status === 'COMPLETED'));
  }
  if (isAnswered(type) && (taskDef.retryCount ?? 0) > 0) {
    points.push(point('is retried', ({ attempt }) => attempt > 1));
  }
  if (task.optional === true) {
    points.push(point('fails and the workflow continues', ({ status }) => status === 'COMPLETED_WITH_ERRORS'));
  }
  return points;
}

type MakePoint = (what: string, test: (attempt: Attempt, trace: Trace) => boolean) => Watched;

function casesOf({ task }: ScenarioTask, point: MakePoint): Watched[] {
  const cases = isObject(task.decisionCases) ? Object.keys(task.decisionCases) : [];
  const hasDefault = Array.isArray(task.defaultCase) && task.defaultCase.length > 0;
  return [
    ...cases.map((key) => point(`case ${key}`, ({ output }) => chosenIn(output) === key)),
    ...(hasDefault
      ? [point('default case', ({ status, output }) => status === 'COMPLETED' && !cases.includes(chosenIn(output)))]
      : []),
  ];
}

function chosenIn({ selectedCase, evaluationResult, caseOutput }: Attempt['output']): string {
  const [listed] = [evaluationResult, caseOutput].flatMap((list) => (Array.isArray(list) ? list : []));
  return String(selectedCase ?? listed);
}

function roundsPoints({ ref, task }: ScenarioTask, point: MakePoint): Watched[] {
  const bound = boundOf(task);
  const ended = ({ status }: Attempt) => status === 'COMPLETED';
  const made = (test: (rounds: number) => boolean) => (one: Attempt, trace: Trace) =>
    ended(one) && test(roundsOf(trace, ref));
  const several =
    bound === 1
      ? []
      : [
          point(
            'several rounds',
            made((rounds) => rounds > 1),
          ),
        ];
  const one = point(
    'one round',
    made((rounds) => rounds === 1),
  );
  if (isOverItems(task))
    return [
      point(
        'no round',
        made((rounds) => rounds === 0),
      ),
      one,
      ...several,
    ];
  if (bound === undefined) return [one, ...several];
  const stops = [
    point(
      'is stopped by its limit of rounds',
      made((rounds) => rounds >= bound),
    ),
    ...(onlyCounts(task.loopCondition)
      ? []
      : [
          point(
            'is stopped by its condition',
            made((rounds) => rounds < bound),
          ),
        ]),
  ];
  return onlyCounts(task.loopCondition) ? stops : [one, ...several, ...stops];
}

/** True if the condition reads only the number of the round. The loop then always makes all its rounds. */
function onlyCounts(condition: unknown): boolean {
  const text = String(condition ?? '').replaceAll(/\s|true|false|if|else|[(){};]/g, '');
  return /^\$\.\w+(\.iteration|\[['"]iteration['"]\])<=?\d+(&&!)?$/.test(text);
}

function branchesOf({ ref, task }: ScenarioTask): Watched[] {
  const branches = Array.isArray(task.forkTasks) ? task.forkTasks : [];
  return branches.flatMap((branch: unknown, index) => {
    const last: unknown = Array.isArray(branch) ? branch.at(-1) : undefined;
    if (!isObject(last)) return [];
    return {
      ref,
      what: `branch ${index + 1} (to ${String(last.taskReferenceName)}) ends`,
      reachedBy: (trace: Trace) =>
        trace.attempts.some((one) => one.ref === last.taskReferenceName && one.status.startsWith('COMPLETED')),
    };
  });
}

function itemsOf({ ref }: ScenarioTask): Watched[] {
  const forked = ({ attempts }: Trace) => attempts.some((one) => one.ref === ref && one.status === 'COMPLETED');
  const made = ({ attempts }: Trace) => attempts.flatMap((one) => itemIn(one.ref, ref) ?? []);
  return [
    { ref, what: 'no item', reachedBy: (trace) => forked(trace) && made(trace).length === 0 },
    { ref, what: 'several items', reachedBy: (trace) => made(trace).some((item) => item > 0) },
  ];
}

/** The index (from 0) of the item for which a FORK_JOIN_DYNAMIC made this task. */
function itemIn(ref: string, fork: string): number | undefined {
  const found = ref.startsWith(`${fork}_`) ? /^(?:\d+_)?(\d+)$/.exec(ref.slice(fork.length + 1)) : null;
  return found ? Number(found[1]) : undefined;
}
