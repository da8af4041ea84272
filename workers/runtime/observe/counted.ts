import { Counters, type Family, Histograms } from './counters.ts';

/** The buckets that all Conductor SDKs use, so that one dashboard fits workers in any language. */
const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const BYTES = [100, 1e3, 1e4, 1e5, 1e6, 1e7];

/** Buckets for waits in a queue. They include long waits, because tasks may wait for hours. */
const WAITING = [...SECONDS, 30, 60, 300, 1800, 7200];

/** Label for the results of an earlier process: their type is unknown, because it is not written to disk. */
const UNKNOWN_TYPE = 'unknown';

const byType = ['taskType'];
const byException = ['taskType', 'exception'];
const byStatus = ['taskType', 'status'];

/** All counters and histograms. The SDKs also use the names that begin with `task_`. The names that begin with `fleet_` are our own. */
function families() {
  return {
    polls: new Counters('task_poll_total', 'Polls', byType),
    pollErrors: new Counters('task_poll_error_total', 'Polls that failed', byException),
    pollSeconds: new Histograms('task_poll_time_seconds', 'How long polls took', SECONDS, byStatus),
    paused: new Counters('task_paused_total', 'How often a type was paused', byType),
    full: new Counters('task_execution_queue_full_total', 'How often a type had no free slot', byType),
    started: new Counters('task_execution_started_total', 'Tasks whose execution began', byType),
    executeSeconds: new Histograms('task_execute_time_seconds', 'How long handlers ran', SECONDS, byStatus),
    executeErrors: new Counters('task_execute_error_total', 'Tasks that failed', byException),
    resultBytes: new Histograms('task_result_size_bytes', 'Size of outputs as JSON', BYTES, byType),
    updateSeconds: new Histograms('task_update_time_seconds', 'How long it took to send a result', SECONDS, byStatus),
    updateErrors: new Counters('task_update_error_total', 'Results that could not be sent', byException),
    waitSeconds: new Histograms(
      'fleet_task_queue_wait_seconds',
      'How long due tasks waited for a worker',
      WAITING,
      byType,
    ),
    ended: new Counters('fleet_tasks_ended_total', 'Tasks that ended, by outcome', ['taskType', 'outcome']),
    spooled: new Counters('fleet_results_spooled_total', 'Results that were written to disk', byType),
    refused: new Counters(
      'fleet_results_refused_total',
      'Results that the server refused and that are not sent again',
      byType,
    ),
    leases: new Counters('fleet_lease_extensions_total', 'Heartbeats that the server accepted', byType),
    recovered: new Counters(
      'fleet_tasks_recovered_total',
      'Tasks of other processes whose lease was over unnoticed',
      byType,
    ),
    leaseErrors: new Counters('fleet_lease_error_total', 'Heartbeats that failed', byException),
  };
}

/** All counters of a worker process. */
export class Counted {
  readonly #families = families();
  readonly #types = new Map<string, TypeSeries>();

  /** The series of a task type, which are looked up only once. */
  of(taskType: string): TypeSeries {
    const found = this.#types.get(taskType);
    if (found) return found;
    const made = seriesOf(this.#families, taskType || UNKNOWN_TYPE);
    this.#types.set(taskType, made);
    return made;
  }

  countError(of: ErrorFamily, taskType: string, exception: string): void {
    this.#families[of].labels(taskType || UNKNOWN_TYPE, exception).inc();
  }

  all(): Family[] {
    return Object.values(this.#families).map((family) => family.family());
  }
}

type ErrorFamily = 'pollErrors' | 'executeErrors' | 'updateErrors' | 'leaseErrors';
type TypeSeries = ReturnType<typeof seriesOf>;

function seriesOf(of: ReturnType<typeof families>, taskType: string) {
  const byStatusOf = (histograms: Histograms) => ({
    success: histograms.labels(taskType, 'SUCCESS'),
    failure: histograms.labels(taskType, 'FAILURE'),
  });
  return {
    polls: of.polls.labels(taskType),
    pollSeconds: byStatusOf(of.pollSeconds),
    paused: of.paused.labels(taskType),
    full: of.full.labels(taskType),
    started: of.started.labels(taskType),
    executeSeconds: byStatusOf(of.executeSeconds),
    resultBytes: of.resultBytes.labels(taskType),
    updateSeconds: byStatusOf(of.updateSeconds),
    waitSeconds: of.waitSeconds.labels(taskType),
    completed: of.ended.labels(taskType, 'COMPLETED'),
    failed: of.ended.labels(taskType, 'FAILED'),
    failedFinally: of.ended.labels(taskType, 'FAILED_WITH_TERMINAL_ERROR'),
    handedBack: of.ended.labels(taskType, 'HANDED_BACK'),
    cancelled: of.ended.labels(taskType, 'CANCELED'),
    spooled: of.spooled.labels(taskType),
    refused: of.refused.labels(taskType),
    leases: of.leases.labels(taskType),
    recovered: of.recovered.labels(taskType),
  };
}
