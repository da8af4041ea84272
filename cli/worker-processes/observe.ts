import type { Conductor } from '../../core/conductor/api.ts';
import type { Config } from '../../core/config.ts';
import type { Logger } from '../../core/log.ts';
import type { Views } from '../../workers/runtime/control/page-server.ts';
import type { Listener } from '../../workers/runtime/events.ts';
import type { Fleet } from '../../workers/runtime/fleet.ts';
import { Metrics } from '../../workers/runtime/observe/metrics.ts';
import { QueueWatch } from '../../workers/runtime/observe/queue-watch.ts';
import { type Scaling, scalingOf } from '../../workers/runtime/observe/scaling.ts';
import type { Tracing } from '../../workers/runtime/observe/tracing.ts';
import type { Interceptor } from '../../workers/runtime/run/runner.ts';

export interface ObserveOptions {
  config: Pick<Config, 'otelEndpoint' | 'otelTracesEndpoint' | 'otelServiceName' | 'workerTraceRatio'>;
  conductor: Conductor;
  log: Logger;
  /** Called for each request of a page. It is a function because the pages are made before the fleet. */
  fleet: () => Fleet;
}

/** Metrics, scaling signal and spans of a worker process. */
export interface Observation {
  views: Required<Omit<Views, 'scaling'>> & { scaling(query?: URLSearchParams): Promise<Scaling> };
  listeners: Listener[];
  /** Absent if no address for spans is configured. */
  intercept: Interceptor | undefined;
  /** The connection for the fleet. It adds trace headers to updates of tasks. */
  conductor: Conductor;
  /** Sends the last spans. Call it after the fleet has stopped. */
  close(): Promise<void>;
}

/** Sets up metrics and the scaling signal. Sets up spans too if an address for them is configured. */
export async function observe({ config, conductor, log, fleet }: ObserveOptions): Promise<Observation> {
  const status = () => fleet().status();
  const names = () => status().types.map(({ name, domain }) => ({ taskType: name, domain }));
  const queues = new QueueWatch({ conductor, queues: names });
  const metrics = new Metrics({ status, queues });
  const tracing = await openTracing(config, log);
  return {
    views: {
      metrics: { contentType: metrics.contentType, text: () => metrics.text() },
      scaling: async (query) => scalingOf(status(), await queues.read(), typesOf(query)),
    },
    listeners: [metrics.listener, ...(tracing ? [tracing.listener] : [])],
    intercept: tracing && ((task, work) => tracing.intercept(task, work)),
    conductor: tracing ? conductor.withTrace((taskId) => tracing.traceparent(taskId)) : conductor,
    close: async () => tracing?.close(),
  };
}

/** OpenTelemetry is loaded only if it is used. */
async function openTracing(config: ObserveOptions['config'], log: Logger): Promise<Tracing | undefined> {
  const { otelEndpoint, otelTracesEndpoint, otelServiceName: serviceName, workerTraceRatio: ratio } = config;
  const url = otelTracesEndpoint ?? (otelEndpoint && `${otelEndpoint}/v1/traces`);
  if (url === undefined) return undefined;
  const { Tracing } = await import('../../workers/runtime/observe/tracing.ts');
  return new Tracing({ url, serviceName, ratio, log });
}

/** `?type=a,b`, also `?type=a&type=b`. */
function typesOf(query: URLSearchParams | undefined): string[] {
  return (query?.getAll('type') ?? []).flatMap((types) => types.split(',')).filter((type) => type !== '');
}
