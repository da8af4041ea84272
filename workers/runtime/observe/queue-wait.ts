import type { Task } from '../../../core/conductor/types.ts';

/**
 * How long a task waited for a worker, in milliseconds, without the delay before a retry. Undefined if the task was delivered before,
 * because the time of that delivery is not known. Also undefined if the server does not say when the wait began.
 */
export function queueWaitMs(
  { scheduledTime, pollCount, startDelayInSeconds }: Task,
  waitedMs: number,
): number | undefined {
  if (scheduledTime === 0 || pollCount > 1) return undefined;
  const delayMs = typeof startDelayInSeconds === 'number' ? startDelayInSeconds * 1000 : 0;
  return Math.max(0, waitedMs - delayMs);
}
