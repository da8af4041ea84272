import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { TaskContext } from '../../../../core/contract.ts';

/** The input that a test gives to every task of this folder. */
export const told = z.object({
  /** The file that handlers write to: one JSON line per event. */
  journal: z.string(),
  /** A waiting handler continues once this file exists. */
  release: z.string(),
  label: z.string().default(''),
});

export function note(
  { journal, label }: z.output<typeof told>,
  event: 'start' | 'end' | 'aborted' | 'failed',
  { taskId }: Pick<TaskContext, 'taskId'>,
  reason?: unknown,
): void {
  const line = {
    at: Date.now(),
    event,
    label,
    taskId,
    pid: process.pid,
    ...(reason ? { reason: String(reason) } : {}),
  };
  appendFileSync(journal, `${JSON.stringify(line)}\n`);
}

const LOOK_EVERY_MS = 10;

/**
 * Waits until the test releases the task or `ms` milliseconds are over, and notes what happened. An aborted signal
 * also ends the wait, unless the task is `stubborn`.
 */
export async function hold(
  input: z.output<typeof told> & { ms: number; stubborn: boolean },
  context: Pick<TaskContext, 'signal' | 'taskId'>,
): Promise<void> {
  const until = Date.now() + input.ms;
  note(input, 'start', context);
  const aborted = () => note(input, 'aborted', context, context.signal.reason);
  context.signal.addEventListener('abort', aborted, { once: true });
  while (Date.now() < until && !existsSync(input.release)) {
    if (context.signal.aborted && !input.stubborn) {
      note(input, 'failed', context);
      throw context.signal.reason;
    }
    await pause(LOOK_EVERY_MS);
  }
  note(input, 'end', context);
}
