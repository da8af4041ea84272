import { taskType } from '../../../core/conductor/task-types.ts';
import { isObject } from '../../../core/json.ts';
import type { Problem, WorkflowRule } from '../rule.ts';
import type { Known } from '../subject.ts';
import { at, isDynamic, objectOf, ofType, part, type Step, taskDefOf, textOf } from '../subject.ts';

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'];

/** The inputs of a task with those its task definition adds. */
function inputOf(step: Step, known: Known): Readonly<Record<string, unknown>> {
  return { ...objectOf(taskDefOf(step, known)?.inputTemplate), ...step.input };
}

const httpRequest: WorkflowRule = {
  id: 'http-request',
  severity: 'error',
  summary: 'an HTTP task without address or method',
  reason:
    'The server refuses a task without any request, and fails one without method ("No HTTP method specified") or uri.',
  repair: 'Write inputParameters.http_request with uri and method (GET, POST, …).',
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
        yield at(step, `${field}/method`, `"${method}" is no method of HTTP`);
    }
  },
};

const inputMissing: WorkflowRule = {
  id: 'input-missing',
  severity: 'error',
  summary: 'a task of the server without an input that its type needs',
  reason: 'The server refuses the definition, or fails the task when it comes to it.',
  repair: 'Add the input.',
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
  summary: 'a task that starts a workflow without saying which',
  reason:
    'The server refuses SUB_WORKFLOW without subWorkflowParam, and cannot start or fails the execution without a name.',
  repair: 'Name it: subWorkflowParam.name, or startWorkflow.name.',
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
/** Names of zones that the server was seen to read; an offset can be written for every other one. */
const ZONES =
  'UTC GMT CET CEST EET EEST WET WEST MSK EST EDT CST CDT MST MDT PST PDT AKST AKDT HST JST KST HKT IST BST SAST AEST AEDT ACST AWST NZST NZDT';
const ZONE = `(?:${ZONES.replaceAll(' ', '|')}|[+-]\\d{4}|GMT[+-]\\d{1,2}:\\d{2})`;
const UNTIL = new RegExp(`^\\d{1,4}-\\d{1,2}-\\d{1,2}(?: \\d{1,2}:\\d{1,2}(?: ${ZONE})?)?$`, 'i');

const waitTime: WorkflowRule = {
  id: 'wait-time',
  severity: 'error',
  summary: 'a WAIT whose time cannot be read',
  reason: 'The server refuses it.',
  repair:
    'duration: "1 days 2 hours 3 minutes 4 seconds", in this order, any of them; until: "2026-11-21 09:30 UTC". One of the two, or none to wait for a signal.',
  *check(subject) {
    for (const step of ofType(subject, 'WAIT')) {
      const duration = textOf(step.input.duration).trim();
      const until = textOf(step.input.until).trim();
      if (duration !== '' && until !== '') yield at(step, '/inputParameters', 'WAIT has duration and until');
      if (duration !== '' && !duration.startsWith('${') && !isDuration(duration))
        yield at(step, '/inputParameters/duration', `"${duration}" is no duration`);
      if (until !== '' && !until.startsWith('${') && !UNTIL.test(until))
        yield at(step, '/inputParameters/until', `"${until}" is no time`);
      for (const field of ['duration', 'until']) {
        if (typeof step.input[field] === 'object' && step.input[field] !== null)
          yield at(step, `/inputParameters/${field}`, `${field} is no text`);
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
  summary: 'a TERMINATE without a status, or an optional one',
  reason: 'The server refuses it; the status cannot be an expression either.',
  repair: 'Set terminationStatus to COMPLETED, FAILED or TERMINATED; choose between them with a SWITCH.',
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
  summary: 'a DYNAMIC task that is not told which task it is',
  reason:
    'The server refuses it without dynamicTaskNameParam, and fails the execution if the input of that name is missing.',
  repair: 'Name an input in dynamicTaskNameParam, and give that input the name of a task.',
  *check(subject) {
    for (const step of ofType(subject, 'DYNAMIC')) {
      const name = textOf(step.task.dynamicTaskNameParam);
      if (name === '') yield at(step, '/dynamicTaskNameParam', 'DYNAMIC has no dynamicTaskNameParam');
      else if (!(name in step.input))
        yield at(step, '/inputParameters', `There is no input "${name}", which dynamicTaskNameParam names`);
    }
  },
};

const eventSink: WorkflowRule = {
  id: 'event-sink',
  severity: 'error',
  summary: 'an EVENT without a sink',
  reason: 'The server refuses it.',
  repair: 'Set sink to "conductor:name".',
  *check(subject) {
    for (const step of ofType(subject, 'EVENT'))
      if (textOf(step.task.sink) === '') yield at(step, '/sink', 'EVENT has no sink');
  },
};

const foreignSink: WorkflowRule = {
  id: 'foreign-sink',
  severity: 'warning',
  summary: 'an EVENT for a queue that the server does not have by itself',
  reason: 'The task fails with "Unknown queue type" on a server that is not set up for it.',
  repair: 'Use "conductor:name", or make sure that the server has that queue.',
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
  summary: 'a message for a model in another form than the server knows',
  reason:
    'The server reads role and message and drops what it does not know: the model gets an empty message, or the task fails.',
  repair: 'Write {"role": "user", "message": "…"}; roles are user, assistant, system, tool_call and tool.',
  *check(subject) {
    for (const step of ofType(subject, 'LLM_CHAT_COMPLETE')) {
      const { messages } = step.input;
      if (!Array.isArray(messages)) continue;
      for (const [index, message] of messages.entries())
        if (isObject(message)) yield* messageProblems(step, index, message);
    }
  },
};

function* messageProblems(step: Step, index: number, message: Record<string, unknown>): Generator<Problem> {
  const field = `/inputParameters/messages/${index}`;
  const role = textOf(message.role);
  if (!isDynamic(role) && !ROLES.includes(role))
    yield at(step, `${field}/role`, role === '' ? 'The message has no role' : `"${role}" is no role`);
  if (!('content' in message) || 'message' in message) return;
  const pointer = `${step.pointer}${field}`;
  const edits = [{ pointer: `${pointer}/content` }, { pointer: `${pointer}/message`, value: message.content }];
  yield at(step, `${field}${part('content')}`, 'The text of the message is called "content"', {
    fix: { summary: '"content" becomes "message"', edits },
  });
}

const chatOutputSchema: WorkflowRule = {
  id: 'chat-output-schema',
  severity: 'error',
  summary: 'outputSchema for a model',
  reason: 'The task fails with a NullPointerException.',
  repair: 'Set jsonOutput to true, and check the answer in a task of your own.',
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
