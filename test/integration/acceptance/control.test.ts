import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { scene } from '../../support/acceptance-scene.ts';
import { root } from '../../support/product.ts';

vi.setConfig({ maxConcurrency: 8 }); // These tests mostly wait, so more of them can run at once.

const soon = { timeout: 30_000, interval: 10 };
const ROUNDS = 100;
const CAP = 3;
const PROGRAMS = join(root, 'test/support/acceptance-programs');

describe.concurrent('control', () => {
  test(
    '9. 100 pauses and resumes: the concurrency limit holds exactly, and no task is stranded (D2, D11)',
    {
      timeout: 120_000,
    },
    scene(async ({ conductor, start, give, notes, mostAtOnce }) => {
      const worker = await start({ only: ['acceptance_hold'], env: { WORKER_CONCURRENCY: String(CAP) } });
      const tasks = Array.from({ length: 400 }, () => give('acceptance_hold', { ms: 5 }));
      for (let round = 0; round < ROUNDS; round++) {
        expect((await worker.post('/types/acceptance_hold/pause')).status).toBe(200);
        if (round % 10 === 0) {
          await vi.waitFor(
            () => expect(conductor.tasks().filter(({ status }) => status === 'IN_PROGRESS')).toEqual([]),
            soon,
          );
          const done = notes('start').length;
          expect((await worker.get('/status')).status).toBe(200);
          expect(notes('start')).toHaveLength(done); // no task starts while the type is paused
        }
        expect((await worker.post('/types/acceptance_hold/resume')).status).toBe(200);
        if (round % 3 === 0) await vi.waitFor(() => expect(notes('start').length).toBeGreaterThan(round * 2), soon);
      }
      await vi.waitFor(() => expect(conductor.unfinished()).toEqual([]), soon);
      expect(mostAtOnce()).toBe(CAP);
      expect(notes('start')).toHaveLength(tasks.length);
      expect(tasks.filter(({ status }) => status !== 'COMPLETED')).toEqual([]);
      expect(conductor.openPolls().length).toBeLessThanOrEqual(1); // still one poll loop after 100 resumes
    }),
  );

  test(
    '9. 100 stops and starts: the concurrency limit holds exactly, and no task is stranded (D2, D11)',
    {
      timeout: 120_000,
    },
    scene(async ({ conductor, start, give, notes, mostAtOnce }) => {
      for (let i = 0; i < 2000; i++) give('acceptance_hold', { ms: 2 });
      const program = await start({
        program: join(PROGRAMS, 'restarts.ts'),
        env: { WORKER_CONCURRENCY: String(CAP), WORKER_DRAIN_SECONDS: '10', ROUNDS: String(ROUNDS) },
      });
      expect(await program.ended).toBe(0);
      expect(conductor.tasks().filter(({ status }) => status === 'IN_PROGRESS')).toEqual([]);
      expect(mostAtOnce()).toBe(CAP);
      const done = conductor.tasks().filter(({ status }) => status === 'COMPLETED');
      expect(done.length).toBeGreaterThanOrEqual(ROUNDS);
      expect(notes('start')).toHaveLength(done.length); // no handler of a task that was handed back had begun
      expect(conductor.openPolls()).toEqual([]);
    }),
  );

  test(
    '9. a type is paused during a long poll: a task that this poll still receives is not stranded',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      const worker = await start({ only: ['acceptance_echo', 'acceptance_late'] });
      await vi.waitFor(() => expect(conductor.openPolls('acceptance_echo')).toHaveLength(1), soon);
      await worker.post('/types/acceptance_echo/pause');
      const task = give('acceptance_echo');
      await vi.waitFor(() => expect(conductor.openPolls('acceptance_echo')).toEqual([]), soon);
      await vi.waitFor(() => expect(task.status).not.toBe('IN_PROGRESS'), { timeout: 2000 });
      expect(notes('start')).toEqual([]);
      expect(task.retryCount).toBe(0);
      const other = give('acceptance_late');
      await vi.waitFor(() => expect(other.status).toBe('COMPLETED'), soon);
      const polls = conductor.polls('acceptance_echo').length;
      await worker.post('/types/acceptance_echo/resume');
      await vi.waitFor(() => expect(task.status).toBe('COMPLETED'), { timeout: 1000 });
      expect(conductor.polls('acceptance_echo').length).toBeGreaterThan(polls);
      expect(notes('start', { taskId: task.taskId })).toHaveLength(1);
    }),
  );

  test(
    '9. SIGTERM while all types are paused: the process ends, and no task is stranded',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      const running = give('acceptance_hold', { ms: 1000 });
      const worker = await start({ only: ['acceptance_hold'] });
      await vi.waitFor(() => expect(notes('start')).toHaveLength(1), soon);
      expect((await worker.post('/pause')).status).toBe(200);
      expect(await worker.stop()).toBe(0);
      expect(running.status).toBe('COMPLETED');
      expect(conductor.unfinished()).toEqual([]);
    }),
  );

  test(
    '9. a higher or lower concurrency applies as soon as the control address has answered the request',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, folder, start, give, notes, release, mostAtOnce }) => {
      const running = () => notes('start').length - notes('end').length;
      const early = join(folder, 'early');
      for (let i = 0; i < 6; i++) give('acceptance_hold', { release: early });
      for (let i = 0; i < 6; i++) give('acceptance_hold');
      const worker = await start({ only: ['acceptance_hold'], env: { WORKER_CONCURRENCY: '2' } });
      await vi.waitFor(() => expect(running()).toBe(2), soon);
      expect((await worker.post('/concurrency', { concurrency: 6 })).status).toBe(200);
      await vi.waitFor(() => expect(running()).toBe(6), soon);
      expect((await worker.post('/types/acceptance_hold/concurrency', { concurrency: 1 })).status).toBe(200);
      writeFileSync(early, '');
      await vi.waitFor(() => expect(notes('end')).toHaveLength(6), soon); // all running tasks end first
      await vi.waitFor(() => expect(notes('start')).toHaveLength(7), soon); // then exactly one more task begins
      release();
      await vi.waitFor(() => expect(conductor.unfinished()).toEqual([]), soon);
      expect(mostAtOnce()).toBe(6);
    }),
  );

  test(
    '9. the control address refuses invalid requests, and the worker process keeps working',
    {
      timeout: 90_000,
    },
    scene(async ({ start, give }) => {
      const worker = await start({ only: ['acceptance_echo'] });
      const requests: [string, unknown][] = [
        ['/types/no_such_type/pause', {}],
        ['/types/%2e%2e%2f/pause', {}],
        ['/types/%E0%A4%A/pause', {}],
        ['/concurrency', { concurrency: 0 }],
        ['/concurrency', { concurrency: -1 }],
        ['/concurrency', { concurrency: 'many' }],
        ['/concurrency', {}],
        ['/types/acceptance_echo/concurrency', { concurrency: Number.MAX_SAFE_INTEGER }],
        ['/no/such/thing', {}],
      ];
      const answers = await Promise.all(requests.map(([path, body]) => worker.post(path, body)));
      const wrong = answers.flatMap(({ status }, i) => (status >= 400 && status < 500 ? [] : [[requests[i], status]]));
      expect(wrong).toEqual([]);
      expect((await worker.get('/status')).body).toMatchObject({ state: 'running' });
      const task = give('acceptance_echo');
      await vi.waitFor(() => expect(task.status).toBe('COMPLETED'), soon);
    }),
  );

  test(
    '10. every event listener throws: tasks still end, and all slots are free afterwards (D12)',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes, mostAtOnce }) => {
      const tasks = Array.from({ length: 30 }, (_, i) => give('acceptance_hold', { ms: 5, label: `${i}` }));
      tasks.push(give('acceptance_spoil', { way: 'throws null' }));
      const program = await start({ program: join(PROGRAMS, 'listeners.ts'), env: { WORKER_CONCURRENCY: '2' } });
      await vi.waitFor(() => expect(conductor.unfinished()).toEqual([]), soon);
      expect(program.alive).toBe(true);
      expect(tasks.map(({ status }) => status)).toEqual([...Array(30).fill('COMPLETED'), 'FAILED']);
      expect(mostAtOnce()).toBe(2);
      expect(notes('start')).toHaveLength(31);
      expect(await program.stop()).toBe(0);
      expect(program.output).toContain('slots in use: 0');
      expect(program.output).toMatch(/heard \d{2,} events of \d+ kinds/);
    }),
  );
});
