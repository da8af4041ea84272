import { z } from 'zod';
import { type DefinitionCalls, definitionCalls } from './calls/definition-calls.ts';
import { type ExecutionCalls, executionCalls } from './calls/execution-calls.ts';
import { type TaskCalls, type Traceparent, taskCalls } from './calls/task-calls.ts';
import { type TriggerCalls, triggerCalls } from './calls/trigger-calls.ts';
import type { Call, Caller } from './connection/caller.ts';

export type { SearchRequest, StartRequest, TestRequest } from './calls/execution-calls.ts';
export type { Limits, PollOptions, Traceparent } from './calls/task-calls.ts';
export type { ScheduleRun } from './calls/trigger-calls.ts';

/** A call to any route of the server. It is for routes without a method below. */
export type ApiRequest = Pick<Call<z.ZodType>, 'method' | 'path' | 'params' | 'query' | 'body' | 'answer'>;

/** The calls that this product makes to the Conductor REST API. Every answer is parsed. */
export interface Conductor extends DefinitionCalls, ExecutionCalls, TaskCalls, TriggerCalls {
  readonly serverUrl: string;
  /** The server's own version: three numbers with dots. */
  version(signal?: AbortSignal): Promise<string>;
  /** Calls any route. Parameters are encoded, so that no parameter can change the path. */
  request(request: ApiRequest): Promise<unknown>;
  /**
   * Returns the same API, which sends the header of `traceparent` with each update of a task. A server with tracing then continues the
   * trace.
   */
  withTrace(traceparent: Traceparent): Conductor;
  /** Returns the same API, whose calls all end when `signal` is aborted. Both use one connection: close only the original API. */
  withSignal(signal: AbortSignal): Conductor;
  /** Returns the same API without the signal of `withSignal`, to clean up after an aborted call. */
  detached(): Conductor;
  close(): void;
}

/** Builds the API on a caller. @param whole the same caller without a signal, for `detached` */
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
