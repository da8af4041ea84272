import { isObject } from '../../../core/json.ts';
import { zodPath } from '../../../core/zod-sentences.ts';
import { misfits, strangersIn, taskDefForm } from '../definition-forms.ts';
import type { TaskDefRule } from '../rule.ts';
import { part, textOf } from '../subject.ts';

const form: TaskDefRule = {
  id: 'task-def-type',
  severity: 'error',
  summary: 'a field of a task definition holds something of another type, or a word that is none of its values',
  reason: 'The server answers 500 with a Java parse error, and registers nothing of the whole call.',
  repair: 'Write what the field takes.',
  *check({ def }) {
    for (const { path, rule, value, coerced } of misfits(taskDefForm, def)) {
      const pointer = path.map((key) => part(String(key))).join('');
      const message = `${zodPath(path)} ${rule}`;
      const bare = path.at(-1) === 'timeoutPolicy' && isObject(value) ? textOf(value.type) : '';
      const right = coerced ?? (['RETRY', 'TIME_OUT_WF', 'ALERT_ONLY'].includes(bare) ? bare : undefined);
      yield {
        pointer,
        message,
        ...(right !== undefined && { fix: { summary: JSON.stringify(right), edits: [{ pointer, value: right }] } }),
      };
    }
  },
};

const unknownField: TaskDefRule = {
  id: 'task-def-unknown-field',
  severity: 'warning',
  summary: 'a field that task definitions do not have',
  reason: 'The server drops it without a word: what it was meant to do does not happen.',
  repair: 'Correct its spelling, or remove it.',
  *check({ def }) {
    for (const key of strangersIn(taskDefForm, def))
      yield { pointer: part(key), message: `"${key}" is no field of a task definition` };
  },
};

const missingName: TaskDefRule = {
  id: 'task-def-name',
  severity: 'error',
  summary: 'a task definition without a name, or with one that means something else',
  reason:
    'The server refuses an empty name; ":" separates a domain from a task type in its queues, so that no worker finds the task.',
  repair: 'Use letters, digits, ".", - and _.',
  *check({ def }) {
    const name = textOf(def.name);
    if (name === '') yield { pointer: '/name', message: 'The task definition has no name' };
    else if (/[:/\s]/.test(name)) yield { pointer: '/name', message: `The task definition is called "${name}"` };
  },
};

/** The least that the server takes. */
const AT_LEAST: Record<string, number> = {
  retryCount: 0,
  responseTimeoutSeconds: 1,
  pollTimeoutSeconds: 0,
  backoffScaleFactor: 1,
  maxRetryDelaySeconds: 0,
  backoffJitterMs: 0,
  totalTimeoutSeconds: 0,
};

const tooSmall: TaskDefRule = {
  id: 'task-def-too-small',
  severity: 'error',
  summary: 'a number below what the server takes',
  reason: 'The server refuses the definition.',
  repair: 'Give a greater number.',
  *check({ def }) {
    for (const [field, least] of Object.entries(AT_LEAST)) {
      const value = def[field];
      if (typeof value === 'number' && value < least)
        yield { pointer: `/${field}`, message: `${field} is ${value}, and has to be ${least} or more` };
    }
  },
};

/** The server's own when the definition says nothing. */
const RESPONSE_TIMEOUT_SECONDS = 3600;

const timeoutOrder: TaskDefRule = {
  id: 'task-def-timeouts',
  severity: 'error',
  summary: 'a lease that is longer than the attempt, or an attempt that is longer than all of them',
  reason: 'The server refuses the definition. Without responseTimeoutSeconds the lease is an hour.',
  repair:
    'Keep responseTimeoutSeconds ≤ timeoutSeconds ≤ totalTimeoutSeconds; send the first whenever you send the second.',
  *check({ def }) {
    const timeout = Number(def.timeoutSeconds ?? 0);
    const response = Number(def.responseTimeoutSeconds ?? RESPONSE_TIMEOUT_SECONDS);
    const total = Number(def.totalTimeoutSeconds ?? 0);
    if (timeout > 0 && response > timeout) {
      const pointer = '/responseTimeoutSeconds';
      const fix = { summary: `"responseTimeoutSeconds": ${timeout}`, edits: [{ pointer, value: timeout }] };
      yield {
        pointer,
        message: `responseTimeoutSeconds is ${response}, more than the timeoutSeconds of ${timeout}`,
        fix,
      };
    }
    if (timeout > 0 && total > 0 && timeout > total) {
      yield {
        pointer: '/totalTimeoutSeconds',
        message: `timeoutSeconds is ${timeout}, more than the totalTimeoutSeconds of ${total}`,
      };
    }
  },
};

const MANY_RETRIES = 50;

const unboundedRetry: TaskDefRule = {
  id: 'task-def-unbounded-retry',
  severity: 'warning',
  summary: 'a number of retries that comes near to for ever',
  reason: 'An execution that cannot succeed is kept alive by them.',
  repair: `Retry at most ${MANY_RETRIES} times, or set totalTimeoutSeconds.`,
  *check({ def }) {
    const count = Number(def.retryCount ?? 0);
    if (count > MANY_RETRIES && !(Number(def.totalTimeoutSeconds) > 0))
      yield { pointer: '/retryCount', message: `retryCount is ${count}` };
  },
};

const ignoredField: TaskDefRule = {
  id: 'task-def-ignored-field',
  severity: 'warning',
  summary: 'a field that the server stores and does little or nothing with',
  reason: 'Schemas are never enforced by the server, and rate limits only where its database is Redis.',
  repair: 'Remove it; concurrentExecLimit works on every database.',
  *check({ def }) {
    if (Number(def.rateLimitPerFrequency ?? 0) > 0) {
      yield {
        pointer: '/rateLimitPerFrequency',
        message: 'rateLimitPerFrequency does nothing on SQLite and PostgreSQL',
      };
    }
    const hasSchema = isObject(def.inputSchema) || isObject(def.outputSchema);
    if (def.enforceSchema === true && hasSchema) {
      const fix = { summary: '"enforceSchema": false', edits: [{ pointer: '/enforceSchema', value: false }] };
      yield { pointer: '/enforceSchema', message: 'enforceSchema does nothing', fix };
    }
  },
};

/** Rules about task definitions. */
export const taskDefinitionRules: readonly TaskDefRule[] = [
  form,
  unknownField,
  missingName,
  tooSmall,
  timeoutOrder,
  unboundedRetry,
  ignoredField,
];
