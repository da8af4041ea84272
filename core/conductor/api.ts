import { z } from 'zod';
import { type DefinitionCalls, definitionCalls } from './calls/definition-calls.ts';
import { type ExecutionCalls, executionCalls } from './calls/execution-calls.ts';
import { type TaskCalls, type Traceparent, taskCalls } from './calls/task-calls.ts';
import { type TriggerCalls, triggerCalls } from './calls/trigger-calls.ts';
import type { Call, Caller } from './connection/caller.ts';

export type { SearchRequest, StartRequest, TestRequest } from './calls/execution-calls.ts';
export type { Limits, PollOptions, Traceparent } from './calls/task-calls.ts';
export type { ScheduleRun } from './calls/trigger-calls.ts';

/** A call of any route, for routes without a method of their own. */
export type ApiRequest = Pick<Call<z.ZodType>, 'method' | 'path' | 'params' | 'query' | 'body' | 'answer'>;

/** The calls of the Conductor REST API that the product makes. Every answer is parsed. */
export interface Conductor extends DefinitionCalls, ExecutionCalls, TaskCalls, TriggerCalls {
  readonly serverUrl: string;
  /** The server's own version, e.g. `3.32.1`. */
  version(signal?: AbortSignal): Promise<string>;
  /** Calls any route. Parameters are encoded, so that none can change the path. */
  request(request: ApiRequest): Promise<unknown>;
  /** The same API. Updates of a task carry the header that `traceparent` gives for it, so that a server with tracing continues the trace. */
  withTrace(traceparent: Traceparent): Conductor;
  /** The same API. All its calls end when `signal` is aborted. It shares this connection, so close only this object. */
  withSignal(signal: AbortSignal): Conductor;
  /** The same API without the signal of `withSignal`, to clean up after a call that was aborted. */
  detached(): Conductor;
  close(): void;
}

/**
 * The API over one caller.
 * @param whole the same caller without a signal
 */
export function createConductor(caller: Caller, traceparent?: Traceparent, whole: Caller = caller): Conductor {
  const { call } = caller;
  return {
    ...definitionCalls(caller),
    ...executionCalls(caller),
    ...taskCalls(caller, traceparent),
    ...triggerCalls(caller),
    serverUrl: caller.serverUrl,
    version: (signal) => call({ method: 'GET', path: '/api/version', answer: z.string().regex(/^\d+\./), signal }),
    request: (request) => call(request),
    withTrace: (known) => createConductor(caller, known, whole),
    detached: () => createConductor(whole, traceparent),
    withSignal: (signal) =>
      createConductor(
        {
          ...caller,
          call: (request) =>
            call({ ...request, signal: request.signal ? AbortSignal.any([request.signal, signal]) : signal }),
        },
        traceparent,
        whole,
      ),
    close: () => caller.close(),
  };
}
