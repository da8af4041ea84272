import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { type Scene, scene } from '../../support/acceptance-scene.ts';
import { acceptanceTasks } from '../../support/worker-command.ts';

const soon = { timeout: 30_000, interval: 5 };
const IDLE_TYPES = 50;
const SAMPLES = 60;
/** Added to the limit, because a busy machine slows both measurements. */
const NOISE_MS = 25;
/** How much longer than with a bare long poll a task may wait in its queue. */
const PICK_UP_MS = 250;

/** A folder with one busy task type and `idle` idle types. */
function tasksDir({ folder }: Scene, idle: number): string {
  const directory = join(folder, `tasks-${idle}`);
  const shared = pathToFileURL(join(acceptanceTasks, 'shared/echo.ts')).href;
  mkdirSync(directory);
  const names = ['busy', ...Array.from({ length: idle }, (_, i) => `idle_${i}`)];
  for (const name of names) {
    const source = `import { echo } from '${shared}';\nexport default echo('${name}');\n`;
    writeFileSync(join(directory, `${name.replaceAll('_', '-')}.ts`), source);
  }
  return directory;
}

/** Measures the time from a handler's end until its result arrives. Returns the 95th percentile in milliseconds. */
async function updateP95({ conductor, give, notes }: Scene): Promise<number> {
  const tasks = [];
  for (let i = 0; i < SAMPLES; i++) {
    const task = give('busy', { value: i });
    await vi.waitFor(() => expect(task.status).toBe('COMPLETED'), soon);
    tasks.push(task);
  }
  const delays = tasks.map(
    ({ taskId }) => (conductor.results(taskId)[0]?.at ?? 0) - (notes('end', { taskId })[0]?.at ?? 0),
  );
  return percentile(delays, 0.95);
}

/** How long it takes until a plain long poll of this process receives a task. A busy machine delays this poll as much as a worker's. */
async function barePickUp({ conductor, give }: Scene): Promise<number> {
  const answered = fetch(`${conductor.url}/tasks/poll/batch/bare?count=1&timeout=5000`)
    .then((response) => response.json())
    .then(() => Date.now());
  await vi.waitFor(() => expect(conductor.openPolls('bare')).toHaveLength(1), soon);
  const { queuedAt } = give('bare');
  return (await answered) - queuedAt;
}

/** Gives a task to a worker. Returns how long it waits until its handler starts, in milliseconds. */
async function pickUp({ give, notes }: Scene, type: string): Promise<number> {
  const task = give(type, { ms: 1 });
  await vi.waitFor(() => expect(notes('end', { taskId: task.taskId })).toHaveLength(1), soon);
  return (notes('start', { taskId: task.taskId })[0]?.at ?? Number.POSITIVE_INFINITY) - task.queuedAt;
}

function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

function percentile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN;
}

describe.concurrent('latency', () => {
  test('7. the 95th percentile of update times stays the same while 50 idle types long-poll (D9)', {
    timeout: 90_000,
    retry: 2, // other programs on the machine can lengthen the times
  }, async () => {
    const p95 = (idle: number) => {
      let measured = Number.NaN;
      const body = async (own: Scene) => {
        await own.start({ tasksDir: tasksDir(own, idle) });
        await vi.waitFor(() => expect(own.conductor.openPolls().length).toBeGreaterThanOrEqual(idle), soon);
        measured = await updateP95(own);
      };
      return scene(body)().then(() => measured);
    };
    const [alone, among] = await Promise.all([p95(0), p95(IDLE_TYPES)]); // both at the same time, so that a busy machine affects both alike
    expect(among).toBeLessThanOrEqual(1.5 * alone + NOISE_MS);
  });

  test(
    '15. with a batch size of 50, a single task on an idle queue waits at most 250 ms longer than for a bare long poll (F2)',
    {
      timeout: 90_000,
      retry: 2, // other programs on the machine can lengthen the times
    },
    scene(async (own) => {
      const { conductor, start } = own;
      await start({ only: ['acceptance_echo'], env: { WORKER_BATCH_SIZE: '50', WORKER_CONCURRENCY: '50' } });
      const ours = [];
      const bare = [];
      for (let i = 0; i < 9; i++) {
        await vi.waitFor(() => expect(conductor.openPolls('acceptance_echo')).toHaveLength(1), soon);
        ours.push(await pickUp(own, 'acceptance_echo'));
        bare.push(await barePickUp(own));
      }
      expect(median(ours), `ours ${ours}, bare ${bare}`).toBeLessThanOrEqual(median(bare) + PICK_UP_MS);
      // A long poll for several tasks waits until the batch is full or its time is over. So no poll may be of this kind.
      expect(
        conductor.polls().filter(({ query }) => Number(query.get('count')) > 1 && query.get('timeout') !== '0'),
      ).toEqual([]);
    }),
  );

  test(
    '15. a task that arrives just after the end of an idle long poll waits at most 250 ms longer than during one',
    {
      timeout: 90_000,
      retry: 2, // other programs on the machine can lengthen the times
    },
    scene(async (own) => {
      const { conductor, start } = own;
      const type = 'acceptance_echo';
      await start({ only: [type], env: { WORKER_BATCH_SIZE: '50' } });
      const ended = () => conductor.polls(type).filter(({ status }) => status === 200).length;
      await pickUp(own, type); // the first task also waits until the code of its handler has run once
      const after = [];
      const during = [];
      for (let i = 0; i < 3; i++) {
        const before = ended();
        await vi.waitFor(() => expect(ended()).toBeGreaterThan(before), soon);
        after.push(await pickUp(own, type));
        await vi.waitFor(() => expect(conductor.openPolls(type)).toHaveLength(1), soon);
        during.push(await pickUp(own, type));
      }
      expect(median(after), `after ${after}, during ${during}`).toBeLessThanOrEqual(median(during) + PICK_UP_MS);
    }),
  );
});
