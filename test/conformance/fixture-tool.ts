import type { InputRequiredResult, JSONObject, Result, ServerContext } from '@modelcontextprotocol/server';
import type { Capabilities } from '../../mcp/engine/client-capabilities.ts';
import type { Changes } from '../../mcp/subscriptions/change-bus.ts';
import type { CreatedTask } from '../../mcp/tasks/tasks-extension.ts';
import type { FixtureTasks } from './fixture-tasks.ts';

/** The context of a fixture's handler. It contains the SDK's own context, because the handlers test the protocol itself. */
export interface FixtureContext extends ServerContext {
  readonly can: Capabilities;
  readonly changes: Changes;
  readonly tasks: FixtureTasks;
}

/** A tool exactly as the conformance suite expects it. */
export interface FixtureTool {
  readonly description: string;
  readonly inputSchema?: JSONObject;
  call(
    args: Record<string, unknown>,
    context: FixtureContext,
  ): Promise<Result | InputRequiredResult | CreatedTask> | Result | InputRequiredResult | CreatedTask;
}

/** Text content as a result. */
export function textResult(text: string): Result {
  return { content: [{ type: 'text', text }] };
}

/** The smallest possible picture: one red pixel. */
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';

/** The smallest possible sound file: a header without samples. */
export const WAV = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';
