import type { Conductor } from '../../core/conductor/api.ts';
import { latestAttempts } from '../../core/conductor/execution.ts';
import { type Execution, hasEnded } from '../../core/conductor/types.ts';
import { pause } from '../../core/drain.ts';
import { duration } from '../../core/text.ts';
import type { Progress } from '../engine/define-tool.ts';
import { word } from './quote.ts';

const LOOK_EVERY_MS = 200;
/** Nothing longer than this goes by without a word. */
const PROGRESS_EVERY_MS = 2000;

export interface WaitOptions {
  /** The longest wait. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** Looked at two or three times a second: the wait is over where this holds, too. */
  readonly isEnough?: (execution: Execution) => boolean;
  /** Told every two seconds where the execution stands; its unit is a second of `seconds`. */
  readonly progress?: (progress: Progress) => void;
}

/** Waits for the end of an execution, at most `seconds`. Returns in both cases. @throws what `signal` was aborted with */
export async function waitUntilEnded(
  conductor: Conductor,
  executionId: string,
  { seconds, signal, isEnough, progress }: WaitOptions,
): Promise<void> {
  const startedAt = performance.now();
  const waited = () => performance.now() - startedAt;
  for (let told = 0, looks = 0; waited() < seconds * 1000; looks++) {
    signal.throwIfAborted();
    const { status } = await conductor.getStatus(executionId);
    if (hasEnded(status)) return;
    if (isEnough && looks % 2 === 0 && isEnough(await conductor.getExecution(executionId))) return;
    if (progress && waited() - told >= PROGRESS_EVERY_MS) {
      told = waited();
      progress(await standing(conductor, executionId, { waitedMs: told, seconds }));
    }
    await pause(Math.min(LOOK_EVERY_MS, Math.max(0, seconds * 1000 - waited())), signal);
  }
  signal.throwIfAborted();
}

async function standing(
  conductor: Conductor,
  executionId: string,
  { waitedMs, seconds }: { waitedMs: number; seconds: number },
): Promise<Progress> {
  const { status, tasks: all } = await conductor.getExecution(executionId);
  const tasks = latestAttempts(all);
  const open = tasks.filter((task) => task.status === 'SCHEDULED' || task.status === 'IN_PROGRESS');
  const at = open.at(-1) ? `, at ${word(open.at(-1)?.referenceTaskName ?? '')}` : '';
  const done = `${tasks.length - open.length} of ${tasks.length} tasks ended`;
  const progress = Math.min(seconds, Math.round(waitedMs / 1000));
  return { progress, total: seconds, message: `${status} after waiting ${duration(waitedMs)}: ${done}${at}` };
}
