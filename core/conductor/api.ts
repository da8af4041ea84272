import { z } from 'zod';
import type { Call, Caller } from './caller.ts';
import { type DefinitionCalls, definitionCalls } from './calls/definition-calls.ts';
import { type ExecutionCalls, executionCalls } from './calls/execution-calls.ts';
import { type TaskCalls, type Traceparent, taskCalls } from './calls/task-calls.ts';
import { type TriggerCalls, triggerCalls } from './calls/trigger-calls.ts';

export type { SearchRequest, StartRequest, TestRequest } from './calls/execution-calls.ts';
export type { Limits, PollOptions, Traceparent } from './calls/task-calls.ts';
export type { ScheduleRun } from './calls/trigger-calls.ts';

/** A call of any route, for what has no method of its own. */
export type ApiRequest = Pick<Call<z.ZodType>, 'method' | 'path' | 'params' | 'query' | 'body' | 'answer'>;

/** The calls of the Conductor REST API that the product makes, each parsed at this border. */
export interface Conductor extends DefinitionCalls, ExecutionCalls, TaskCalls, TriggerCalls {
  readonly serverUrl: string;
  /** The server's own version, e.g. `3.32.1`. */
  version(signal?: AbortSignal): Promise<string>;
  /** Any route. Parameters are encoded, so that none of them leaves its place in the path. */
  request(request: ApiRequest): Promise<unknown>;
  /** The same API whose updates carry what `traceparent` knows for their task, by which a server that traces joins in. */
  withTrace(traceparent: Traceparent): Conductor;
  /** The same API whose calls all end when `signal` is aborted. It shares this one's connection; close only this one. */
  withSignal(signal: AbortSignal): Conductor;
  /** The same API without any such signal, to clean up behind a call that was aborted. */
  detached(): Conductor;
  close(): void;
}

/**
 * The API over one caller.
 * @param whole the caller that no signal ends
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
