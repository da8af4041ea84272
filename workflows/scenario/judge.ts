import { isControlFlow } from '../../core/conductor/task-types.ts';
import { isOpenTask } from '../../core/conductor/types.ts';
import { count } from '../../core/text.ts';
import type { Expectation, Scenario } from './define-scenarios.ts';
import { differences } from './expected.ts';
import { isEach, isMock, isRounds, type Mocks } from './mocks.ts';
import { stubOf } from './sample-answer.ts';
import { unknownReference } from './scenario-mistakes.ts';
import type { Attempt, Trace } from './trace.ts';
import type { ScenarioTask } from './workflow-steps.ts';

/** The differences between a dry run and the expectations of its scenario, as sentences. */
export function judge(trace: Trace, scenario: Scenario, steps: ReadonlyMap<string, ScenarioTask>): string[] {
  const unanswered = missingAnswers(trace, scenario, steps);
  if (unanswered.length > 0) return unanswered; // the other differences are only consequences of missing answers
  const { expect } = scenario;
  const { status, output, variables } = trace.execution;
  const found = [
    ...differences(expect.status, status, 'status'),
    ...(expect.output === undefined ? [] : differences(expect.output, output, 'output')),
    ...(expect.variables === undefined ? [] : differences(expect.variables, variables, 'variables')),
    ...ofReason(expect, trace),
    ...Object.entries(expect.attempts ?? {}).flatMap(([ref, n]) =>
      differences(n, of(trace, ref).length, `attempts of ${ref}`),
    ),
    ...Object.entries(expect.rounds ?? {}).flatMap(([ref, n]) =>
      differences(n, roundsOf(trace, ref), `rounds of ${ref}`),
    ),
    ...Object.entries(expect.inputs ?? {}).flatMap(([ref, input]) =>
      differences(input, of(trace, ref).at(-1)?.input, `input of ${ref}`),
    ),
  ];
  const mistakes = [
    ...found.map(({ path, expected, actual }) => `${path}: expected ${shown(expected)}, was ${shown(actual)}`),
    ...ofPath(expect, trace),
    ...namedAtRunTime(trace, scenario, steps),
  ];
  const told = trace.reason !== undefined && status !== expect.status;
  return told ? [...mistakes, `reason: ${trace.reason}`] : mistakes;
}

/** The number of rounds that a loop has started; 0 if the execution did not reach the loop. */
export function roundsOf(trace: Trace, ref: string): number {
  const iteration = of(trace, ref).at(-1)?.output.iteration;
  return typeof iteration === 'number' ? iteration : 0;
}

/** The path of the execution: one entry for each task, with its result. */
export function pathOf(trace: Trace): string[] {
  return trace.attempts.filter(({ type, ref }) => type !== 'JOIN' && !isSettling(type, ref)).map(entryOf);
}

/** True for the loop of one round that `forkEach` puts around each task. */
function isSettling(type: string, ref: string): boolean {
  return type === 'DO_WHILE' && /_\d+_settled$/.test(ref);
}

function entryOf({ ref, type, round, status, output, reason, unanswered }: Attempt): string {
  const name = round > 0 ? `${ref}#${round}` : ref;
  if (unanswered) return `${name} (no answer)`;
  if (status === 'COMPLETED') return type === 'SWITCH' ? `${name} [${String(output.selectedCase)}]` : name;
  const what = reason === undefined ? status : `${status}: ${reason}`;
  return `${name} (${what.length > 80 ? `${what.slice(0, 79)}…` : what})`;
}

function of(trace: Trace, ref: string): Attempt[] {
  return trace.attempts.filter((attempt) => attempt.ref === ref);
}

function ofReason({ reason: expected }: Expectation, { reason }: Trace) {
  if (expected === undefined) return [];
  if (typeof expected === 'string' && reason?.includes(expected)) return [];
  return differences(expected, reason, 'reason');
}

