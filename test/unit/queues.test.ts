import { describe, expect, test } from 'vitest';
import { judgeQueue, lastPolls, type QueueFacts, queueNameOf, queueOf } from '../../core/conductor/read-queues.ts';
import { taskSchema } from '../../core/conductor/types.ts';

const NOW = 1_000_000_000;
const SECOND = 1000;

const task = (changes: Record<string, unknown> = {}) =>
  taskSchema.parse({
    taskId: 't',
    taskType: 'charge',
    referenceTaskName: 'charge',
    workflowInstanceId: 'w',
    status: 'SCHEDULED',
    scheduledTime: NOW - 60 * SECOND,
    ...changes,
  });
const polled = (secondsAgo: number) => ({ lastPoll: { workerId: 'w', at: NOW - secondsAgo * SECOND } });
const judge = (changes: Partial<QueueFacts>) =>
  judgeQueue({ taskType: 'charge', domain: '', waiting: 1, hidden: 0, open: [task()], ...changes }, NOW);

describe('a queue whose tasks wait', () => {
  test('the state is `no_worker` if the queue was never polled, or not for a minute', () => {
    expect(judge({})).toEqual({ state: 'no_worker', running: 0, oldestAt: NOW - 60 * SECOND });
    expect(judge(polled(61)).state).toBe('no_worker');
  });

  test('the state is `behind` if a worker polls but the oldest task has waited long', () => {
    expect(judge(polled(1)).state).toBe('behind');
    expect(judge({ ...polled(1), open: [task({ scheduledTime: NOW - SECOND })] }).state).toBe('working');
  });

  test('the state is `behind` if the worker is too busy to poll', () => {
    const running = task({ status: 'IN_PROGRESS', updateTime: NOW - SECOND });
    expect(judge({ ...polled(300), open: [running, task()] })).toMatchObject({ state: 'behind', running: 1 });
  });

  test('the state is `limited` if the concurrency limit of the task definition is reached', () => {
    const def = { name: 'charge', concurrentExecLimit: 1 };
    const running = task({ status: 'IN_PROGRESS', updateTime: NOW });
    expect(judge({ ...polled(1), def, open: [running, task()] })).toMatchObject({ state: 'limited', limit: 1 });
    expect(judge({ ...polled(1), def })).toMatchObject({ state: 'behind', limit: 1 });
  });

  test('the state is `delayed` if no task is due', () => {
    const later = task({ updateTime: NOW - SECOND, callbackAfterSeconds: 60 });
    expect(judge({ ...polled(1), open: [later] }).state).toBe('delayed');
    expect(judge({ open: [later] }).state).toBe('delayed');
  });

  test('the state is `server` if the server executes the tasks itself', () => {
    expect(judge({ taskType: 'HTTP' }).state).toBe('server');
  });

  test('only tasks in the domain of the queue count', () => {
    const other = task({ domain: 'eu', scheduledTime: NOW - 900 * SECOND });
    expect(judge({ open: [other, task()] }).oldestAt).toBe(NOW - 60 * SECOND);
  });
});

test('a queue without waiting tasks is `idle`, or `working` while tasks run', () => {
  expect(judge({ waiting: 0, open: [] }).state).toBe('idle');
  expect(judge({ waiting: 0, open: [task({ status: 'IN_PROGRESS' })] }).state).toBe('working');
});

test('the name of a queue starts with its domain', () => {
  const queue = { taskType: 'charge', domain: 'eu' };
  expect(queueOf(queueNameOf(queue))).toEqual(queue);
  expect(queueOf('charge')).toEqual({ taskType: 'charge', domain: '' });
  const polls = lastPolls([{ queueName: 'charge', domain: 'eu', workerId: 'w', lastPollTime: 7 }]);
  expect(polls.get('eu:charge')).toEqual({ workerId: 'w', at: 7 });
});
