import type { WorkflowTask } from '../../core/conductor/types.ts';
import type { Ref, Wired } from './refs.ts';

/** Limits that Conductor sets to 3 s each if they are not given. */
const CONNECT_TIMEOUT_MS = 5_000;
const READ_TIMEOUT_MS = 25_000;

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  uri: Wired<string>;
  headers?: Record<string, Wired<string>>;
  body?: Wired<unknown>;
  /** Longest silence while reading the answer, in milliseconds. Default 25,000. */
  readTimeoutMs?: number;
}

/** The server re-sends once on 503, POST too: whatever is called has to bear a repetition. */
export function httpRequest({ method, uri, headers, body, readTimeoutMs = READ_TIMEOUT_MS }: HttpRequest): object {
  return {
    uri,
    method,
    ...(headers && { headers }),
    ...(body !== undefined && { body, contentType: 'application/json' }),
    accept: 'application/json',
    connectionTimeOut: CONNECT_TIMEOUT_MS,
    readTimeOut: readTimeoutMs,
  };
}

/** A task with nothing but its type. */
export function plain(ref: string, type: string): WorkflowTask {
  return { name: ref, taskReferenceName: ref, type, inputParameters: {} };
}

/** `value-param` compares the text of the value: 200 chooses the case "200". */
export function switchTask(ref: string, on: Ref<unknown>): WorkflowTask {
  return { ...plain(ref, 'SWITCH'), evaluatorType: 'value-param', expression: 'on', inputParameters: { on } };
}

/** The condition counts the rounds itself, so that no script can make a loop without end. */
export function loopTask(ref: string, rounds: number, until: string, inputs: object): WorkflowTask {
  return {
    ...plain(ref, 'DO_WHILE'),
    inputParameters: { ...inputs },
    loopCondition: `if ($.${ref}['iteration'] < ${rounds} && !(${until})) { true; } else { false; }`,
  };
}

export interface Chat {
  provider: Wired<string>;
  model: Wired<string>;
  messages: { role: 'system' | 'user' | 'assistant'; message: Wired<string> }[];
  temperature?: number;
  maxTokens?: number;
}

export function chatInput({ provider, model, messages, temperature = 0, maxTokens = 1_000 }: Chat): object {
  return { llmProvider: provider, model, messages, temperature, maxTokens, jsonOutput: true };
}
