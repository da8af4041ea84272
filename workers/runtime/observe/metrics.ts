import type { FleetEvent, Listener } from '../events.ts';
import type { FleetStatus } from '../fleet.ts';
import type { Outcome } from '../run/execute.ts';
import { Counted } from './counted.ts';
import { BoundedNames, exceptionOf } from './exception-names.ts';
import type { MetricsPage } from './metrics-page.ts';
import { queueWaitMs } from './queue-wait.ts';
import type { QueueWatch } from './queue-watch.ts';

export interface MetricsOptions {
  status: () => FleetStatus;
  queues: Pick<QueueWatch, 'read'>;
}

/** Counts what happens in a worker process, and writes the counts in Prometheus' format on request. */
export class Metrics {
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';
  readonly #options: MetricsOptions;
  readonly #counted = new Counted();
  readonly #exceptions = new BoundedNames();
  #page: Promise<MetricsPage> | undefined;

  constructor(options: MetricsOptions) {
    this.#options = options;
  }

  /** The first request loads the module of the page. The event loop and the garbage collector are measured from then on. */
  async text(): Promise<string> {
    this.#page ??= import('./metrics-page.ts').then(({ MetricsPage }) => new MetricsPage());
    const page = await this.#page;
    const queues = await this.#options.queues.read().catch(() => undefined);
    return page.text(this.#counted.all(), this.#options.status(), queues);
  }

  readonly listener: Listener = (event: FleetEvent) => {
    switch (event.type) {
      case 'poll-answered':
        this.#countPoll(event.taskType, 'success', event.durationMs);
        break;
      case 'poll-failed':
        this.#countPoll(event.taskType, 'failure', event.durationMs);
        this.#counted.countError('pollErrors', event.taskType, exceptionOf(event.error));
        break;
      case 'type-state':
        if (event.to === 'paused') this.#counted.of(event.taskType).paused.inc();
        if (event.to === 'full') this.#counted.of(event.taskType).full.inc();
        break;
      case 'task-started': {
        const series = this.#counted.of(event.task.taskType);
        const waitedMs = queueWaitMs(event.task, event.waitedMs);
        series.started.inc();
        if (waitedMs !== undefined) series.waitSeconds.observe(waitedMs / 1000);
        break;
      }
      case 'task-ended':
        this.#countEnd(event.task.taskType, event.outcome, event.durationMs / 1000);
        break;
      case 'result-delivered':
        this.#counted.of(event.task.taskType).updateSeconds.success.observe(event.durationMs / 1000);
        break;
      case 'result-failed':
        this.#counted.of(event.task.taskType).updateSeconds.failure.observe(event.durationMs / 1000);
        this.#counted.countError('updateErrors', event.task.taskType, exceptionOf(event.error));
        break;
      case 'result-refused':
        this.#counted.of(event.task.taskType).refused.inc();
        break;
      case 'result-spooled':
        this.#counted.of(event.task.taskType).spooled.inc();
        break;
      case 'lease-extended':
        this.#counted.of(event.task.taskType).leases.inc();
        break;
      case 'task-recovered':
        this.#counted.of(event.task.taskType).recovered.inc();
        break;
      case 'lease-failed':
        this.#counted.countError('leaseErrors', event.task.taskType, exceptionOf(event.error));
        break;
    }
  };

  #countPoll(taskType: string, status: 'success' | 'failure', durationMs: number): void {
    const series = this.#counted.of(taskType);
    series.polls.inc();
    series.pollSeconds[status].observe(durationMs / 1000);
  }

  #countEnd(taskType: string, outcome: Outcome, seconds: number): void {
    const series = this.#counted.of(taskType);
    switch (outcome.kind) {
      case 'completed':
        series.completed.inc();
        series.executeSeconds.success.observe(seconds);
        series.resultBytes.observe(outcome.bytes);
        break;
      case 'failed':
        (outcome.retryable ? series.failed : series.failedFinally).inc();
        series.executeSeconds.failure.observe(seconds);
        this.#counted.countError('executeErrors', taskType, this.#exceptions.of(outcome.exception ?? 'Error'));
        break;
      case 'handed-back':
        series.handedBack.inc();
        break;
      case 'cancelled':
        series.cancelled.inc();
        break;
    }
  }
}
