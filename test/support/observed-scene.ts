import { afterEach, beforeEach, vi } from 'vitest';
import { type Observation, observe } from '../../cli/worker-processes/observe.ts';
import { type Conductor, createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { loadConfig } from '../../core/config.ts';
import type { Worker } from '../../core/contract.ts';
import { silentLogger } from '../../core/log.ts';
import { type Fleet, startFleet } from '../../workers/runtime/fleet.ts';
import { type FakeConductor, type FakeRequest, startFakeConductor } from './fake-conductor.ts';
import { OtlpReceiver } from './otlp-receiver.ts';

export const workflowId = 'c4b34696-6f6f-4189-9d16-e1d94ded65ba';
export const traceId = workflowId.replaceAll('-', '');
/** Every task input contains this text, so a test can check that no input is exposed. */
export const CARD = '4111-1111';

/** The fake server and the receiver of the current test. */
export let fake: FakeConductor;
export let receiver: OtlpReceiver;
/** The queued tasks, by task type. */
export let queued: Record<string, object[]>;
export let results: Record<string, unknown>[];
/** The queue depths that the fake server returns, by queue. */
export let sizes: Record<string, number>;
const opened: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  fake = await startFakeConductor();
  receiver = await OtlpReceiver.start();
  queued = {};
  results = [];
  sizes = {};
  fake.routes = routes;
});

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
  await receiver.close();
  await fake.close();
});

export function routes({ method, path, query, body }: FakeRequest) {
  if (path.startsWith('/api/tasks/poll/batch/')) {
    return { body: (queued[path.split('/').at(-1) ?? ''] ?? []).splice(0, Number(query.get('count'))) };
  }
  if (path === '/api/tasks/queue/sizes') {
    return { body: Object.fromEntries(query.getAll('taskType').map((name) => [name, sizes[name] ?? 0])) };
  }
  if (path === '/api/tasks/queue/polldata/all') {
    const polled = { workerId: 'elsewhere-7', lastPollTime: 1_700_000_000_000 };
    return {
      body: [
        { ...polled, queueName: 'charge_card' },
        { ...polled, queueName: 'charge_card', domain: 'canary' },
      ],
    };
  }
  if (method === 'POST' && path === '/api/tasks') {
    const result = body as Record<string, unknown>;
    results.push(result);
    return { body: result.taskId };
  }
  return undefined;
}

export function queuedTask(taskType: string, taskId: string, fields: Record<string, unknown> = {}): object {
  const task = { taskId, taskType, referenceTaskName: `${taskType}_ref`, workflowInstanceId: workflowId };
  const { inputData = {}, ...others } = fields;
  return {
    ...task,
    status: 'IN_PROGRESS',
    pollCount: 1,
    ...others,
    inputData: { card: CARD, ...(inputData as object) },
  };
}

interface Observed {
  fleet: Fleet;
  observation: Observation;
  stop(): Promise<void>;
}

/** Starts a worker runtime with metrics and tracing, as `fleet work` does. */
export async function observed(workers: Worker[], flags: Record<string, unknown> = {}): Promise<Observed> {
  const { config } = loadConfig({ env: {}, flags: { workerPollIntervalMs: 5, ...flags } });
  const conductor = fakeApi();
  const observation = await observe({ config, conductor, log: silentLogger, fleet: () => fleet });
  const settings = { shopUrl: 'http://shop', filesRoot: '.', outputDir: '.' };
  const { listeners, intercept, conductor: traced } = observation;
  const fleet = startFleet({ workers, conductor: traced, config, settings, log: silentLogger, listeners, intercept });
  const stop = async () => {
    await fleet.stop();
    await observation.close();
  };
  opened.push(stop);
  return { fleet, observation, stop };
}

/** Returns a client for the fake server. */
export function fakeApi(): Conductor {
  const { config } = loadConfig({ env: {} });
  return createConductor(createCaller({ ...config, conductorServerUrl: fake.url }));
}

export async function hasResults(count: number): Promise<void> {
  await vi.waitUntil(() => results.length >= count, { timeout: 30_000, interval: 5 });
}
