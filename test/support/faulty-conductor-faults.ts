import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

export interface Answer {
  status?: number;
  /** A string is sent as text, any other value as JSON. */
  body?: unknown;
}

/**
 * The ways in which a request can fail.
 *
 * With these faults the request is not carried out:
 * `html`, `null`, `object`, `text`, `number`, `empty`, `truncated` or any `{ status, body }`: the client gets this answer.
 * `junk-items`: the answer is a list without any task.
 * `reset`: the connection breaks.
 * `black-hole`: there is no answer.
 * `trickle`: the answer never ends.
 *
 * With these faults the request is carried out first:
 * `lost-answer`: the connection breaks before the answer.
 * `swallowed-answer`: there is no answer, and the connection stays open.
 * `slow-bytes`: the answer arrives in small pieces.
 * `mixed-items`: the answer also contains junk.
 * `too-many`: the answer contains more tasks than requested.
 * `twice`: the answer contains every task twice.
 */
export type Fault =
  | 'html'
  | 'null'
  | 'object'
  | 'text'
  | 'number'
  | 'empty'
  | 'truncated'
  | 'junk-items'
  | 'reset'
  | 'black-hole'
  | 'trickle'
  | 'lost-answer'
  | 'swallowed-answer'
  | 'slow-bytes'
  | 'mixed-items'
  | 'too-many'
  | 'twice'
  | Required<Answer>;

/** The faults with which the request is carried out first. */
const CARRIED_OUT: readonly Fault[] = [
  'lost-answer',
  'swallowed-answer',
  'slow-bytes',
  'mixed-items',
  'too-many',
  'twice',
];

const JSON_TYPE = 'application/json';
const LOGIN_PAGE = '<!doctype html><html><title>Sign in</title><body>Your session has ended.</body></html>';
const JUNK = [null, 7, 'task', [], {}, { taskId: 9 }, { taskId: 'x', status: 'IN_PROGRESS', inputData: 'none' }];
const SLOW_PIECES = 20;
const SLOW_PAUSE_MS = 50;
const TRICKLE_MS = 200;

export function isCarriedOut(fault: Fault | undefined): boolean {
  return fault === undefined || CARRIED_OUT.includes(fault);
}

/** Writes the answer with its fault. Resolves with the status that the client received, if any. */
export async function write(response: ServerResponse, answer: Answer, fault?: Fault): Promise<number | undefined> {
  switch (fault) {
    case 'reset':
    case 'lost-answer':
      response.socket?.resetAndDestroy();
      return undefined;
    case 'black-hole':
    case 'swallowed-answer':
      return undefined;
    case 'trickle':
      return trickle(response);
    case 'slow-bytes':
      return slowly(response, answer);
    default:
      return send(response, faulty(answer, fault));
  }
}

type Sent = Answer & { raw?: string; type?: string };

function faulty(answer: Answer, fault: Exclude<Fault, 'reset'> | undefined): Sent {
  const items = Array.isArray(answer.body) ? answer.body : [];
  switch (fault) {
    case 'html':
      return { raw: LOGIN_PAGE, type: 'text/html; charset=utf-8' };
    case 'null':
      return { raw: 'null' };
    case 'object':
      return { body: { message: 'Service is starting', length: 25 } };
    case 'text':
      return { raw: 'OK', type: 'text/plain' };
    case 'number':
      return { raw: '25' };
    case 'empty':
      return { raw: '' };
    case 'truncated':
      return { raw: '[{"taskId":"1b0c","taskType":"acceptance_echo","inputData":{"val' };
    case 'junk-items':
      return { body: JUNK };
    case 'mixed-items':
      return { ...answer, body: [...JUNK, ...items, ...JUNK] };
    case 'twice':
      return { ...answer, body: [...items, ...items] };
    default:
      return typeof fault === 'object' ? fault : answer;
  }
}

function send(response: ServerResponse, { status = 200, body, raw, type = JSON_TYPE }: Sent): number {
  const text = raw ?? (typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body));
  response.writeHead(status, { 'Content-Type': raw === undefined && typeof body === 'string' ? 'text/plain' : type });
  response.end(text);
  return status;
}

async function slowly(response: ServerResponse, { status = 200, body }: Answer): Promise<number> {
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? '');
  response.writeHead(status, { 'Content-Type': typeof body === 'string' ? 'text/plain' : JSON_TYPE });
  const size = Math.max(1, Math.ceil(text.length / SLOW_PIECES));
  for (let at = 0; at < text.length && !response.destroyed; at += size) {
    response.write(text.slice(at, at + size));
    await pause(SLOW_PAUSE_MS, undefined, { ref: false });
  }
  response.end();
  return status;
}

/** Sends bytes until the client ends the connection. */
async function trickle(response: ServerResponse): Promise<undefined> {
  response.writeHead(200, { 'Content-Type': JSON_TYPE });
  response.write('[');
  while (!response.destroyed) {
    response.write(' ');
    await pause(TRICKLE_MS, undefined, { ref: false });
  }
}
