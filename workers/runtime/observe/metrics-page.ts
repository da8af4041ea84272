import { AggregatorRegistry, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { FleetStatus } from '../fleet.ts';
import type { TypeState } from '../poll/poller.ts';
import type { Family } from './counters.ts';
import type { Queue } from './queue-watch.ts';

const STATES: readonly TypeState[] = ['idle', 'polling', 'full', 'failing', 'paused', 'draining', 'stopped'];

/** Writes the metrics page: the counters, the state of the fleet now, and prom-client's default metrics of the process. */
export class MetricsPage {
  readonly #registry = new Registry();
  readonly #gauges = gaugesIn(this.#registry);

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** `queues` is undefined if the server did not answer. */
  async text(counted: readonly Family[], status: FleetStatus, queues: readonly Queue[] | undefined): Promise<string> {
    this.#showStatus(status);
    this.#showQueues(queues);
    const pages = [AggregatorRegistry.aggregate([[...counted]]), this.#registry];
    return (await Promise.all(pages.map((page) => page.metrics()))).join('\n');
  }

  #showStatus({ types, concurrency, undelivered, failing }: FleetStatus): void {
    const { active, running, limit, state, answered, ...single } = this.#gauges;
    active.reset();
    for (const type of types) {
      const labels = { taskType: type.name, domain: type.domain };
      active.inc({ taskType: type.name }, type.running);
      running.set(labels, type.running);
      limit.set(labels, type.concurrency);
      answered.set(labels, type.lastAnswerAt / 1000);
      for (const name of STATES) state.set({ ...labels, state: name }, name === type.state ? 1 : 0);
    }
    single.concurrency.set(concurrency);
    single.undelivered.set(undelivered);
    single.failing.set({ what: 'polls' }, failing.polls ? 1 : 0);
    single.failing.set({ what: 'results' }, failing.results ? 1 : 0);
  }

  /** If the queue depths are unknown, the page shows no value, because an old value or 0 would be wrong. */
  #showQueues(queues: readonly Queue[] | undefined): void {
    const { queueUp, depth, polled } = this.#gauges;
    depth.reset();
    polled.reset();
    queueUp.set(queues ? 1 : 0);
    for (const { taskType, domain, depth: tasks, lastPoll } of queues ?? []) {
      depth.set({ taskType, domain }, tasks);
      if (lastPoll) polled.set({ taskType, domain }, lastPoll.at / 1000);
    }
  }
}

/** The metrics whose values are read when the page is requested. */
function gaugesIn(registry: Registry) {
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  return {
    active: gauge('active_workers', 'Tasks that run now, by type', 'taskType'),
    running: gauge('fleet_tasks_running', 'Tasks that run now', 'taskType', 'domain'),
    limit: gauge('fleet_tasks_limit', 'Tasks of a type that may run at once', 'taskType', 'domain'),
    concurrency: gauge('fleet_concurrency', 'Tasks that this process executes at once'),
    undelivered: gauge('fleet_results_undelivered', 'Results that wait for delivery'),
    failing: gauge('fleet_server_failing', '1 while the server fails and no tasks are taken', 'what'),
    state: gauge('fleet_poller_state', '1 for the current state of a poller', 'taskType', 'domain', 'state'),
    answered: gauge(
      'fleet_poller_answered_timestamp_seconds',
      'Last poll that the server answered',
      'taskType',
      'domain',
    ),
    queueUp: gauge(
      'fleet_queue_up',
      '1 if the server reported its queues, else 0 and the metrics of the queues are absent',
    ),
    depth: gauge('fleet_queue_depth', 'Tasks on the server that wait to be polled', 'taskType', 'domain'),
    polled: gauge('fleet_queue_polled_timestamp_seconds', 'Last poll of a queue by any worker', 'taskType', 'domain'),
  };
}
