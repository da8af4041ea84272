import { isSynchronous } from '../../../core/conductor/task-types.ts';
import { isObject } from '../../../core/json.ts';
import type { Problem, WorkflowRule } from '../rule.ts';
import { at, type LintedTask, objectOf } from '../subject.ts';

const ignoredField: WorkflowRule = {
  id: 'ignored-field',
  severity: 'warning',
  summary: 'the server stores a field but ignores it',
  reason: 'In Conductor OSS the field has no effect.',
  repair: 'Remove the field. Let the workflow or the worker do what the field was meant to do.',
  *check({ def, root, steps }) {
    for (const [field, what] of Object.entries(OF_A_WORKFLOW)) {
      if (isSet(def[field]))
        yield removable({ pointer: `${root}/${field}`, message: `${field} has no effect: ${what}` });
    }
    if (def.enforceSchema === true && (isSet(def.inputSchema) || isSet(def.outputSchema)))
      yield unenforced(`${root}/enforceSchema`);
    for (const step of steps) yield* ofATask(step);
  },
};

const OF_A_WORKFLOW: Record<string, string> = {
  cacheConfig: 'the server caches nothing',
  maskedFields: 'the server masks nothing',
  rateLimitConfig: 'the server does not limit executions',
};

function* ofATask(step: LintedTask): Generator<Problem> {
  const { cacheConfig, startDelay, subWorkflowParam, rateLimited } = step.task;
  if (isSet(cacheConfig))
    yield removable(at(step, '/cacheConfig', 'cacheConfig has no effect: the task runs every time'));
  if (rateLimited === true) yield removable(at(step, '/rateLimited', 'rateLimited has no effect'));
  if (typeof startDelay === 'number' && startDelay > 0 && isSynchronous(step.type)) {
    yield removable(at(step, '/startDelay', `startDelay has no effect: ${step.type} starts immediately`));
  }
  for (const field of ['idempotencyKey', 'idempotencyStrategy']) {
    const message = `${field} has no effect: two starts make two executions`;
    if (step.type === 'SUB_WORKFLOW' && isSet(objectOf(subWorkflowParam)[field]))
      yield removable(at(step, `/subWorkflowParam/${field}`, message));
    if (step.type === 'START_WORKFLOW' && isSet(objectOf(step.input.startWorkflow)[field])) {
      yield removable(at(step, `/inputParameters/startWorkflow/${field}`, message));
    }
  }
}

function unenforced(pointer: string): Problem {
  const message = 'enforceSchema has no effect: the server does not check schemas';
  return { pointer, message, fix: { summary: '"enforceSchema": false', edits: [{ pointer, value: false }] } };
}

function removable(problem: Problem): Problem {
  return {
    ...problem,
    fix: { summary: `${problem.pointer.split('/').at(-1)} is removed`, edits: [{ pointer: problem.pointer }] },
  };
}

function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isObject(value) ? Object.keys(value).length > 0 : typeof value === 'string' && value !== '';
}

/** Rules about fields that have no effect. */
export const ignoredFieldRules: readonly WorkflowRule[] = [ignoredField];
