import { isObject } from '../../../core/json.ts';
import { NAME_REPAIR, unreachableName } from '../../../core/names.ts';
import { zodPath } from '../../../core/schema/zod-sentences.ts';
import { misfits, strangersIn, taskDefForm } from '../definition-forms.ts';
import type { TaskDefRule } from '../rule.ts';
import { part, textOf } from '../subject.ts';

const form: TaskDefRule = {
  id: 'task-def-type',
  severity: 'error',
  summary: 'a field of a task definition has a value of the wrong type, or a word that the field does not allow',
  reason: 'The server answers 500 with a Java parse error and registers none of the definitions that were sent.',
  repair: 'Write a value that the field accepts.',
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
  summary: 'a task definition has a field that the server does not know',
  reason: 'The server drops the field silently, so it has no effect.',
  repair: 'Correct the name of the field, or remove the field.',
  *check({ def }) {
    for (const key of strangersIn(taskDefForm, def))
      yield { pointer: part(key), message: `"${key}" is not a field of a task definition` };
  },
};

const missingName: TaskDefRule = {
  id: 'task-def-name',
  severity: 'error',
  summary: 'a task definition has no name, or a special character in its name',
  reason:
    'The server rejects an empty name. With some characters it can never fetch or delete the definition. In its queue names ":" separates the task type from a domain, so no worker finds the task.',
  repair: NAME_REPAIR,
  *check({ def }) {
    const name = textOf(def.name);
    const why = unreachableName(name);
    if (name === '') yield { pointer: '/name', message: 'The task definition has no name' };
    else if (why)
      yield { pointer: '/name', message: `The task definition cannot be called ${JSON.stringify(name)}: ${why}` };
    else if (/[:\s]/.test(name))
      yield { pointer: '/name', message: `The task definition's name "${name}" contains a colon or a space` };
  },
};

/** The smallest number that the server accepts in each field. */
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
  summary: 'a number is smaller than the server accepts',
  reason: 'The server rejects the definition.',
  repair: 'Write a larger number.',
  *check({ def }) {
    for (const [field, least] of Object.entries(AT_LEAST)) {
      const value = def[field];
      if (typeof value === 'number' && value < least)
        yield { pointer: `/${field}`, message: `${field} is ${value}, but must be at least ${least}` };
    }
  },
};

/** The server's default. */
const RESPONSE_TIMEOUT_SECONDS = 3600;

const timeoutOrder: TaskDefRule = {
  id: 'task-def-timeouts',
  severity: 'error',
  summary:
    'the lease is longer than the time limit of one attempt, or this limit is longer than the limit for all attempts',
  reason: 'The server rejects the definition. Without responseTimeoutSeconds, the lease is one hour.',
  repair:
    'Keep responseTimeoutSeconds ≤ timeoutSeconds ≤ totalTimeoutSeconds. Whenever you set timeoutSeconds, also set responseTimeoutSeconds.',
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
  summary: 'a task definition allows retries almost without end',
  reason: 'An execution that cannot succeed keeps running.',
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
  summary: 'the server ignores a field of a task definition, always or on some databases',
  reason: 'The server never enforces schemas. It enforces rate limits only if its database is Redis.',
  repair:
    'Remove the field. To limit how many tasks run at the same time, use concurrentExecLimit: it works on every database.',
  *check({ def }) {
    if (Number(def.rateLimitPerFrequency ?? 0) > 0) {
      yield {
        pointer: '/rateLimitPerFrequency',
        message: 'rateLimitPerFrequency has no effect on SQLite and PostgreSQL',
      };
    }
    const hasSchema = isObject(def.inputSchema) || isObject(def.outputSchema);
    if (def.enforceSchema === true && hasSchema) {
      const fix = { summary: '"enforceSchema": false', edits: [{ pointer: '/enforceSchema', value: false }] };
      yield { pointer: '/enforceSchema', message: 'enforceSchema has no effect', fix };
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
