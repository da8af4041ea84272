import type { Config } from '../../core/config.ts';
import type { Guard, ToolCall, ToolResult } from '../engine/define-tool.ts';
import { authorize } from './authorize.ts';
import { rateLimit } from './rate-limit.ts';
import { responseBudget } from './response-budget.ts';

export interface GuardOptions {
  config: Pick<Config, 'rateLimitRpm' | 'maxResponseSizeKb'>;
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
}

/** Every guard, in the order a call meets them. State is shared by all connections of the process. */
export function createGuards({ config, now }: GuardOptions): readonly Guard[] {
  return [authorize, rateLimit(config.rateLimitRpm, now), responseBudget(config.maxResponseSizeKb * 1024)];
}

/** The guards around a handler as one function. */
export function guarded(
  guards: readonly Guard[],
  handle: (call: ToolCall) => Promise<ToolResult>,
): (call: ToolCall) => Promise<ToolResult> {
  return guards.reduceRight<(call: ToolCall) => Promise<ToolResult>>(
    (next, guard) => (call) => guard(call, () => next(call)),
    handle,
  );
}
