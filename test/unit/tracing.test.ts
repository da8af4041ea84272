import { describe, expect, test } from 'vitest';
import { firstSpanIdOf, rootSpanIdOf, taskSpanIdOf, traceIdOf } from '../../workers/runtime/observe/trace-ids.ts';
import { aTask } from '../support/task.ts';

const workflowId = 'c4b34696-6f6f-4189-9d16-e1d94ded65ba';

describe('ids of traces and spans', () => {
  test('the trace id of an execution is the execution id without dashes', () => {
    expect(traceIdOf(workflowId)).toBe('c4b346966f6f41899d16e1d94ded65ba');
    expect(traceIdOf(workflowId.toUpperCase())).toBe(traceIdOf(workflowId));
  });

  test.each(['', 'order-17', '00000000-0000-0000-0000-000000000000', `${workflowId}-2`])(
    'an execution with the id %j also has a valid trace id',
    (id) => {
      expect(traceIdOf(id)).toMatch(/^[0-9a-f]{32}$/);
      expect(traceIdOf(id)).not.toMatch(/^0+$/);
      expect(traceIdOf(id)).toBe(traceIdOf(id));
    },
  );

  test('an execution, its attempts and their deliveries have different span ids, which are the same in every process', () => {
    const first = aTask({ taskId: 'a', pollCount: 1 });
    const ids = [
      rootSpanIdOf('a'),
      taskSpanIdOf(first),
      taskSpanIdOf({ ...first, pollCount: 2 }),
      taskSpanIdOf({ ...first, taskId: 'b' }),
    ];
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(firstSpanIdOf('a')).toBe(taskSpanIdOf(first));
    expect(firstSpanIdOf('a')).toBe(taskSpanIdOf({ ...first, pollCount: 0 })); // pollCount 0 comes from a server that does not count polls
  });
});
