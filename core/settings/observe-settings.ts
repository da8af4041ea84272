import { z } from 'zod';
import { httpUrl, type Setting } from './setting.ts';

export const observeSettings = {
  otelEndpoint: {
    kind: 'text',
    schema: httpUrl.optional(),
    group: 'workers',
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    flag: '--otel-endpoint <url>',
    description:
      'Send OpenTelemetry spans of tasks as JSON to `/v1/traces` of this OTLP/HTTP receiver. Unset: no spans. Headers, certificates and limits are read from the variables that OpenTelemetry defines, such as `OTEL_EXPORTER_OTLP_HEADERS`.',
  },
  otelTracesEndpoint: {
    kind: 'text',
    schema: httpUrl.optional(),
    group: 'workers',
    env: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    flag: '--otel-traces-endpoint <url>',
    description: 'The whole address to send spans to, if it is not `/v1/traces` of `OTEL_EXPORTER_OTLP_ENDPOINT`.',
  },
  otelServiceName: {
    kind: 'text',
    schema: z.string().min(1).default('conductor-fleet'),
    group: 'workers',
    env: 'OTEL_SERVICE_NAME',
    flag: '--otel-service-name <name>',
    description: 'Name of the service in its spans.',
  },
  workerTraceRatio: {
    kind: 'number',
    schema: z.number().min(0).max(1).default(1),
    group: 'workers',
    env: 'WORKER_TRACE_RATIO',
    flag: '--trace-ratio <ratio>',
    description:
      'Share of the executions whose spans are sent, from 0 to 1. All processes send either all spans of an execution or none.',
  },
} as const satisfies Record<string, Setting>;
