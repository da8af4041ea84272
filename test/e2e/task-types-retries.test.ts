import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Execution } from '../../core/conductor/types.ts';
import type { TaskOptions } from '../../core/contract.ts';
import { defineProbe, defineProbeTask, serve, startProbe } from '../support/probe.ts';
import { realConductor } from '../support/product.ts';

/** How often, and after which delays, the real server retries a failed task. */
const conductor = realConductor();
afterAll(() => conductor.close());

async function failing(options: TaskOptions): Promise<Execution> {
  const contract = defineProbeTask(z.object({}), z.object({}), options);
  const workflow = defineProbe(z.object({}), z.object({})).build((wf) => {
    wf.task('try', contract, {});
    return { result: 1 };
  });
  const workflowId = await startProbe(conductor, [workflow], {});
  return serve(conductor, contract, workflowId, () => ({ status: 'FAILED', reasonForIncompletion: 'not today' }));
}

/** Returns the time from the end of each attempt to the start of the next, in milliseconds. */
function gaps({ tasks }: Execution): number[] {
  const attempts = tasks.toSorted((a, b) => a.retryCount - b.retryCount);
  return attempts.slice(1).map(({ startTime }, before) => startTime - (attempts[before]?.endTime ?? 0));
}

describe.concurrent('a task that fails at every attempt', () => {
  test.each<[string, TaskOptions, number[]]>([
    ['after equal delays', { retryCount: 3, retryLogic: 'FIXED', retryDelaySeconds: 1 }, [1, 1, 1]],
    [
      'after delays that grow by the same amount',
      { retryCount: 3, retryLogic: 'LINEAR_BACKOFF', retryDelaySeconds: 1, backoffScaleFactor: 2 },
      [2, 4, 6],
    ],
    ['after delays that double', { retryCount: 3, retryLogic: 'EXPONENTIAL_BACKOFF', retryDelaySeconds: 1 }, [1, 2, 4]],
    ['after 2, 4 and 8 s by default', {}, [2, 4, 8]],
  ])('the server retries the task %s, and then fails the workflow', async (_, options, seconds) => {
    const execution = await failing(options);
    expect(execution.status).toBe('FAILED');
    expect(execution.tasks).toHaveLength(seconds.length + 1);
    for (const [index, gap] of gaps(execution).entries()) {
      expect(gap, `gap ${index}`).toBeGreaterThanOrEqual((seconds[index] ?? Number.POSITIVE_INFINITY) * 1_000);
    }
  });

  test('the delay before a retry is at most maxRetryDelaySeconds', async () => {
    const options: TaskOptions = { retryCount: 3, retryLogic: 'EXPONENTIAL_BACKOFF', retryDelaySeconds: 1 };
    const execution = await failing({ ...options, maxRetryDelaySeconds: 1 });
    const delays = execution.tasks.map(({ startDelayInSeconds }) => startDelayInSeconds);
    expect(delays).toEqual([0, 1, 1, 1]);
  });

  test('a task is not retried after its totalTimeoutSeconds', async () => {
    const execution = await failing({
      retryCount: 100,
      retryLogic: 'FIXED',
      retryDelaySeconds: 2,
      totalTimeoutSeconds: 3,
    });
    expect(execution.status).toBe('FAILED');
    expect(execution.reasonForIncompletion).toContain('total timeout of 3 seconds');
    expect(execution.tasks.length).toBeLessThan(4);
  });
});
