import { z } from 'zod';
import { FleetError } from '../../errors.ts';
import { named } from '../../settings/named.ts';
import type { HttpAnswer } from './transport.ts';

/** The body of every error that the server writes itself. */
const serverErrorSchema = z.looseObject({
  message: z.string().optional(),
  status: z.number().optional(),
  retryable: z.boolean().optional(),
  validationErrors: z.array(z.looseObject({ path: z.string().optional(), message: z.string() })).optional(),
});
type ServerError = z.output<typeof serverErrorSchema>;

/** The error for a request that got no answer in time. The request may still be on its way, and the server may carry it out later. */
export class NoAnswerError extends FleetError {}

/** The error for a server that cannot be reached, or a `NoAnswerError`. */
export function unreachable(
  serverUrl: string,
  why: string,
  { timedOut = false, cause }: { timedOut?: boolean; cause?: unknown } = {},
): FleetError {
  const message = timedOut
    ? `The Conductor server at ${serverUrl} did not answer in time.`
    : `Cannot reach the Conductor server at ${serverUrl} (${why}).`;
  const Kind = timedOut ? NoAnswerError : FleetError;
  return new Kind('upstream', message, {
    remedy: isHere(serverUrl)
      ? `If \`npm start\` or \`fleet server start\` is starting the server, wait until the command says that it is ready. Otherwise start a server, or set ${named('conductorServerUrl')} to a running one.`
      : `If the server is starting or restarting, try again in a minute. Otherwise check that it runs, that this machine can reach it, and that ${named('conductorServerUrl')} is its address.`,
    cause,
  });
}

/** False for a server on another machine or in another container. No command here can start that server. */
function isHere(serverUrl: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(serverUrl).hostname);
}

/** The error for credentials that the server refuses. */
export function denied(message: string, cause: unknown): FleetError {
  return new FleetError('denied', `The Conductor server refused the credentials: ${message}`, {
    remedy: `Check ${named('conductorAuthKey')} and ${named('conductorAuthSecret')}.`,
    cause,
  });
}

/** The error for an answer that is not from the API of a Conductor server. */
export function notConductor(
  serverUrl: string,
  call: string,
  { status, text }: HttpAnswer,
  cause: unknown,
): FleetError {
  const answered = status < 300 ? 'answered' : `answered HTTP ${status}`;
  return new FleetError('upstream', `${call} at ${serverUrl} ${answered} with ${contentOf(text)}.`, {
    remedy: `Check that ${named('conductorServerUrl')} names the API of a Conductor server and that no proxy answers in its place.`,
    cause,
  });
}

function contentOf(text: string): string {
  if (text === '') return 'no text';
  return text.trimStart().startsWith('<') ? 'a web page' : 'text that is not the answer of a Conductor server';
}

/** The error for an answer whose status is 300 or more. */
export function errorOf(serverUrl: string, call: string, answer: HttpAnswer): FleetError {
  const { status } = answer;
  const body = parseJson(answer.text);
  const known = serverErrorSchema.safeParse(body).data ?? {};
  if (!mayBeConductor(status, known)) return notConductor(serverUrl, call, answer, { answer });
  const cause = { status, body };
  const details = known.validationErrors?.map((issue) =>
    [placeOf(issue.path), issue.message].filter(Boolean).join(': '),
  );
  const message = details?.length ? details.join('; ') : (known.message ?? `${call} answered HTTP ${status}`);
  switch (status) {
    case 400:
      return new FleetError('input', message, { cause });
    case 401:
    case 403:
      return denied(message, cause);
    case 404:
      return new FleetError('not-found', message, { cause, ...(isNoPath(message) && { remedy: NO_PATH_REMEDY }) });
    case 409:
      return new FleetError('conflict', message, { cause });
    case 429:
      return new FleetError('upstream', `The Conductor server limits the rate of requests: ${message}`, { cause });
    default:
      if (DISK_FULL.test(message)) return diskFull(serverUrl, message, cause);
      // If the server cannot read the request's body, it answers 500, although the request is wrong. Only the message shows this.
      if (/JSON parse error|not readable/i.test(message)) return new FleetError('input', message, { cause });
      return new FleetError('upstream', message, { retryable: known.retryable ?? status >= 500, cause });
  }
}

/** The words of SQLite, PostgreSQL and Java for a full disk. */
export const DISK_FULL = /SQLITE_FULL|database or disk is full|No space left on device/i;

function diskFull(serverUrl: string, message: string, cause: unknown): FleetError {
  return new FleetError('upstream', `The disk of the Conductor server at ${serverUrl} is full: ${message}`, {
    remedy: 'Free some space on the disk of its database. The executions then continue by themselves.',
    cause,
  });
}

/** True if the server has no such path. Its scheduler, for example, can be off. */
const isNoPath = (message: string) => message.startsWith('No static resource');

const NO_PATH_REMEDY = `This server does not have the path. Check the path in ${named('conductorServerUrl')}, which usually is /api, and the version of the server.`;

/**
 * False if another program wrote the answer. A Conductor server describes each refusal of a request. Proxies in front of it may answer 401,
 * 403, 429 and 5xx with a body of their own.
 */
function mayBeConductor(status: number, { message, status: said, retryable }: ServerError): boolean {
  if (status >= 500 || [401, 403, 429].includes(status)) return true;
  return message !== undefined && (said !== undefined || retryable !== undefined);
}

/** Removes the Java method that the server puts in front of a path: `registerWorkflowDef.arg0.tasks[0]` becomes `tasks[0]`. */
function placeOf(path = ''): string {
  return path.replace(/^\w+\.arg\d+(\[\d+\])?\.?/, '');
}

/** The value of a JSON text, or the text itself if it is not JSON. */
export function parseJson(text: string, parse: (text: string) => unknown = JSON.parse): unknown {
  if (text === '') return undefined;
  try {
    return parse(text);
  } catch {
    return text;
  }
}
