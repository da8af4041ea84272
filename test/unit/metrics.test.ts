import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { FleetError } from '../../core/errors.ts';
import type { FleetEvent } from '../../workers/runtime/events.ts';
import type { FleetStatus } from '../../workers/runtime/fleet.ts';
import { Metrics } from '../../workers/runtime/observe/metrics.ts';
import type { Queue } from '../../workers/runtime/observe/queue-watch.ts';
import { scalingOf } from '../../workers/runtime/observe/scaling.ts';
import { aTask } from '../support/task.ts';

const type = {
  name: 'probe',
  domain: '',
  state: 'polling',
  running: 2,
  concurrency: 5,
  lastAnswerAt: 1000,
  turnedAt: 0,
};
const status: FleetStatus = {
  workerId: 'here-1',
  state: 'running',
  running: 2,
  concurrency: 10,
  undelivered: 3,
  failing: { polls: false, results: true },
  types: [type, { ...type, name: 'other', domain: 'canary', state: 'paused', running: 0 }] as FleetStatus['types'],
};
const queues: Queue[] = [
  { taskType: 'probe', domain: '', depth: 7, lastPoll: { workerId: 'there-2', at: 5000 } },
  { taskType: 'other', domain: 'canary', depth: 0 },
];
const key = { taskId: 't', workflowId: 'w', taskType: 'probe' };
const task = aTask({ scheduledTime: 1, pollCount: 1 });

