import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { serveViews } from '../../workers/runtime/control/page-server.ts';
import { QueueWatch } from '../../workers/runtime/observe/queue-watch.ts';
import { freePort } from '../support/free-port.ts';
import {
  CARD,
  fake,
  fakeApi,
  hasResults,
  observed,
  queued,
  queuedTask,
  receiver,
  sizes,
  traceId,
  workflowId,
} from '../support/observed-scene.ts';
import chargeCard from '../support/observed-tasks/charge-card.ts';
import { root, startFleetCommand } from '../support/product.ts';

describe('queues', () => {
  const names = [
    { taskType: 'charge_card', domain: '' },
    { taskType: 'charge_card', domain: 'canary' },
    { taskType: 'ship', domain: '' },
  ];
  const watch = () => new QueueWatch({ conductor: fakeApi(), queues: () => names });

  test('the depths of all queues need two requests for any number of readers, and none without a reader', async () => {
    Object.assign(sizes, { charge_card: 7, 'canary:charge_card': 2 });
    const queues = watch();
    expect(fake.requests).toHaveLength(0);
    const [read] = await Promise.all([queues.read(), queues.read()]);
    await queues.read();
    const lastPoll = { workerId: 'elsewhere-7', at: 1_700_000_000_000 };
    expect(read).toEqual([
      { taskType: 'charge_card', domain: '', depth: 7, lastPoll },
      { taskType: 'charge_card', domain: 'canary', depth: 2, lastPoll },
      { taskType: 'ship', domain: '', depth: 0 },
    ]);
    expect(fake.requests.map(({ path }) => path).sort()).toEqual([
      '/api/tasks/queue/polldata/all',
      '/api/tasks/queue/sizes',
    ]);
  });

  test('a second read soon after a failed one sends no further requests', async () => {
    fake.fault = 'error-500';
    const queues = watch();
    await expect(queues.read()).rejects.toThrow();
    await expect(queues.read()).rejects.toThrow();
    expect(fake.requests.length).toBeLessThanOrEqual(2);
  });

  test('if the server does not answer, the metrics page has no queue depths and the scaling signal fails', async () => {
    const { observation, fleet } = await observed([chargeCard]);
    fake.faultAt = ({ path }) => path.startsWith('/api/tasks/queue/');
    fake.fault = 'hang-up';
    const page = await observation.views.metrics.text();
    expect(page).toContain('fleet_queue_up 0');
    expect(page).not.toContain('fleet_queue_depth{');
    const served = { host: '127.0.0.1', port: 0, flag: '--health-port', fleet: () => fleet };
    const { url, close } = await serveViews({ ...served, views: observation.views });
    expect((await fetch(`${url}/scaling`)).status).toBe(500);
    await close();
  });
});

