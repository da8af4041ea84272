import { expect, test } from 'vitest';
import { createForwarder, type LogMessage, silentLogger } from '../../core/log.ts';

test('a log line has the fields of its logger and its parents, and an error has its stack', () => {
  const told: LogMessage[] = [];
  const log = createForwarder((message) => void told.push(message));
  const task = log.child({ task: 'a' }).child({ attempt: 2 });
  log.info('as it is');
  task.warn({ reason: 'b' }, 'with fields');
  task.error({ err: new Error('c') });
  expect(told).toEqual([
    { what: 'log', level: 'info', fields: {}, text: 'as it is' },
    { what: 'log', level: 'warn', fields: { task: 'a', attempt: 2, reason: 'b' }, text: 'with fields' },
    {
      what: 'log',
      level: 'error',
      fields: { task: 'a', attempt: 2, err: expect.objectContaining({ message: 'c', stack: expect.any(String) }) },
      text: expect.any(String),
    },
  ]);
});

test('a child of the silent logger logs nothing', () => {
  expect(() => silentLogger.child({ a: 1 }).fatal('nobody hears this')).not.toThrow();
});