/** Returns the lines of the metrics page after these events, without comments. */
async function pageAfter(events: FleetEvent[], read: () => Promise<Queue[]> = async () => queues): Promise<string[]> {
  const metrics = new Metrics({ status: () => status, queues: { read } });
  for (const event of events) metrics.listener(event);
  return (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

const failed = (exception: string): FleetEvent => {
  const outcome = { kind: 'failed' as const, retryable: true, reason: 'card 4111 was refused', exception };
  return { type: 'task-ended', task, outcome, durationMs: 20 };
};

describe('the metrics page', () => {
  test('the page counts polls, starts, ends and results of tasks under the metric names of the SDKs', async () => {
    const lines = await pageAfter([
      { type: 'poll-answered', taskType: 'probe', domain: '', asked: 5, got: 1, durationMs: 4 },
      { type: 'task-started', task, waitedMs: 700 },
      { type: 'task-ended', task, outcome: { kind: 'completed', output: {}, bytes: 120 }, durationMs: 30 },
      { type: 'result-delivered', task: key, tries: 1, durationMs: 6 },
    ]);
    expect(lines).toEqual(
      expect.arrayContaining([
        'task_poll_total{taskType="probe"} 1',
        'task_poll_time_seconds_bucket{le="0.001",taskType="probe",status="SUCCESS"} 0',
        'task_poll_time_seconds_bucket{le="0.005",taskType="probe",status="SUCCESS"} 1',
        'task_poll_time_seconds_bucket{le="+Inf",taskType="probe",status="SUCCESS"} 1',
        'task_execution_started_total{taskType="probe"} 1',
        'task_execute_time_seconds_sum{taskType="probe",status="SUCCESS"} 0.03',
        'task_execute_time_seconds_count{taskType="probe",status="SUCCESS"} 1',
        'task_result_size_bytes_bucket{le="1000",taskType="probe"} 1',
        'task_update_time_seconds_count{taskType="probe",status="SUCCESS"} 1',
        'fleet_task_queue_wait_seconds_bucket{le="0.5",taskType="probe"} 0',
        'fleet_task_queue_wait_seconds_bucket{le="1",taskType="probe"} 1',
        'fleet_tasks_ended_total{taskType="probe",outcome="COMPLETED"} 1',
      ]),
    );
  });

  test('the page counts failed polls, tasks, results and heartbeats', async () => {
    const unreachable = new FleetError('upstream', 'x', {
      cause: Object.assign(new Error('y'), { code: 'ECONNREFUSED' }),
    });
    const lines = await pageAfter([
      { type: 'poll-failed', taskType: 'probe', domain: '', error: unreachable, durationMs: 4 },
      failed('CardDeclined'),
      {
        type: 'result-failed',
        task: key,
        error: new FleetError('upstream', 'x', { cause: { status: 503 } }),
        durationMs: 1,
      },
      { type: 'result-failed', task: { ...key, taskType: '' }, error: null, durationMs: 1 },
      { type: 'result-refused', task: key, error: new FleetError('not-found', 'x') },
      { type: 'result-spooled', task: key },
      { type: 'lease-extended', task: key },
      { type: 'task-recovered', task: key, lateMs: 2_000 },
      { type: 'lease-failed', task: key, error: new FleetError('upstream', 'x') },
      { type: 'task-ended', task, outcome: { kind: 'handed-back' }, durationMs: 1 },
      { type: 'task-ended', task, outcome: { kind: 'cancelled' }, durationMs: 1 },
      { type: 'type-state', taskType: 'probe', domain: '', from: 'idle', to: 'paused' },
      { type: 'breaker', what: 'results', open: true },
    ]);
    expect(lines).toEqual(
      expect.arrayContaining([
        'task_poll_error_total{taskType="probe",exception="ECONNREFUSED"} 1',
        'task_execute_error_total{taskType="probe",exception="CardDeclined"} 1',
        'task_execute_time_seconds_count{taskType="probe",status="FAILURE"} 1',
        'task_update_error_total{taskType="probe",exception="HTTP_503"} 1',
        'task_update_error_total{taskType="unknown",exception="Error"} 1',
        'fleet_results_refused_total{taskType="probe"} 1',
        'fleet_results_spooled_total{taskType="probe"} 1',
        'fleet_lease_extensions_total{taskType="probe"} 1',
        'fleet_tasks_recovered_total{taskType="probe"} 1',
        'fleet_lease_error_total{taskType="probe",exception="upstream"} 1',
        'fleet_tasks_ended_total{taskType="probe",outcome="FAILED"} 1',
        'fleet_tasks_ended_total{taskType="probe",outcome="HANDED_BACK"} 1',
        'fleet_tasks_ended_total{taskType="probe",outcome="CANCELED"} 1',
        'task_paused_total{taskType="probe"} 1',
      ]),
    );
  });

  test('the page shows the current state of the process, its task types and their queues', async () => {
    const lines = await pageAfter([]);
    expect(lines).toEqual(
      expect.arrayContaining([
        'active_workers{taskType="probe"} 2',
        'fleet_tasks_limit{taskType="probe",domain=""} 5',
        'fleet_concurrency 10',
        'fleet_results_undelivered 3',
        'fleet_server_failing{what="polls"} 0',
        'fleet_server_failing{what="results"} 1',
        'fleet_poller_state{taskType="other",domain="canary",state="paused"} 1',
        'fleet_poller_state{taskType="other",domain="canary",state="polling"} 0',
        'fleet_queue_up 1',
        'fleet_queue_depth{taskType="probe",domain=""} 7',
        'fleet_queue_depth{taskType="other",domain="canary"} 0',
        'fleet_queue_polled_timestamp_seconds{taskType="probe",domain=""} 5',
      ]),
    );
    expect(lines.some((line) => line.startsWith('nodejs_eventloop_lag_seconds'))).toBe(true);
    expect(lines.some((line) => line.startsWith('process_cpu_seconds_total'))).toBe(true);
  });

  test('if the server does not answer, the page shows no queue depth', async () => {
    const metrics = new Metrics({
      status: () => status,
      queues: { read: () => (up ? Promise.resolve(queues) : silent()) },
    });
    const silent = () => Promise.reject(new FleetError('upstream', 'away'));
    let up = true;
    expect(await metrics.text()).toContain('fleet_queue_depth{taskType="probe"');
    up = false;
    const page = await metrics.text();
    expect(page).toContain('fleet_queue_up 0');
    expect(page).not.toContain('fleet_queue_depth{');
    expect(page).not.toContain('fleet_queue_polled_timestamp_seconds{');
  });

  test('even if handlers throw arbitrary errors, the number of series is limited and no label contains a message', async () => {
    const lines = await pageAfter([
      ...Array.from({ length: 300 }, (_, i) => failed(`Order${i}Missing`)),
      failed('an error whose name is a sentence with card 4111 in it'),
    ]);
    const errors = lines.filter((line) => line.startsWith('task_execute_error_total'));
    expect(errors).toHaveLength(51);
    expect(errors).toContain('task_execute_error_total{taskType="probe",exception="other"} 251');
    expect(lines.join('\n')).not.toContain('card 4111');
  });

  test('the queue wait excludes the start delay of a task, and is not recorded if it is unknown', async () => {
    const lines = await pageAfter([
      { type: 'task-started', task: aTask({ scheduledTime: 1, startDelayInSeconds: 2 }), waitedMs: 2300 },
      { type: 'task-started', task: aTask({ scheduledTime: 0 }), waitedMs: 1e12 },
      { type: 'task-started', task: aTask({ scheduledTime: 1, pollCount: 2 }), waitedMs: 60_000 },
    ]);
    expect(lines).toContain('fleet_task_queue_wait_seconds_count{taskType="probe"} 1');
    expect(lines.find((line) => line.startsWith('fleet_task_queue_wait_seconds_sum'))).toMatch(/ 0\.3$/);
  });

  test('metrics that the Conductor SDK also has use the names, labels and buckets of the SDK', async () => {
    const sdk = readFileSync(createRequire(import.meta.url).resolve('@io-orkes/conductor-javascript'), 'utf8');
    const declared = new Map(
      [...sdk.matchAll(/\{ name: "(\w+)", help: "[^"]*", labels: (\[[^\]]*\])/g)].map(([, name, labels = '[]']) => [
        name,
        JSON.parse(labels) as string[],
      ]),
    );
    const lines = await pageAfter([
      failed('E'),
      { type: 'poll-failed', taskType: 'probe', domain: '', error: null, durationMs: 4 },
      { type: 'task-started', task, waitedMs: 700 },
      { type: 'task-ended', task, outcome: { kind: 'completed', output: {}, bytes: 120 }, durationMs: 30 },
      { type: 'result-failed', task: key, error: null, durationMs: 6 },
      { type: 'type-state', taskType: 'probe', domain: '', from: 'idle', to: 'paused' },
      { type: 'type-state', taskType: 'probe', domain: '', from: 'idle', to: 'full' },
    ]);
    const ours = lines.flatMap((line) => {
      const [, full = '', labels = ''] = /^((?:task_|active_)\w+)\{(.*)\}/.exec(line) ?? [];
      const name = full.replace(/_(bucket|sum|count)$/, '');
      const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label).filter((label) => label !== 'le');
      return name === '' ? [] : [[name, names] as const];
    });
    expect(new Set(ours.map(([name]) => name)).size).toBe(12);
    for (const [name, labels] of ours) expect([name, declared.get(name)]).toEqual([name, labels]);

    const [, buckets = ''] = /TIME_BUCKETS = (\[[^\]]*\])/.exec(sdk) ?? [];
    const bounds = lines.flatMap((line) => /^task_poll_time_seconds_bucket\{le="([\d.]+)"/.exec(line)?.[1] ?? []);
    expect(bounds.map(Number)).toEqual(JSON.parse(buckets));
  });
});

describe('the scaling signal', () => {
  test('the scaling signal is the number of processes that could run all tasks at once, for each type and in total', () => {
    expect(scalingOf(status, queues)).toEqual({
      total: { queued: 7, running: 2, concurrency: 10, desiredProcesses: 2 },
      types: {
        probe: { queued: 7, running: 2, concurrency: 5, desiredProcesses: 2 },
        other: { queued: 0, running: 0, concurrency: 5, desiredProcesses: 0 },
      },
    });
  });

  test('the scaling signal counts only the requested types, over all their domains', () => {
    const [main] = queues;
    const canary = { taskType: 'probe', domain: 'canary', depth: 40 };
    const { total, types } = scalingOf(status, [...(main ? [main] : []), canary], ['probe']);
    expect(Object.keys(types)).toEqual(['probe']);
    expect(total).toEqual({ queued: 47, running: 2, concurrency: 10, desiredProcesses: 10 });
  });

  test('a requested type that this process does not serve is an error, not zero', () => {
    expect(() => scalingOf(status, queues, ['probe', 'elsewhere'])).toThrow(/does not serve elsewhere/);
  });
});
