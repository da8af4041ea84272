import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/client.ts';
import { FleetError } from '../../core/errors.ts';
import type { Tool, ToolContext } from '../../mcp/define.ts';
import type { FakeConductor, FakeReply, FakeRequest } from './fake-conductor.ts';
import { toolContext } from './tool-calls.ts';

/** Calls a tool's handler as the server would, on a client of the fake. */
export async function callTool(
  fake: FakeConductor,
  tool: Tool,
  args: Record<string, unknown>,
  changes: Partial<ToolContext> = {},
): Promise<{ text: string; structured: Record<string, unknown> }> {
  const config = { conductorServerUrl: fake.url, conductorAuthKey: undefined, conductorAuthSecret: undefined };
  const conductor = createConductor(createCaller({ ...config, requestTimeoutMs: 2000 }));
  const { signal = new AbortController().signal } = changes;
  const context = toolContext(conductor.withSignal(signal), { signal, ...changes });
  const answer = await tool.handle(tool.input.parse(args), context);
  return { text: answer.text, structured: tool.output.parse(answer.structured) as Record<string, unknown> };
}

type Replies = Record<string, unknown | ((request: FakeRequest) => FakeReply)>;

/** Answers by `METHOD path`, over a server that has no definitions and takes whatever it is sent. */
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

/** The requests after the first `before`, as `METHOD path`. */
export function madeSince(fake: FakeConductor, before: number): string[] {
  return fake.requests.slice(before).map(({ method, path }) => `${method} ${path}`);
}

/** The error that a call ends with. */
export async function errorOf(promise: Promise<unknown>): Promise<FleetError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof FleetError) return error;
  throw new Error(`no FleetError: ${String(error)}`);
}
