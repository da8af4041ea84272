import { type Context, context as currentContext, type Span, type SpanOptions, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  type IdGenerator,
  RandomIdGenerator,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { messageOf } from '../../../core/errors.ts';
import type { Logger } from '../../../core/log.ts';
import { endsWithin } from '../../../core/pause.ts';
import { version } from '../../../core/version.ts';

export interface SpansOptions {
  /** The whole address to which spans are sent. */
  url: string;
  serviceName: string;
  /** Share of the traces that are sent, from 0 to 1. */
  ratio: number;
  log: Logger;
}

/** At most this many spans wait while the receiver is slow or away. Further spans are dropped. */
const MOST_WAITING = 8192;

/** How long a stopping process waits until the receiver has accepted its last spans. */
const LAST_SPANS_MS = 3_000;

/** The tracer of a worker process. While it is open, spans that handlers make with `@opentelemetry/api` are sent the same way. */
export class Spans {
  readonly #ids = new KnownIds();
  readonly #provider: TracerProvider;
  readonly #takeBack: () => void;

  constructor({ url, serviceName, ratio, log }: SpansOptions) {
    const attributes = { 'service.name': serviceName, 'service.version': version };
    this.#provider = new TracerProvider({
      resource: defaultResource()
        .merge(detectResources({ detectors: [resourceAttributesEnvDetector] }))
        .merge(resourceFromAttributes(attributes)),
      idGenerator: this.#ids,
      sampler: new TraceIdRatioBasedSampler(ratio), // it decides by the trace id alone, so all processes decide alike
      spanProcessors: [
        new BatchSpanProcessor({ exporter: logging(new OTLPTraceExporter({ url }), log), maxQueueSize: MOST_WAITING }),
      ],
    });
    const isContextOurs = currentContext.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const isTraceOurs = trace.setGlobalTracerProvider(this.#provider);
    this.#takeBack = () => {
      if (isContextOurs) currentContext.disable();
      if (isTraceOurs) trace.disable();
    };
  }

  /** @param id the span's id; default: a random id */
  start(name: string, options: SpanOptions, parent: Context, id?: string): Span {
    this.#ids.next = id;
    return this.#provider.getTracer('conductor-fleet', version).startSpan(name, options, parent);
  }

  /** Sends the remaining spans, and gives up soon if the receiver is away. */
  async close(): Promise<void> {
    this.#takeBack();
    await endsWithin(
      LAST_SPANS_MS,
      this.#provider.shutdown().catch(() => undefined),
    );
  }
}

class KnownIds implements IdGenerator {
  next: string | undefined;
  readonly #random = new RandomIdGenerator();

  generateTraceId(): string {
    return this.#random.generateTraceId();
  }

  generateSpanId(): string {
    const id = this.next ?? this.#random.generateSpanId();
    this.next = undefined;
    return id;
  }
}

/** Wraps an exporter. It logs once when sending fails, and once when sending works again. The SDK itself logs nothing. */
function logging(exporter: SpanExporter, log: Logger): SpanExporter {
  let failing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.code !== 0;
        if (failed && !failing)
          log.warn({ reason: messageOf(result.error) }, 'spans cannot be sent; tasks continue without them');
        if (!failed && failing) log.info('spans are sent again');
        failing = failed;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}
