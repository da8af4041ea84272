import { latestAttempts } from '../../core/conductor/execution-facts.ts';
import { isOpenTask } from '../../core/conductor/types.ts';
import type { Standing } from '../../core/conductor/wait-for-end.ts';
import { duration } from '../../core/text.ts';
import type { Progress } from '../engine/define-tool.ts';
import { quoteIfUnusual } from './quote.ts';

/** Makes the progress messages of a wait of at most `seconds`. Progress is counted in seconds. */
export function waitProgress(seconds: number, progress: (progress: Progress) => void): (standing: Standing) => void {
  return ({ waitedMs, execution }) => {
    if (execution === undefined) return;
    const tasks = latestAttempts(execution.tasks);
    const open = tasks.filter(isOpenTask);
    const at = open.at(-1) ? `, at ${quoteIfUnusual(open.at(-1)?.referenceTaskName ?? '')}` : '';
    const done = `${tasks.length - open.length} of ${tasks.length} tasks ended`;
    progress({
      progress: Math.min(seconds, Math.round(waitedMs / 1000)),
      total: seconds,
      message: `${execution.status} after waiting ${duration(waitedMs)}: ${done}${at}`,
    });
  };
}
