import type { Conductor } from '../../core/conductor/api.ts';
import type { Task, TaskLog } from '../../core/conductor/types.ts';
import { orUndefined } from '../../core/errors.ts';
import { clip, instant } from '../../core/text.ts';
import { bytesShownTwice } from './payload.ts';

/** The logs of at most this many attempts are read, the newest attempts first. */
const MOST_ATTEMPTS = 3;
const LINE_LIMIT = 500;

/** With these lines, this product itself keeps two answers apart. They tell a reader nothing. */
const OWN_LINE = /^fleet claim \S{36}/;

/** The newest lines in the logs of these attempts, oldest first, as many as fit into the bytes of an answer. */
export async function readLogs(
  conductor: Pick<Conductor, 'taskLogs'>,
  tasks: readonly Task[],
  budgetBytes: number,
): Promise<string[]> {
  const attempts = tasks.slice(-MOST_ATTEMPTS);
  const logs = await Promise.all(
    attempts.map(async ({ taskId }) => (await orUndefined(conductor.taskLogs(taskId))) ?? []),
  );
  const lines = logs.flatMap((log, index) =>
    log.filter(({ log: line }) => !OWN_LINE.test(line)).map(lineOf(attempts, index)),
  );
  let left = budgetBytes;
  const cut = lines.findLastIndex((line) => {
    left -= bytesShownTwice(JSON.stringify(line));
    return left < 0;
  });
  return lines.slice(cut + 1);
}

function lineOf(attempts: readonly Task[], index: number): (log: TaskLog) => string {
  const attempt = attempts.length > 1 ? ` attempt ${(attempts[index]?.retryCount ?? 0) + 1}:` : '';
  return ({ log, createdTime }) => `${instant(createdTime)}${attempt} ${clip(log, LINE_LIMIT)}`;
}
