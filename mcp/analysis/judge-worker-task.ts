import { taskType } from '../../core/conductor/task-types.ts';
import type { Execution, Task } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { fleetCommand } from '../../core/messages/fleet-command.ts';
import { count, duration, instant } from '../../core/text.ts';
import { quoteIfUnusual } from '../shared/quote.ts';
import { type Queue, queueOf } from './facts.ts';
import * as recovery from './recovery-calls.ts';
import type { RootCause } from './root-cause.ts';

/** An idle worker polls more often than this. If the last poll is older, no worker polls. */
const POLLED_LATELY_MS = 30_000;
/** The server notices a timeout in its next sweep, at most this long after the timeout. */
const SWEEP_MS = 90_000;

/** `task charge`, or `Task charge` at the beginning of a sentence. */
export function taskLabel({ referenceTaskName: ref }: Task, first = false): string {
  return `${first ? 'Task' : 'task'} ${quoteIfUnusual(ref)}`;
}

/** Why no worker has taken a task. */
export function judgeQueued(execution: Execution, task: Task, queue: Queue | undefined, now: number): RootCause {
  const { polls = [], waiting = 0 } = queue ?? {};
  const domain = domainOf(task);
  const own = polls.filter((poll) => (poll.domain ?? '') === domain);
  const latest = Math.max(0, ...own.map(({ lastPollTime }) => lastPollTime));
  const evidence = [
    `The task has waited in the queue ${quoteIfUnusual(queueOf(task))} for ${duration(now - task.scheduledTime)}. Queue depth: ${count(waiting, 'task')}.`,
    latest > 0
      ? `The last poll was ${duration(now - latest)} ago.`
      : `No worker has polled this queue${domain ? '' : ' recently'}.`,
  ];
  const found = { evidence, execution, task };
  if (latest > 0 && now - latest < POLLED_LATELY_MS) return polled(found, waiting);
  const type = isObject(task.workflowTask) ? task.workflowTask.type : undefined;
  if (typeof type === 'string' && !taskType(type)) {
    return {
      ...found,
      cause: 'bad-definition',
      sentence: `${taskLabel(task, true)} has the type ${quoteIfUnusual(type)}, which the server does not know. The task waits forever in a queue of that name.`,
      advice: [
        recovery.showDefinition(
          'Correct the type and register the definition with create_workflow as a new version',
          execution,
        ),
        recovery.terminate('Terminate this execution', execution, `task type ${type} does not exist`),
      ],
    };
  }
  const elsewhere = polls.filter(
    (poll) => (poll.domain ?? '') !== domain && now - poll.lastPollTime < POLLED_LATELY_MS,
  );
  const where = elsewhere.map((poll) => (poll.domain ? `domain ${quoteIfUnusual(poll.domain)}` : 'no domain'));
  const worker = `\`${fleetCommand} work --only ${quoteIfUnusual(task.taskType)}\`${domain ? `, polling domain ${quoteIfUnusual(domain)}` : ''}`;
  return {
    ...found,
    evidence:
      where.length > 0
        ? [...evidence, `Workers poll for this type, but only with ${[...new Set(where)].join(', ')}.`]
        : evidence,
    cause: 'no-worker',
    sentence: `No worker polls for ${taskLabel(task)} (${quoteIfUnusual(task.taskType)}${domain ? ` in domain ${quoteIfUnusual(domain)}` : ''}).`,
    advice: [
      recovery.showQueue(
        `Start a worker (${worker}). The execution then continues by itself. To check that the worker polls`,
        task.taskType,
      ),
    ],
  };
}

/** Why no worker has the task although workers poll: a limit, or a long queue before it. */
function polled(found: Pick<RootCause, 'evidence' | 'execution'> & { task: Task }, waiting: number): RootCause {
  const { task, execution, evidence } = found;
  const limited: Record<string, unknown> = task.taskDefinition ?? {};
  const { concurrentExecLimit, rateLimitPerFrequency: rate, rateLimitFrequencyInSeconds: per } = limited;
  const limits = [
    ...(isPositive(concurrentExecLimit)
      ? [`at most ${concurrentExecLimit} tasks at a time (concurrentExecLimit)`]
      : []),
    ...(isPositive(rate) ? [`at most ${rate} tasks in ${per} s (rateLimitPerFrequency)`] : []),
  ];
  if (limits.length > 0) {
    return {
      ...found,
      evidence: [
        ...evidence,
        `Its task definition allows ${limits.join(' and ')}. The server may need up to 60 s to notice a free place.`,
      ],
      cause: 'limit',
      sentence: `Workers poll for ${taskLabel(task)}, but a limit in its task definition holds the task back.`,
      advice: [
        recovery.showQueue(
          'A worker takes the task when the limit allows it, or sooner if you raise the limit. See the queue',
          task.taskType,
        ),
      ],
    };
  }
  return {
    ...found,
    cause: 'in-progress',
    sentence:
      waiting > 1
        ? `${taskLabel(task, true)} waits behind other tasks. Workers poll for it.`
        : `Workers poll for ${taskLabel(task)} and are about to take it.`,
    advice: [recovery.follow('Follow it', execution.workflowId)],
  };
}

/** The state of a task that a worker has taken. */
export function judgeTaken(execution: Execution, task: Task, now: number): RootCause {
  const limit = task.responseTimeoutSeconds * 1000;
  const silent = now - (task.updateTime || task.startTime);
  const overdue = limit > 0 && silent > limit;
  const worker = task.workerId ? `worker ${quoteIfUnusual(task.workerId)}` : 'a worker';
  return {
    cause: 'in-progress',
    sentence: overdue
      ? `${taskLabel(task, true)} is with ${worker}, which has been silent for longer than responseTimeoutSeconds. The server takes the task back within ${duration(SWEEP_MS)}.`
      : `${taskLabel(task, true)} has been with ${worker} since ${instant(task.startTime)}.`,
    evidence: [`The last update was ${duration(silent)} ago; responseTimeoutSeconds is ${limit / 1000}.`],
    advice: [recovery.follow('Follow it', execution.workflowId)],
    execution,
    task,
  };
}

const domainOf = ({ domain }: Task) => (typeof domain === 'string' ? domain : '');
const isPositive = (value: unknown): value is number => typeof value === 'number' && value > 0;
