import { roleOf } from '../../core/conductor/task-types.ts';
import { count, duration } from '../../core/text.ts';
import type { Case, Diagram, Head, LoopNode, ParallelNode, Run } from './diagram.ts';

/** The type and name of a task, for example `HTTP external_api`. */
export function kindOf({ type, name, optional }: Head): string {
  return `${name ? `${type} ${name}` : type}${optional ? ' (optional)' : ''}`;
}

/** The detail of a task. It is left out if it is a script, because a picture has no space for a useful part of a script. */
export function matterOf({ type, detail }: Head): string | undefined {
  return roleOf(type) === 'computation' ? undefined : detail;
}

/** The result of a task, such as `COMPLETED · 1.2 s · 3 attempts`; `not run` if the execution did not reach the task. */
export function fateOf(run: Run | undefined): string {
  if (!run) return 'not run';
  const attempts = run.attempts > 1 ? [count(run.attempts, 'attempt')] : [];
  return [run.status, duration(run.ms), ...attempts].join(' · ');
}

/** The title of a picture: the definition, and the result of the execution. */
export function titleOf({ name, version, execution }: Diagram): string {
  const title = `${name} v${version}`;
  return execution ? `${title} · ${execution.status} · ${duration(execution.ms)}` : title;
}

/** Further facts about the definition or execution, one line each. */
export function factsOf({ execution, failureWorkflow }: Diagram): string[] {
  return [
    ...(execution ? [execution.workflowId] : []),
    ...(execution?.reason ? [`reason: ${execution.reason}`] : []),
    ...(failureWorkflow ? [`on failure: ${failureWorkflow}`] : []),
  ];
}

/** The number of rounds of a loop in an execution; undefined in a definition. */
export function roundsOf({ run, rounds }: LoopNode): string | undefined {
  const last = rounds.at(-1)?.number;
  return run && last !== undefined ? count(last, 'round') : undefined;
}

/** The value of a case, and whether the execution chose this case. */
export function caseLabel({ label, taken }: Case): string {
  return taken === undefined ? label : `${label} ${taken ? '(taken)' : '(not taken)'}`;
}

/** The warning for a fork without a JOIN. */
export function missingJoin({ join }: ParallelNode): string | undefined {
  return join ? undefined : 'no JOIN follows, so the execution fails';
}

/** The label of a round; undefined in a definition. */
export function roundLabel(number: number | undefined): string | undefined {
  return number === undefined ? undefined : `round ${number}`;
}
