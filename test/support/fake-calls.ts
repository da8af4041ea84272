import { FleetError } from '../../core/errors.ts';
import type { FakeConductor, FakeReply, FakeRequest } from './fake-conductor.ts';

type Replies = Record<string, unknown | ((request: FakeRequest) => FakeReply)>;

/** Returns routes with an answer for each `METHOD path`. By default there are no definitions, and task definitions are accepted. */
export function replies(own: Replies): FakeConductor['routes'] {
  const standard: Replies = {
    'GET /api/metadata/workflow/names-and-versions': {},
    'POST /api/metadata/taskdefs': '',
  };
  return (request) => {
    const key = `${request.method} ${request.path}`;
    const found = key in own ? own[key] : standard[key];
    if (found === undefined) return undefined;
    return typeof found === 'function' ? (found as (request: FakeRequest) => FakeReply)(request) : { body: found };
  };
}

/** Returns the requests after the first `before` ones, as `METHOD path`. */
export function madeSince(fake: FakeConductor, before: number): string[] {
  return fake.requests.slice(before).map(({ method, path }) => `${method} ${path}`);
}

/** Returns the error of a call that must fail. */
export async function errorOf(promise: Promise<unknown>): Promise<FleetError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof FleetError) return error;
  throw new Error(`no FleetError: ${String(error)}`);
}

/** Returns routes that answer requests to one path, with any method. */
export const respond =
  (path: string, body: unknown, status = 200): FakeConductor['routes'] =>
  (request) =>
    request.path === path ? { status, body } : undefined;
