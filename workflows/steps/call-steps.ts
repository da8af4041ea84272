import type { TaskDef, WorkflowTask } from '../../core/conductor/types.ts';
import { encodedTwice, httpRequest } from '../dsl/system/http-request.ts';
import { type ChatMessage, chatInput, mcpCallInput } from '../dsl/system/model-inputs.ts';
import * as plain from '../dsl/system/plain-tasks.ts';
import { type Answered, type BuiltStep, open, type StepContext, single } from './step-context.ts';
import type { StepOf } from './step-forms.ts';
import type { Produced } from './step-references.ts';

/** Compiles the steps that are answered from outside the workflow. */

const CONNECT_MS = 5_000;
const HTTP_SECONDS = 30;
const MCP_SECONDS = 60;
const LLM_SECONDS = 120;

export function http(
  { url, method, headers, body, timeoutSeconds, ...step }: StepOf<'http'>,
  at: StepContext,
): BuiltStep {
  const seconds = timeoutSeconds ?? HTTP_SECONDS;
  const refused = encodedTwice(url);
  if (refused === 'braces') at.problem('url', 'it contains braces. Refer to values with ${…}.');
  else if (refused)
    at.problem('url', 'it is already encoded, and the server encodes it again. Write it without encoding.');
  if (!/^(?:https?:\/\/|\$\{)/.test(url)) at.problem('url', 'it must begin with http:// or https://.');
  const connectTimeoutMs = Math.min(CONNECT_MS, seconds * 500);
  const plainRequest = {
    uri: at.text('url', url),
    method,
    headers: headers && at.values('headers', headers),
    body: at.value('body', body),
    // Shorter than the time limit of the attempt, so that the task fails with a reason.
    readTimeoutMs: seconds * 1000 - connectTimeoutMs,
  };
  const request = httpRequest(plainRequest, connectTimeoutMs);
  const response = `${at.id}.output.response`;
  const fields = { body: `${response}.body`, statusCode: `${response}.statusCode`, headers: `${response}.headers` };
  const policy = callPolicy('http', seconds, step.retries);
  return called(at, { type: 'HTTP', policy, input: { http_request: request }, step }, 'http', {
    id: at.id,
    fields,
    whole: fields.body,
  });
}

export function mcpTool(
  { server, tool, headers, timeoutSeconds, ...step }: StepOf<'mcp_tool'>,
  at: StepContext,
): BuiltStep {
  const input = mcpCallInput({
    server: at.text('server', server),
    tool: at.text('tool', tool),
    arguments: at.values('arguments', step.arguments),
    headers: headers && at.values('headers', headers),
  });
  const output = `${at.id}.output`;
  const policy = callPolicy('mcp', timeoutSeconds ?? MCP_SECONDS, step.retries);
  const built = called(at, { type: 'CALL_MCP_TOOL', policy, input, step }, 'mcp_tool', {
    id: at.id,
    fields: {
      text: `${output}.content[0].text`,
      parsed: `${output}.content[0].parsed`,
      content: `${output}.content`,
      isError: `${output}.isError`,
    },
    whole: `${output}.content`,
  });
  return step.optional ? built : { ...built, tasks: [...built.tasks, toolCheck(at)] };
}

/** A task that fails if the tool failed, because the server completes the call even then. */
function toolCheck(at: StepContext): WorkflowTask {
  return plain.inline(
    at.beside('checked'),
    { isError: `\${${at.id}.output.isError}`, content: `\${${at.id}.output.content}` },
    "(function () { if ($.isError === true) { throw new Error('the tool failed: ' + ($.content && $.content[0] ? $.content[0].text : 'no reason given')); } return true; })()",
  );
}

export function llm(
  { provider, model, prompt, system, json, timeoutSeconds, ...step }: StepOf<'llm'>,
  at: StepContext,
): BuiltStep {
  const messages: ChatMessage[] = [
    ...(system === undefined ? [] : [{ role: 'system' as const, message: at.text('system', system) }]),
    { role: 'user', message: at.text('prompt', prompt) },
  ];
  const { maxTokens, temperature } = step;
  const chat = {
    provider: at.text('provider', provider),
    model: at.text('model', model),
    messages,
    maxTokens,
    temperature,
  };
  const input = chatInput(chat, json ? 'json' : 'text');
  const result = `${at.id}.output.result`;
  const policy = callPolicy('llm', timeoutSeconds ?? LLM_SECONDS, step.retries);
  return called(at, { type: 'LLM_CHAT_COMPLETE', policy, input, step }, 'llm', {
    id: at.id,
    fields: { result },
    whole: result,
    rest: result,
  });
}

export function worker({ task, input, optional, example }: StepOf<'worker'>, at: StepContext): BuiltStep {
  if (!/^[\w.-]{1,255}$/.test(task)) at.problem('task', 'use letters, digits, ".", - and _.');
  if (!at.shared.taskDefs.has(task)) at.shared.taskDefs.set(task, workerTaskDef(task));
  const made = { ...plain.task(at.id, 'SIMPLE', at.values('input', input), task), ...(optional && { optional }) };
  at.answered('other', example);
  return single(made, open(at.id));
}

export function workflow({ name, version, input, optional, example }: StepOf<'workflow'>, at: StepContext): BuiltStep {
  const made = {
    ...plain.subWorkflow(at.id, { name, version }, at.values('input', input)),
    ...(optional && { optional }),
  };
  at.answered('other', example);
  return single(made, open(at.id));
}

interface Calling {
  type: string;
  policy: TaskDef;
  input: object;
  step: { retries: number; optional: boolean; example?: unknown };
}

function called(
  at: StepContext,
  { type, policy, input, step }: Calling,
  kind: Answered['kind'],
  produced: Produced,
): BuiltStep {
  at.shared.taskDefs.set(policy.name, policy);
  const { retries, optional, example } = step;
  const task = {
    ...plain.task(at.id, type, input, policy.name),
    // The server ignores `retryCount: 0` in the task definition of some types and retries three times.
    ...(retries === 0 && { retryCount: 0 }),
    ...(optional && { optional }),
  };
  at.answered(kind, example);
  return single(task, produced);
}

/** The retries run after 2, 4, 8… seconds. */
const BACKOFF = { retryLogic: 'EXPONENTIAL_BACKOFF', retryDelaySeconds: 2, timeoutPolicy: 'RETRY' } as const;

/**
 * The task definition for a call that the server makes. Its name contains all its values. So several workflows can share it, and no
 * workflow changes it for another. Without `timeoutSeconds` and RETRY, the call hangs for one hour if the server crashes.
 */
function callPolicy(kind: 'http' | 'mcp' | 'llm', timeoutSeconds: number, retryCount: number): TaskDef {
  return {
    name: `${kind}_${timeoutSeconds}s_${retryCount}_retries`,
    description: `Calls by the server: ${timeoutSeconds} s for an attempt, ${retryCount} retries.`,
    retryCount,
    ...BACKOFF,
    timeoutSeconds,
    responseTimeoutSeconds: timeoutSeconds,
  };
}

/** The task definition for a worker's task that has no task definition yet: 3 retries and a lease of one minute. */
function workerTaskDef(name: string): TaskDef {
  return { name, retryCount: 3, ...BACKOFF, timeoutSeconds: 0, responseTimeoutSeconds: 60 };
}
