import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Execution, WorkflowStatus } from '../../core/conductor/types.ts';
import { type Standing, waitForEnd } from '../../core/conductor/wait-for-end.ts';
import { FleetError } from '../../core/errors.ts';

type Look = WorkflowStatus | FleetError;

/** Returns a fake server that answers with these states one after another, then repeats the last one. */
function serverWith(...looks: Look[]) {
  const calls = { status: 0, execution: 0 };
  const next = () => {
    const look = looks.length > 1 ? looks.shift() : looks[0];
    if (look instanceof FleetError) throw look;
    return { workflowId: 'x', status: look, tasks: [], output: {} } as unknown as Execution; // has only the fields that waitForEnd reads
  };
  const conductor = {
    async getStatus() {
      calls.status++;
      return next() as never;
    },
    async getExecution() {
      calls.execution++;
      return next();
    },
  };
  return { conductor, calls };
}

const away = () => new FleetError('upstream', 'away');

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function settled<T>(ms: number, wait: Promise<T>): Promise<T> {
  wait.catch(() => {}); // prevents an unhandled rejection before `return wait`
  await vi.advanceTimersByTimeAsync(ms);
  return wait;
}

describe('waiting for an execution', () => {
  test('waitForEnd returns when the execution ends, and asks only for the status until then', async () => {
    const { conductor, calls } = serverWith('RUNNING', 'RUNNING', 'FAILED');
    expect(await settled(400, waitForEnd(conductor, 'x'))).toMatchObject({ status: 'FAILED' });
    expect(calls).toEqual({ status: 3, execution: 1 });
  });

  test('when the time is over, waitForEnd returns the execution in its current state', async () => {
    const { conductor } = serverWith('RUNNING');
    expect(await settled(1000, waitForEnd(conductor, 'x', { seconds: 1 }))).toMatchObject({ status: 'RUNNING' });
  });

  test('with 0 seconds, waitForEnd reads the execution once', async () => {
    const { conductor, calls } = serverWith('RUNNING');
    expect(await waitForEnd(conductor, 'x', { seconds: 0 })).toMatchObject({ status: 'RUNNING' });
    expect(calls).toEqual({ status: 0, execution: 1 });
  });

  test('waitForEnd returns as soon as `isEnough` returns true', async () => {
    const { conductor } = serverWith('RUNNING', 'RUNNING', 'PAUSED');
    const isEnough = ({ status }: Execution) => status === 'PAUSED';
    expect(await settled(400, waitForEnd(conductor, 'x', { isEnough }))).toMatchObject({ status: 'PAUSED' });
  });

  test('waitForEnd throws the reason of its signal', async () => {
    const { conductor } = serverWith('RUNNING');
    const controller = new AbortController();
    const wait = waitForEnd(conductor, 'x', { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(settled(0, wait)).rejects.toThrow('enough');
  });

  test('waitForEnd reports progress every two seconds', async () => {
    const { conductor } = serverWith('RUNNING');
    const told: Standing[] = [];
    await settled(5000, waitForEnd(conductor, 'x', { seconds: 5, progress: (standing) => void told.push(standing) }));
    expect(told.map(({ waitedMs, execution }) => [waitedMs, execution?.status])).toEqual([
      [2000, 'RUNNING'],
      [4000, 'RUNNING'],
    ]);
  });
});

describe('waitForEnd while the server does not answer', () => {
  test('if the server does not answer, waitForEnd fails at once unless the caller set `patienceMs`', async () => {
    const { conductor } = serverWith(away());
    await expect(settled(0, waitForEnd(conductor, 'x'))).rejects.toMatchObject({ message: 'away' });
  });

  test('waitForEnd waits for the server for `patienceMs` after its last answer', async () => {
    const { conductor } = serverWith(away(), away(), 'RUNNING', away(), away(), 'COMPLETED');
    expect(await settled(1000, waitForEnd(conductor, 'x', { patienceMs: 500 }))).toMatchObject({ status: 'COMPLETED' });
    const gone = serverWith(away());
    await expect(settled(600, waitForEnd(gone.conductor, 'x', { patienceMs: 500 }))).rejects.toThrow('away');
  });

  test('waitForEnd reports the missing answer as progress', async () => {
    const { conductor } = serverWith(away());
    const told: Standing[] = [];
    const progress = (standing: Standing) => void told.push(standing);
    await settled(2400, waitForEnd(conductor, 'x', { patienceMs: 2300, progress })).catch(() => {});
    expect(told).toEqual([{ waitedMs: 2000, error: expect.objectContaining({ message: 'away' }) }]);
  });

  test('waitForEnd does not wait for the server if a retry cannot help', async () => {
    const { conductor } = serverWith(new FleetError('denied', 'not yours'));
    await expect(settled(0, waitForEnd(conductor, 'x', { patienceMs: 500 }))).rejects.toThrow('not yours');
  });
});
