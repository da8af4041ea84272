import { isOrkesType, taskType } from '../../../core/conductor/task-types.ts';
import type { WorkflowRule } from '../rule.ts';
import { at } from '../subject.ts';

/** What people mean by types that exist nowhere. */
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
  summary: 'a task type that the server does not have',
  reason: 'The server registers it and puts the task into a queue of that name, where it waits for ever.',
  repair: 'Use a type of Conductor OSS; work of your own is type SIMPLE with the name of its task definition.',
  *check({ steps }) {
    for (const step of steps) {
      if (taskType(step.type)) continue;
      const upper = step.type.toUpperCase();
      if (isOrkesType(step.type)) {
        yield at(
          step,
          '/type',
          `${step.type} is a type of Orkes Conductor, which the open-source server does not have`,
        );
      } else if (taskType(upper)) {
        const fix = { summary: `"type": "${upper}"`, edits: [{ pointer: `${step.pointer}/type`, value: upper }] };
        yield at(step, '/type', `"${step.type}" is written ${upper}`, { fix });
      } else {
        const meant = MEANT[upper];
        const repair = meant && `Use ${meant}.`;
        yield at(step, '/type', `"${step.type}" is no task type of Conductor`, { repair });
      }
    }
  },
};

const deprecatedType: WorkflowRule = {
  id: 'deprecated-type',
  severity: 'warning',
  summary: 'a task type that the server keeps for old definitions only',
  reason: 'It still runs, without what its successor has learnt, and may go with the next version.',
  repair: 'Use its successor.',
  *check({ steps }) {
    for (const step of steps) {
      const successor = taskType(step.type)?.replacedBy;
      if (successor) yield at(step, '/type', `${step.type} is replaced by ${successor}`);
    }
  },
};

export const taskTypeRules: readonly WorkflowRule[] = [unknownType, deprecatedType];
