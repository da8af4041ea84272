import {
  type Attributes,
  type Context,
  context as currentContext,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { z } from 'zod';
import type { Task } from '../../../core/conductor/types.ts';
import { clip } from '../../../core/text.ts';
import type { FleetEvent, Listener, TaskKey } from '../events.ts';
import type { Outcome } from '../run/execute.ts';
import { exceptionOf } from './exception-names.ts';
import { queueWaitMs } from './queue-wait.ts';
import { Spans, type SpansOptions } from './spans.ts';
import { firstSpanIdOf, rootSpanIdOf, taskSpanIdOf, traceIdOf } from './trace-ids.ts';

/** This length is enough to recognise the kind of failure. The server has the whole reason. */
const MAX_REASON_LENGTH = 200;

/**
 * Records two spans for each task of this process. `task <type>` lasts from the start of the handler to its end. Below it, `deliver result`
 * lasts until the server has the result. No span contains inputs or outputs.
 */
export class Tracing {
  readonly #spans: Spans;
  readonly #running = new Map<string, { span: Span; context: Context }>();
  readonly #delivering = new Map<string, Span>();

  constructor(options: SpansOptions) {
    this.#spans = new Spans(options);
  }

  readonly listener: Listener = (event: FleetEvent) => {
    switch (event.type) {
      case 'task-started':
        this.#start(event.task, event.waitedMs);
        break;
      case 'task-ended':
        this.#end(event.task, event.outcome);
        break;
      case 'result-failed':
        this.#delivering.get(event.task.taskId)?.addEvent('not taken', { exception: exceptionOf(event.error) });
        break;
      case 'result-spooled':
        this.#delivering.get(event.task.taskId)?.addEvent('on disk');
        break;
      case 'result-delivered':
        this.#delivered(event.task, event.tries, event.durationMs);
        break;
      case 'result-refused':
        this.#endDelivery(event.task.taskId, `refused: ${exceptionOf(event.error)}`);
        break;
    }
  };

  /** Runs a handler with the span of its task as the current span. */
  intercept<T>(task: Task, work: () => Promise<T>): Promise<T> {
    const context = this.#running.get(task.taskId)?.context;
    return context ? currentContext.with(context, work) : work();
  }

  /** Returns the `traceparent` header for updates of a task of this process. With it, a server with tracing continues the trace. */
  traceparent(taskId: string): string | undefined {
    const span = this.#delivering.get(taskId) ?? this.#running.get(taskId)?.span;
    if (!span) return undefined;
    const { traceId, spanId, traceFlags } = span.spanContext();
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  }

  /** Ends all open spans and sends them. */
  async close(): Promise<void> {
    for (const { span } of this.#running.values()) span.end();
    for (const taskId of this.#delivering.keys()) this.#endDelivery(taskId, 'left for the next process');
    await this.#spans.close();
  }

  #start(task: Task, waitedMs: number): void {
    const parent = contextIn(task.workflowInstanceId, rootSpanIdOf(task.workflowInstanceId));
    const options = { kind: SpanKind.CONSUMER, attributes: attributesOf(task, waitedMs), links: linksOf(task) };
    const span = this.#spans.start(`task ${task.taskType}`, options, parent, taskSpanIdOf(task));
    this.#running.set(task.taskId, { span, context: trace.setSpan(parent, span) });
  }

  #end(task: Task, outcome: Outcome): void {
    const running = this.#running.get(task.taskId);
    if (!running) return;
    this.#running.delete(task.taskId);
    const { span, context } = running;
    span.setAttribute('conductor.task.outcome', outcome.kind);
    if (outcome.kind === 'failed') {
      span.setAttribute('conductor.task.retryable', outcome.retryable);
      span.setStatus({ code: SpanStatusCode.ERROR, message: clip(outcome.reason, MAX_REASON_LENGTH) });
    }
    span.end();
    if (outcome.kind === 'cancelled') return; // there is no result to deliver
    this.#delivering.set(task.taskId, this.#spans.start('deliver result', { kind: SpanKind.CLIENT }, context));
  }

  #delivered({ taskId, workflowId, taskType }: TaskKey, tries: number, durationMs: number): void {
    const isOfEarlierProcess = taskType === '';
    if (isOfEarlierProcess) {
      const parent = contextIn(workflowId, firstSpanIdOf(taskId));
      const options = { kind: SpanKind.CLIENT, startTime: Date.now() - durationMs };
      this.#delivering.set(taskId, this.#spans.start('deliver result', options, parent));
    }
    this.#delivering.get(taskId)?.setAttribute('conductor.result.tries', tries);
    this.#endDelivery(taskId);
  }

  #endDelivery(taskId: string, failure?: string): void {
    const span = this.#delivering.get(taskId);
    if (failure !== undefined) span?.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    span?.end();
    this.#delivering.delete(taskId);
  }
}

function contextIn(workflowId: string, spanId: string): Context {
  const traceId = traceIdOf(workflowId);
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });
}

function attributesOf(task: Task, waitedMs: number): Attributes {
  const waited = queueWaitMs(task, waitedMs);
  return {
    'conductor.workflow.id': task.workflowInstanceId,
    ...(typeof task.workflowType === 'string' && { 'conductor.workflow.type': task.workflowType }),
    'conductor.task.id': task.taskId,
    'conductor.task.type': task.taskType,
    'conductor.task.reference': task.referenceTaskName,
    'conductor.task.attempt': task.retryCount + 1,
    ...(waited !== undefined && { 'conductor.task.queue_wait_ms': Math.round(waited) }),
  };
}

/** Links to the attempt before, to an earlier delivery, and to the caller's span in another trace. */
function linksOf({ taskId, workflowInstanceId, retriedTaskId, pollCount, inputData }: Task): Link[] {
  const traceId = traceIdOf(workflowInstanceId);
  const to = (spanId: string, why: string): Link => ({
    context: { traceId, spanId, traceFlags: TraceFlags.SAMPLED },
    attributes: { 'conductor.link': why },
  });
  return [
    ...(retriedTaskId ? [to(firstSpanIdOf(retriedTaskId), 'previous attempt')] : []),
    ...(pollCount > 1 ? [to(firstSpanIdOf(taskId), 'earlier delivery')] : []),
    ...callersOf(inputData),
  ];
}

/** W3C's `traceparent`. */
const traceparent = z
  .string()
  .regex(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/)
  .transform((text) => text.split('-') as [string, string, string, string]);
const caller = z.union([traceparent, z.looseObject({ traceparent }).transform((holder) => holder.traceparent)]);

function callersOf({ traceparent: direct, _trace_context: held }: Record<string, unknown>): Link[] {
  return [direct, held].flatMap((given) => {
    if (given === undefined) return [];
    const parsed = caller.safeParse(given);
    if (!parsed.success) return [];
    const [, traceId, spanId, flags] = parsed.data;
    const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
    return [{ context, attributes: { 'conductor.link': 'caller' } }];
  });
}
