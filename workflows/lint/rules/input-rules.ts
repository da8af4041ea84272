import { taskType } from '../../../core/conductor/task-types.ts';
import { isObject } from '../../../core/json.ts';
import type { Problem, WorkflowRule } from '../rule.ts';
import type { KnownDefinitions } from '../subject.ts';
import { at, isDynamic, type LintedTask, objectOf, ofType, part, taskDefOf, textOf } from '../subject.ts';

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'];

/** The inputs of a task, with the defaults from its task definition. */
function inputOf(step: LintedTask, known: KnownDefinitions): Readonly<Record<string, unknown>> {
  return { ...objectOf(taskDefOf(step, known)?.inputTemplate), ...step.input };
}

const httpRequest: WorkflowRule = {
  id: 'http-request',
  severity: 'error',
  summary: 'an HTTP task has no uri or no valid method',
  reason:
    'Without a request, the server rejects the definition. Without a uri or a method, the task fails ("No HTTP method specified").',
  repair: 'Write inputParameters.http_request with a uri and a method (GET, POST, …).',
  *check({ steps, known }) {
    for (const step of steps) {
      if (step.type !== 'HTTP') continue;
      const input = inputOf(step, known);
      const isInside = 'http_request' in input;
      if (isDynamic(input.http_request)) continue;
      const request = isInside ? objectOf(input.http_request) : input;
      const field = `/inputParameters${isInside ? '/http_request' : ''}`;
      if (textOf(request.uri) === '') yield at(step, field, 'The request has no uri');
      const method = textOf(request.method);
      if (method === '') yield at(step, field, 'The request has no method');
      else if (!isDynamic(method) && !METHODS.includes(method))
        yield at(step, `${field}/method`, `"${method}" is not an HTTP method`);
    }
  },
};

const inputMissing: WorkflowRule = {
  id: 'input-missing',
  severity: 'error',
  summary: 'a task lacks an input that its type needs',
  reason: 'The server rejects the definition, or the task fails when it runs.',
  repair: 'Add the input to inputParameters.',
  *check({ steps, known }) {
    for (const step of steps) {
      const input = inputOf(step, known);
      for (const names of taskType(step.type)?.needs ?? []) {
        if (!names.some((name) => input[name] !== undefined && input[name] !== null))
          yield at(step, '/inputParameters', `${step.type} has no ${names[0]}`);
      }
    }
  },
};

const startWorkflowName: WorkflowRule = {
  id: 'workflow-without-name',
  severity: 'error',
  summary: 'a task that starts a workflow does not name the workflow',
  reason:
    'The server rejects a SUB_WORKFLOW without subWorkflowParam. Without a name, the start or the execution fails.',
  repair: 'Set subWorkflowParam.name, or startWorkflow.name for START_WORKFLOW.',
  *check({ steps }) {
    for (const step of steps) {
      const { subWorkflowParam: param } = step.task;
      if (step.type === 'SUB_WORKFLOW') {
        const isInline = isObject(param) && param.workflowDefinition !== undefined && param.workflowDefinition !== null;
        if (!isInline && textOf(objectOf(param).name) === '')
          yield at(step, '/subWorkflowParam', 'SUB_WORKFLOW names no workflow');
      }
      const { startWorkflow } = step.input;
      if (
        step.type === 'START_WORKFLOW' &&
        isObject(startWorkflow) &&
        textOf(startWorkflow.name) === '' &&
        !startWorkflow.workflowDef
      ) {
        yield at(step, '/inputParameters/startWorkflow', 'START_WORKFLOW names no workflow');
      }
    }
  },
};

const DURATION =
  /^\s*(?:(\d+)\s*(?:days?|d))?\s*(?:(\d+)\s*(?:hours?|hrs?|h))?\s*(?:(\d+)\s*(?:minutes?|mins?|m))?\s*(?:(\d+)\s*(?:seconds?|secs?|s))?\s*$/i;
/** Zone names that the server is known to accept. For any other zone, an offset works. */
const ZONES =
  'UTC GMT CET CEST EET EEST WET WEST MSK EST EDT CST CDT MST MDT PST PDT AKST AKDT HST JST KST HKT IST BST SAST AEST AEDT ACST AWST NZST NZDT';
const ZONE = `(?:${ZONES.replaceAll(' ', '|')}|[+-]\\d{4}|GMT[+-]\\d{1,2}:\\d{2})`;
const UNTIL = new RegExp(`^\\d{1,4}-\\d{1,2}-\\d{1,2}(?: \\d{1,2}:\\d{1,2}(?: ${ZONE})?)?$`, 'i');

const waitTime: WorkflowRule = {
  id: 'wait-time',
  severity: 'error',
  summary: 'the server cannot read the time of a WAIT',
  reason: 'The server rejects the definition.',
  repair:
    'Write a duration such as "1 days 2 hours 3 minutes 4 seconds" (keep this order; each part is optional) or an until such as "2026-11-21 09:30 UTC". To wait for a signal, write neither.',
  *check(subject) {
    for (const step of ofType(subject, 'WAIT')) {
      const duration = textOf(step.input.duration).trim();
      const until = textOf(step.input.until).trim();
      if (duration !== '' && until !== '') yield at(step, '/inputParameters', 'WAIT has both duration and until');
      if (duration !== '' && !duration.startsWith('${') && !isDuration(duration))
        yield at(step, '/inputParameters/duration', `"${duration}" is not a duration`);
      if (until !== '' && !until.startsWith('${') && !UNTIL.test(until))
        yield at(step, '/inputParameters/until', `"${until}" is not a time`);
      for (const field of ['duration', 'until']) {
        if (typeof step.input[field] === 'object' && step.input[field] !== null)
          yield at(step, `/inputParameters/${field}`, `${field} is not a string`);
      }
    }
  },
};