/** A Node flag that lets a process write to stderr which of these packages it loads. */
const TELLS_PACKAGES = `--import=data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  import { writeSync } from 'node:fs';
  registerHooks({
    resolve(name, context, next) {
      const found = next(name, context);
      const [, packageName] = /node_modules\\/(@opentelemetry\\/[a-z-]+|prom-client)\\//.exec(found.url) ?? [];
      if (packageName) writeSync(2, 'loads ' + packageName + '\\n');
      return found;
    },
  });`)}`;

describe('a worker process', () => {
  const settings = () => ({
    CONDUCTOR_SERVER_URL: fake.url,
    TASKS_DIR: join(root, 'test/support/observed-tasks'),
    NODE_OPTIONS: TELLS_PACKAGES,
    LOG_LEVEL: 'trace',
    WORKER_POLL_INTERVAL_MS: '5',
  });

  test('a worker process loads metrics and tracing only if they are used, and never exposes task inputs or outputs', async () => {
    sizes.charge_card = 120;
    queued.charge_card = [
      queuedTask('charge_card', 'a'),
      queuedTask('charge_card', 'b', { inputData: { fail: true }, retryCount: 2 }),
    ];
    const port = String(await freePort());
    const worker = startFleetCommand(['work'], { ...settings(), WORKER_HEALTH_PORT: port });
    let output = '';
    worker.child.stderr?.on('data', (chunk) => {
      output += chunk;
    });
    await worker.says(/serves 1 task type of/);
    await hasResults(2);
    expect(output).not.toContain('loads ');

    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(page).toContain('fleet_tasks_ended_total{taskType="charge_card",outcome="COMPLETED"} 1');
    expect(page).toContain('fleet_queue_depth{taskType="charge_card",domain=""} 120');
    const scaling = await (await fetch(`http://127.0.0.1:${port}/scaling`)).json();
    expect(scaling).toMatchObject({ total: { queued: 120, concurrency: 50, desiredProcesses: 3 } });
    expect(output).toContain('loads prom-client');

    worker.child.kill('SIGTERM');
    const { code } = await worker.ended;
    expect(code).toBe(0);
    expect(output).not.toContain('loads @opentelemetry/sdk-trace');
    expect(page + output).not.toContain(CARD);

    const lines = output.split('\n').filter((line) => line.startsWith('{'));
    const aboutTasks = lines.map((line) => JSON.parse(line)).filter(({ msg }) => /charging|task /.test(msg));
    expect(aboutTasks).toHaveLength(4);
    for (const line of aboutTasks) {
      const attempt = line.taskId === 'a' ? 1 : 3;
      expect(line).toMatchObject({ workflowId, taskType: 'charge_card', attempt });
    }
  });

  test('a worker process sends spans to the configured receiver, and ends in time if the receiver does not answer', async () => {
    queued.charge_card = [queuedTask('charge_card', 'a')];
    const sending = startFleetCommand(['work'], { ...settings(), OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    await hasResults(1);
    sending.child.kill('SIGTERM');
    expect((await sending.ended).code).toBe(0);
    expect((await receiver.named('task charge_card'))[0]).toMatchObject({ traceId });

    queued.charge_card = [queuedTask('charge_card', 'b')];
    const nobody = 'http://127.0.0.1:9';
    const failing = startFleetCommand(['work'], { ...settings(), OTEL_EXPORTER_OTLP_ENDPOINT: nobody });
    await hasResults(2);
    const stoppedAt = performance.now();
    failing.child.kill('SIGTERM');
    expect((await failing.ended).code).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(8_000);
  });
});

describe('the examples of deploy/', () => {
  test('the examples name only metrics that exist', async () => {
    const { observation } = await observed([chargeCard]);
    const page = await observation.views.metrics.text();
    const names = new Set([...page.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
    const files = globSync('deploy/{keda,prometheus}/*.yaml', { cwd: root });
    expect(files).toHaveLength(4);
    for (const file of files) {
      const text = readFileSync(join(root, file), 'utf8');
      const used = [...text.matchAll(/\b(?:fleet|task|active)_\w+/g)].map(([name]) =>
        name.replace(/_(bucket|sum|count)$/, ''),
      );
      expect([file, used.filter((name) => !names.has(name))]).toEqual([file, []]);
      const [, location] = /valueLocation: (\S+)/.exec(text) ?? [];
      const value = location
        ?.split('.')
        .reduce<unknown>((held, key) => (held as Record<string, unknown>)[key], await observation.views.scaling());
      if (location) expect(value).toBe(0);
    }
  });
});

describe('the scaling signal', () => {
  test('the scaling signal can be restricted to given types, and refuses unknown types', async () => {
    sizes.ship = 60;
    const { observation, fleet } = await observed([chargeCard, { ...chargeCard, name: 'ship' }]);
    const pages = { host: '127.0.0.1', port: 0, flag: '--health-port', fleet: () => fleet, views: observation.views };
    const { url, close } = await serveViews(pages);
    const ship = { queued: 60, running: 0, concurrency: 50, desiredProcesses: 2 };
    expect(await (await fetch(`${url}/scaling?type=ship`)).json()).toEqual({ total: ship, types: { ship } });
    expect((await fetch(`${url}/scaling?type=ship,gone`)).status).toBe(404);
    await close();
  });
});