function ofPath({ ran = [], notRan = [] }: Expectation, { attempts }: Trace): string[] {
  const refs = attempts.map(({ ref }) => ref);
  const mistakes = notRan.filter((ref) => refs.includes(ref)).map((ref) => `${ref} ran, but must not run`);
  let from = 0;
  for (const ref of ran) {
    const at = refs.indexOf(ref, from);
    if (at === -1) {
      mistakes.push(refs.includes(ref) ? `${ref} ran, but not in the order ${ran.join(', ')}` : `${ref} did not run`);
      break;
    }
    from = at + 1;
  }
  return mistakes;
}

/** Finds the unknown task references of a scenario if some tasks of the workflow are known only after the run. */
function namedAtRunTime(
  trace: Trace,
  { tasks = {}, expect }: Scenario,
  steps: ReadonlyMap<string, ScenarioTask>,
): string[] {
  const refs = new Set([...steps.keys(), ...trace.attempts.map(({ ref }) => ref)]);
  const named = { tasks, 'expect.attempts': expect.attempts ?? {}, 'expect.inputs': expect.inputs ?? {} };
  return Object.entries(named).flatMap(([where, record]) =>
    Object.keys(record)
      .filter((ref) => !refs.has(ref))
      .map((ref) => unknownReference(ref, where, refs)),
  );
}

function missingAnswers(trace: Trace, { tasks = {} }: Scenario, steps: ReadonlyMap<string, ScenarioTask>): string[] {
  const waits = trace.execution.status === 'RUNNING';
  const own = trace.attempts
    .filter((one) => one.unanswered || (waits && isOpenTask(one) && !isControlFlow(one.type)))
    .map((one) => {
      const fork = forkOf(one.ref, steps);
      return missing(one, tasks[one.ref] ?? (fork && tasks[fork.ref]), steps.get(one.ref), fork);
    });
  const below = trace.below.flatMap(({ ref, trace: inner }) => missingBelow(inner, `subWorkflows.${ref}`));
  const all = [...new Set([...below, ...own])];
  if (all.length === 0 && waits) return ['The execution has not ended: it is still RUNNING.'];
  return all;
}

function missingBelow({ attempts, below }: Trace, where: string): string[] {
  const own = attempts
    .filter(({ unanswered }) => unanswered)
    .map(({ ref }) => `There is no answer for ${ref} in \`${where}.tasks\`.`);
  return [...own, ...below.flatMap(({ ref, trace }) => missingBelow(trace, `${where}.subWorkflows.${ref}`))];
}

/** The FORK_JOIN_DYNAMIC that made a task. `forkEach` names its tasks `REF_0`, or `REF_ROUND_0` in a loop. */
function forkOf(ref: string, steps: ReadonlyMap<string, ScenarioTask>): ScenarioTask | undefined {
  const fork = [/_\d+$/, /_\d+_\d+$/].map((number) => steps.get(ref.replace(number, '')));
  return fork.find((step) => step?.type === 'FORK_JOIN_DYNAMIC');
}

function missing(
  one: Attempt,
  mocks: Mocks | undefined,
  step: ScenarioTask | undefined,
  fork: ScenarioTask | undefined,
): string {
  const { ref, type, round, attempt } = one;
  if (mocks === undefined) {
    const asked = fork ?? step;
    const stub = stubOf(asked ?? { ref, type, contract: undefined, child: undefined });
    return `There is no answer for ${ref}. Add one to \`tasks\`, such as  ${stub}`;
  }
  if (isRounds(mocks) && round > mocks.rounds.length) {
    return `There is no answer for round ${round} of ${ref}: rounds(…) has only ${mocks.rounds.length}. Add one.`;
  }
  if (isEach(mocks) && attempt === 1) {
    return `There is no answer for ${ref}: each(…) has only ${count(mocks.items.length, 'item')}. Add one.`;
  }
  const given = isMock(mocks) || isRounds(mocks) || isEach(mocks) ? undefined : count(mocks.length, 'answer');
  return `There is no answer for attempt ${attempt} of ${ref}${given ? `: its list has only ${given}. Add one` : ''}.`;
}

function shown(value: unknown): string {
  if (value instanceof RegExp) return String(value);
  const text =
    value === undefined
      ? 'nothing'
      : JSON.stringify(value, (_, inner) => (inner instanceof RegExp ? String(inner) : inner));
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}