function isDuration(text: string): boolean {
  const found = DURATION.exec(text);
  return found?.slice(1).every((number) => number === undefined || Number(number) < 2 ** 31) ?? false;
}

const terminateStatus: WorkflowRule = {
  id: 'terminate-status',
  severity: 'error',
  summary: 'a TERMINATE has no valid status, or is optional',
  reason: 'The server rejects the definition. The status cannot be an expression.',
  repair: 'Set terminationStatus to COMPLETED, FAILED or TERMINATED. To choose between them, use a SWITCH.',
  *check(subject) {
    for (const step of ofType(subject, 'TERMINATE')) {
      const status = textOf(step.input.terminationStatus);
      if (!['COMPLETED', 'FAILED', 'TERMINATED'].includes(status)) {
        yield at(
          step,
          '/inputParameters/terminationStatus',
          status === '' ? 'TERMINATE has no terminationStatus' : `terminationStatus is "${status}"`,
        );
      }
      if (step.task.optional === true) yield at(step, '/optional', 'TERMINATE is optional');
    }
  },
};

const dynamicTask: WorkflowRule = {
  id: 'dynamic-task-name',
  severity: 'error',
  summary: 'a DYNAMIC task does not name the task to run',
  reason:
    'Without dynamicTaskNameParam, the server rejects the definition. If the input that dynamicTaskNameParam names is missing, the execution fails.',
  repair: 'Write the name of an input into dynamicTaskNameParam, and the name of a task into that input.',
  *check(subject) {
    for (const step of ofType(subject, 'DYNAMIC')) {
      const name = textOf(step.task.dynamicTaskNameParam);
      if (name === '') yield at(step, '/dynamicTaskNameParam', 'DYNAMIC has no dynamicTaskNameParam');
      else if (!(name in step.input))
        yield at(step, '/inputParameters', `dynamicTaskNameParam names the input "${name}", which does not exist`);
    }
  },
};

const eventSink: WorkflowRule = {
  id: 'event-sink',
  severity: 'error',
  summary: 'an EVENT has no sink',
  reason: 'The server rejects the definition.',
  repair: 'Set sink to "conductor:name".',
  *check(subject) {
    for (const step of ofType(subject, 'EVENT'))
      if (textOf(step.task.sink) === '') yield at(step, '/sink', 'EVENT has no sink');
  },
};

const foreignSink: WorkflowRule = {
  id: 'foreign-sink',
  severity: 'warning',
  summary: 'an EVENT goes to a queue that the server does not have by default',
  reason: 'On a server without that queue, the task fails with "Unknown queue type".',
  repair: 'Use "conductor:name", or configure that queue on the server.',
  *check(subject) {
    for (const step of ofType(subject, 'EVENT')) {
      const sink = textOf(step.task.sink);
      if (sink !== '' && !isDynamic(sink) && !/^conductor(?::|$)/.test(sink))
        yield at(step, '/sink', `The sink is "${sink}"`);
    }
  },
};

const ROLES = ['user', 'assistant', 'system', 'tool_call', 'tool'];

const chatMessage: WorkflowRule = {
  id: 'chat-message',
  severity: 'error',
  summary: 'a chat message does not have the form that the server reads',
  reason: 'The server reads only role and message. The model gets an empty message, or the task fails.',
  repair: 'Write {"role": "user", "message": "…"}. The roles are user, assistant, system, tool_call and tool.',
  *check(subject) {
    for (const step of ofType(subject, 'LLM_CHAT_COMPLETE')) {
      const { messages } = step.input;
      if (!Array.isArray(messages)) continue;
      for (const [index, message] of messages.entries())
        if (isObject(message)) yield* messageProblems(step, index, message);
    }
  },
};

function* messageProblems(step: LintedTask, index: number, message: Record<string, unknown>): Generator<Problem> {
  const field = `/inputParameters/messages/${index}`;
  const role = textOf(message.role);
  if (!isDynamic(role) && !ROLES.includes(role))
    yield at(step, `${field}/role`, role === '' ? 'The message has no role' : `"${role}" is not a role`);
  if (!('content' in message) || 'message' in message) return;
  const pointer = `${step.pointer}${field}`;
  const edits = [{ pointer: `${pointer}/content` }, { pointer: `${pointer}/message`, value: message.content }];
  yield at(step, `${field}${part('content')}`, 'The message has "content", which the server calls "message"', {
    fix: { summary: '"content" becomes "message"', edits },
  });
}

const chatOutputSchema: WorkflowRule = {
  id: 'chat-output-schema',
  severity: 'error',
  summary: 'a model task has an outputSchema',
  reason: 'The task fails with a NullPointerException.',
  repair: 'Set jsonOutput to true, and check the answer in a later task.',
  *check(subject) {
    for (const step of ofType(subject, 'LLM_CHAT_COMPLETE', 'LLM_TEXT_COMPLETE')) {
      if (step.input.outputSchema) yield at(step, '/inputParameters/outputSchema', `${step.type} has an outputSchema`);
    }
  },
};

/** Rules about the inputs that the server's own task types need. */
export const inputRules: readonly WorkflowRule[] = [
  httpRequest,
  inputMissing,
  startWorkflowName,
  waitTime,
  terminateStatus,
  dynamicTask,
  eventSink,
  foreignSink,
  chatMessage,
  chatOutputSchema,
];
