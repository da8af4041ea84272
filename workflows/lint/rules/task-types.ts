import { TASK_TYPES } from '../../../core/conductor/task-types.ts';
import type { WorkflowRule } from '../rule.ts';
import { at } from '../subject.ts';

/** Types of the commercial server, for which there is nothing here. */
const ORKES_ONLY: ReadonlySet<string> = new Set(
  `GET_DOCUMENT PARSE_DOCUMENT GET_SIGNED_JWT UPDATE_TASK UPDATE_SECRET WAIT_FOR_WEBHOOK HTTP_POLL BUSINESS_RULE OPS_GENIE QUERY_PROCESSOR
  GRPC SENDGRID ALERT BULK_START_WORKFLOWS YIELD LIST_FILES CHUNK_TEXT`.split(/\s+/),
);

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
      if (TASK_TYPES.has(step.type)) continue;
      const upper = step.type.toUpperCase();
      if (ORKES_ONLY.has(step.type)) {
        yield at(
          step,
          '/type',
          `${step.type} is a type of Orkes Conductor, which the open-source server does not have`,
        );
      } else if (TASK_TYPES.has(upper)) {
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

const REPLACED: Record<string, string> = { DECISION: 'SWITCH', LAMBDA: 'INLINE', EXCLUSIVE_JOIN: 'SWITCH and JOIN' };

const deprecatedType: WorkflowRule = {
  id: 'deprecated-type',
  severity: 'warning',
  summary: 'a task type that the server keeps for old definitions only',
  reason: 'It still runs, without what its successor has learnt, and may go with the next version.',
  repair: 'Use its successor.',
  *check({ steps }) {
    for (const step of steps) {
      const successor = REPLACED[step.type];
      if (successor) yield at(step, '/type', `${step.type} is replaced by ${successor}`);
    }
  },
};

export const taskTypes: readonly WorkflowRule[] = [unknownType, deprecatedType];
