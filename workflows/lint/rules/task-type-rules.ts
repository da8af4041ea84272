import { isOrkesType, taskType } from '../../../core/conductor/task-types.ts';
import type { WorkflowRule } from '../rule.ts';
import { at } from '../subject.ts';

/** Types that people write by mistake, each with the type that they mean. */
const MEANT: Record<string, string> = {
  PARALLEL: 'FORK_JOIN followed by JOIN',
  FORK: 'FORK_JOIN followed by JOIN',
  IF: 'SWITCH',
  LOOP: 'DO_WHILE',
  WHILE: 'DO_WHILE',
  FOR_EACH: 'DO_WHILE with items, or FORK_JOIN_DYNAMIC',
  SCRIPT: 'INLINE',
  JAVASCRIPT: 'INLINE',
  JQ: 'JSON_JQ_TRANSFORM',
  TASK: 'SIMPLE',
  WORKER: 'SIMPLE',
  USER_DEFINED: 'SIMPLE',
  SUBWORKFLOW: 'SUB_WORKFLOW',
  DELAY: 'WAIT',
  SLEEP: 'WAIT',
};

const unknownType: WorkflowRule = {
  id: 'unknown-type',
  severity: 'error',
  summary: 'a task has a type that the server does not have',
  reason:
    'The server registers the definition, then puts the task into a queue with the name of the type, where it waits forever.',
  repair: 'Use a type of Conductor OSS. For your own worker, use SIMPLE and the name of its task definition.',
  *check({ steps }) {
    for (const step of steps) {
      if (taskType(step.type)) continue;
      const upper = step.type.toUpperCase();
      if (isOrkesType(step.type)) {
        yield at(step, '/type', `Only Orkes Conductor has the type ${step.type}, not the open-source server`);
      } else if (taskType(upper)) {
        const fix = { summary: `"type": "${upper}"`, edits: [{ pointer: `${step.pointer}/type`, value: upper }] };
        yield at(step, '/type', `"${step.type}" must be written ${upper}`, { fix });
      } else {
        const meant = MEANT[upper];
        const repair = meant && `Use ${meant}.`;
        yield at(step, '/type', `"${step.type}" is not a task type of Conductor`, { repair });
      }
    }
  },
};

const deprecatedType: WorkflowRule = {
  id: 'deprecated-type',
  severity: 'warning',
  summary: 'a task has a deprecated type',
  reason: 'The server still runs it for old definitions, but a later version may remove it.',
  repair: 'Use the type that replaces it.',
  *check({ steps }) {
    for (const step of steps) {
      const successor = taskType(step.type)?.replacedBy;
      if (successor) yield at(step, '/type', `${step.type} is deprecated`, { repair: `Use ${successor}.` });
    }
  },
};

export const taskTypeRules: readonly WorkflowRule[] = [unknownType, deprecatedType];
