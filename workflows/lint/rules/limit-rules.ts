import type { WorkflowRule } from '../rule.ts';
import { at, ofRole, ofType, taskDefOf } from '../subject.ts';

const noTaskDefinition: WorkflowRule = {
  id: 'no-task-definition',
  severity: 'warning',
  summary: 'a SIMPLE task has no task definition',
  reason: 'The task runs with the defaults of the server: 3 retries, 60 seconds apart, and a lease of one hour.',
  repair: 'Register a task definition with that name, or correct the name.',
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
  summary: 'a call by the server has no time limit after which it is retried',
  reason:
    'If the server is killed during the call, the task hangs for one hour. Only timeoutSeconds with RETRY in its task definition shortens this time.',
  repair: 'Name the task after a task definition that has timeoutSeconds and the timeoutPolicy RETRY.',
  *check(subject) {
    const { known } = subject;
    for (const step of ofRole(subject, 'call')) {
      const def = taskDefOf(step, known);
      if (!def && !known.complete) continue;
      if (!def) yield at(step, '/name', `There is no task definition "${step.name}" that limits this ${step.type}`);
      else if (!(Number(def.timeoutSeconds) > 0))
        yield at(step, '/name', `The task definition "${step.name}" has no timeoutSeconds`);
      else if (def.timeoutPolicy !== 'RETRY')
        yield at(step, '/name', `The timeoutPolicy of the task definition "${step.name}" is not RETRY`);
    }
  },
};

const timeoutWithoutEffect: WorkflowRule = {
  id: 'timeout-without-effect',
  severity: 'warning',
  summary: 'the time limit of a workflow has no effect',
  reason:
    'With ALERT_ONLY, the default, an execution continues after timeoutSeconds. TIME_OUT_WF without timeoutSeconds sets no limit.',
  repair: 'Set timeoutPolicy to TIME_OUT_WF and timeoutSeconds to more than 0, or remove both.',
  *check({ def, root }) {
    const seconds = Number(def.timeoutSeconds ?? 0);
    const ends = def.timeoutPolicy === 'TIME_OUT_WF';
    if (seconds > 0 && !ends)
      yield { pointer: `${root}/timeoutPolicy`, message: `The execution continues after ${seconds} seconds` };
    if (!(seconds > 0) && ends)
      yield { pointer: `${root}/timeoutSeconds`, message: 'TIME_OUT_WF has no timeoutSeconds' };
  },
};

/** A task with more retries than this uses them to wait. A WAIT is better for that. */
const MANY_RETRIES = 50;

const unboundedRetry: WorkflowRule = {
  id: 'unbounded-retry',
  severity: 'warning',
  summary: 'a task is retried almost without end',
  reason: 'An execution that cannot succeed keeps running.',
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
