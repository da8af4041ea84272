import type { WorkflowRule } from '../rule.ts';
import { at, ofRole, ofType, taskDefOf } from '../subject.ts';

const noTaskDefinition: WorkflowRule = {
  id: 'no-task-definition',
  severity: 'warning',
  summary: 'a SIMPLE task without task definition',
  reason: 'It runs with what the server has at hand: 3 retries after 60 seconds each, and a lease of an hour.',
  repair: 'Register a task definition of that name, or correct the name.',
  *check(subject) {
    const { known } = subject;
    if (!known.complete) return;
    for (const step of ofType(subject, 'SIMPLE')) {
      if (step.name !== '' && !taskDefOf(step, known))
        yield at(step, '/name', `There is no task definition "${step.name}"`);
    }
  },
};

const unguardedCall: WorkflowRule = {
  id: 'unguarded-call',
  severity: 'warning',
  summary: 'a call by the server itself without time limit and retry',
  reason:
    'If the server is killed while the task runs, the task is stuck for an hour: only timeoutSeconds with RETRY of its task definition wakes it up.',
  repair: 'Name the task after a task definition with timeoutSeconds and timeoutPolicy RETRY.',
  *check(subject) {
    const { known } = subject;
    for (const step of ofRole(subject, 'call')) {
      const def = taskDefOf(step, known);
      if (!def && !known.complete) continue;
      if (!def) yield at(step, '/name', `There is no task definition "${step.name}" to limit this ${step.type}`);
      else if (!(Number(def.timeoutSeconds) > 0))
        yield at(step, '/name', `The task definition "${step.name}" has no timeoutSeconds`);
      else if (def.timeoutPolicy !== 'RETRY')
        yield at(step, '/name', `The task definition "${step.name}" does not retry after its timeoutSeconds`);
    }
  },
};

const timeoutWithoutEffect: WorkflowRule = {
  id: 'timeout-without-effect',
  severity: 'warning',
  summary: 'a time limit that ends nothing',
  reason:
    'With ALERT_ONLY, which is the default, the execution goes on after timeoutSeconds; TIME_OUT_WF without timeoutSeconds limits nothing.',
  repair: 'Set timeoutPolicy to TIME_OUT_WF and timeoutSeconds to more than 0, or neither.',
  *check({ def, root }) {
    const seconds = Number(def.timeoutSeconds ?? 0);
    const ends = def.timeoutPolicy === 'TIME_OUT_WF';
    if (seconds > 0 && !ends)
      yield { pointer: `${root}/timeoutPolicy`, message: `Nothing happens after ${seconds} seconds` };
    if (!(seconds > 0) && ends)
      yield { pointer: `${root}/timeoutSeconds`, message: 'TIME_OUT_WF without timeoutSeconds' };
  },
};

/** More tries than that are a way to wait, and a bad one. */
const MANY_RETRIES = 50;

const unboundedRetry: WorkflowRule = {
  id: 'unbounded-retry',
  severity: 'warning',
  summary: 'a number of retries that comes near to for ever',
  reason: 'An execution that cannot succeed is kept alive by them.',
  repair: `Retry at most ${MANY_RETRIES} times.`,
  *check({ steps }) {
    for (const step of steps) {
      const count = Number(step.task.retryCount ?? 0);
      if (count > MANY_RETRIES || count < 0) yield at(step, '/retryCount', `retryCount is ${count}`);
    }
  },
};

/** Rules about time limits and retries. */
export const limitRules: readonly WorkflowRule[] = [
  noTaskDefinition,
  unguardedCall,
  timeoutWithoutEffect,
  unboundedRetry,
];
