import type { Config } from '../../core/config.ts';
import { count } from '../../core/text.ts';
import type { Fleet } from '../runtime/fleet.ts';

/** What happened to the tasks when workers stopped. No task is lost: the server keeps every task that did not end here. */
export interface StopReport {
  /** Number of tasks that had not ended after `workerDrainSeconds`. They went back to their queues and cost no retry. */
  readonly handedBack: number;
  /** Number of results that the server has not accepted. They are in the spool, or else the tasks run again after their leases. */
  readonly undelivered: number;
  /** Number of tasks that still had a slot at the end. The server gives them to other workers when their leases are over. */
  readonly unfinished: number;
  /** The same in words. After a second `stop()` it also says that the workers were stopping or had stopped before. */
  readonly message: string;
}

/** Stops the fleet, and tells what became of its tasks. */
export async function reportOf(
  fleet: Fleet | undefined,
  { workerDrainSeconds }: Pick<Config, 'workerDrainSeconds'>,
): Promise<StopReport> {
  if (!fleet) return { handedBack: 0, undelivered: 0, unfinished: 0, message: 'The workers were never started.' };
  let ended = 0;
  let handedBack = 0;
  const forget = fleet.events.on((event) => {
    if (event.type !== 'task-ended') return;
    if (event.outcome.kind === 'handed-back') handedBack += 1;
    else ended += 1;
  });
  await fleet.stop();
  forget();
  const { undelivered, running: unfinished } = fleet.status();
  const troubles = [
    handedBack > 0 && `after ${workerDrainSeconds} s ${count(handedBack, 'task')} went back to the queue`,
    undelivered > 0 && `${count(undelivered, 'result')} could not be delivered`,
    unfinished > 0 && `${count(unfinished, 'task')} did not end`,
  ].filter((trouble) => trouble !== false);
  const message = `The workers have stopped: ${[`${count(ended, 'running task')} ended`, ...troubles].join(', ')}.`;
  return { handedBack, undelivered, unfinished, message };
}
