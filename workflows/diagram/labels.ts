import { roleOf } from '../../core/conductor/task-types.ts';
import { count, duration } from '../../core/text.ts';
import type { Case, Diagram, Head, LoopNode, ParallelNode, Run } from './diagram.ts';

/** What is said in every format of the kind of a task: `HTTP external_api`. */
export function kindOf({ type, name, optional }: Head): string {
  return `${name ? `${type} ${name}` : type}${optional ? ' (optional)' : ''}`;
}

/** What a task is about, unless that is program text: of that a few words say nothing, and a picture has no room for more. */
export function matterOf({ type, detail }: Head): string | undefined {
  return roleOf(type) === 'computation' ? undefined : detail;
}

/** `COMPLETED · 1.2 s · 3 attempts`, or `not run` in an execution that did not come by. */
export function fateOf(run: Run | undefined): string {
  if (!run) return 'not run';
  const attempts = run.attempts > 1 ? [count(run.attempts, 'attempt')] : [];
  return [run.status, duration(run.ms), ...attempts].join(' · ');
}

/** The title of a picture: which definition, and what became of it. */
export function titleOf({ name, version, execution }: Diagram): string {
  const title = `${name} v${version}`;
  return execution ? `${title} · ${execution.status} · ${duration(execution.ms)}` : title;
}

/** What else is said of a whole picture, a line each. */
export function factsOf({ execution, failureWorkflow }: Diagram): string[] {
  return [
    ...(execution ? [execution.workflowId] : []),
    ...(execution?.reason ? [`reason: ${execution.reason}`] : []),
    ...(failureWorkflow ? [`on failure: ${failureWorkflow}`] : []),
  ];
}

/** The number of rounds of a loop in an execution; nothing in a definition. */
export function roundsOf({ run, rounds }: LoopNode): string | undefined {
  const last = rounds.at(-1)?.number;
  return run && last !== undefined ? count(last, 'round') : undefined;
}

/** The value of a case, and whether an execution went there. */
export function caseLabel({ label, taken }: Case): string {
  return taken === undefined ? label : `${label} ${taken ? '(taken)' : '(not taken)'}`;
}

/** What a fork without its JOIN is told. */
export function missingJoin({ join }: ParallelNode): string | undefined {
  return join ? undefined : 'no JOIN follows: the server fails such an execution';
}

/** The label of a round; nothing in a definition. */
export function roundLabel(number: number | undefined): string | undefined {
  return number === undefined ? undefined : `round ${number}`;
}
