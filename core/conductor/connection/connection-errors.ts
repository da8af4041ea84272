import { FleetError } from '../../errors.ts';

/** The error for a server that cannot be reached or does not answer. */
export function unreachable(
  serverUrl: string,
  why: string,
  { timedOut = false, cause }: { timedOut?: boolean; cause?: unknown } = {},
): FleetError {
  const message = timedOut
    ? `The Conductor server at ${serverUrl} did not answer in time.`
    : `Cannot reach the Conductor server at ${serverUrl} (${why}).`;
  return new FleetError('upstream', message, {
    remedy:
      'If `npm start` or `fleet server start` is starting the server, wait until the command says that it is ready. Otherwise start a server, or set CONDUCTOR_SERVER_URL to a running one.',
    cause,
  });
}

/** The error for credentials that the server refuses. */
export function denied(message: string, cause: unknown): FleetError {
  return new FleetError('denied', `The Conductor server refused the credentials: ${message}`, {
    remedy: 'Check CONDUCTOR_AUTH_KEY and CONDUCTOR_AUTH_SECRET.',
    cause,
  });
}
