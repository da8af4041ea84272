import { describe, expect, test } from 'vitest';
import { countByStatus, failureOf, latestAttempts } from '../../core/conductor/execution-facts.ts';
import { executionSchema } from '../../core/conductor/types.ts';
import { clip, duration } from '../../core/text.ts';
import { cursorText, readCursor } from '../../mcp/shared/cursor.ts';
import { nearNames } from '../../mcp/shared/near-names.ts';
import { bytesShownTwice, cutNames, fitPayloads, wholeValues } from '../../mcp/shared/payload.ts';
import { quote } from '../../mcp/shared/quote.ts';
import { lineOf, rowOf, unpolledLines } from '../../mcp/shared/task-rows.ts';
import { fakeExecution, fakeTask } from '../support/fake-conductor.ts';

const executionWith = (changes: Record<string, unknown>) => executionSchema.parse(fakeExecution(changes));
const failing = (changes: Record<string, unknown> = {}) =>
  fakeTask({ status: 'FAILED', reasonForIncompletion: 'no stock', ...changes });

describe('attempts', () => {
  const { tasks } = executionWith({
    tasks: [
      failing({ referenceTaskName: 'pay', seq: 2 }),
      fakeTask({ referenceTaskName: 'reserve', seq: 1 }),
      fakeTask({ referenceTaskName: 'pay', seq: 3, retryCount: 1, reasonForIncompletion: 'no stock' }),
    ],
  });

  test('only the last attempt of each task counts', () => {
    expect(latestAttempts(tasks).map(({ referenceTaskName, seq }) => [referenceTaskName, seq])).toEqual([
      ['reserve', 1],
      ['pay', 3],
    ]);
    expect(countByStatus(tasks)).toEqual({ COMPLETED: 2 });
  });

  test('a completed task does not show the reason of an earlier attempt', () => {
    const rows = latestAttempts(tasks).map((task) => rowOf(task, 0));
    expect(rows[1]).toMatchObject({ ref: 'pay', attempt: 2, status: 'COMPLETED' });
    expect(rows[1]).not.toHaveProperty('reason');
    expect(rows.map(lineOf)[1]).toBe('pay | INLINE | COMPLETED | 100 ms | attempt 2');
  });
});

describe('the latest error', () => {
  test('a completed execution has no latest error, even after retries', () => {
    const tasks = [failing({ seq: 1 }), fakeTask({ seq: 2, retryCount: 1 })];
    expect(failureOf(executionWith({ tasks }))).toBeUndefined();
  });

  test('the latest error names the failed task, its reason and its sub-workflow execution', () => {
    const tasks = [failing({ referenceTaskName: 'ship', subWorkflowId: 'sub-1' })];
    expect(failureOf(executionWith({ status: 'FAILED', tasks }))).toEqual({
      taskRef: 'ship',
      reason: 'no stock',
      subExecutionId: 'sub-1',
    });
  });

  test('an attempt whose retry succeeded is never the latest error', () => {
    const tasks = [
      failing({ referenceTaskName: 'a', seq: 1 }),
      fakeTask({ referenceTaskName: 'a', seq: 2 }),
      fakeTask({ referenceTaskName: 'b', seq: 3, status: 'CANCELED' }),
    ];
    const reasonForIncompletion = 'timed out after 300 s';
    expect(failureOf(executionWith({ status: 'TIMED_OUT', tasks, reasonForIncompletion }))).toEqual({
      reason: reasonForIncompletion,
    });
  });

  test('in a running execution, the latest error is the failed attempt whose retry is still open', () => {
    const tasks = [failing({ seq: 1 }), fakeTask({ seq: 2, status: 'SCHEDULED', retryCount: 1 })];
    expect(failureOf(executionWith({ status: 'RUNNING', endTime: 0, tasks }))).toMatchObject({ reason: 'no stock' });
  });

  test('in a terminated execution, the latest error is the reason for the termination', () => {
    const execution = executionWith({ status: 'TERMINATED', tasks: [failing()], reasonForIncompletion: 'by hand' });
    expect(failureOf(execution)).toEqual({ reason: 'by hand' });
  });
});

test('a task that no worker has taken is listed with its waiting time', () => {
  const waiting = { status: 'SCHEDULED', scheduledTime: 1000, startTime: 0, endTime: 0 };
  const { tasks } = executionWith({
    tasks: [
      fakeTask({ ...waiting, referenceTaskName: 'charge', taskType: 'charge_card', taskDefName: 'charge_card' }),
      fakeTask({ ...waiting, referenceTaskName: 'call', taskType: 'HTTP', taskDefName: 'call_shop' }),
    ],
  });
  expect(unpolledLines(tasks, 36_000)).toEqual([
    'No worker has taken charge (task definition charge_card) for 35.0 s.',
  ]);
});

describe('values under a budget', () => {
  test('values are shown in full if they all fit into the budget', () => {
    const payloads = fitPayloads([['output', { a: 1 }]], 100);
    expect(wholeValues(payloads)).toEqual({ output: { a: 1 } });
    expect(payloads[0]?.shown).toBe('{"a":1}');
  });

  test('if the values do not fit, large values are cut and small values are shown in full', () => {
    const large = { text: 'x'.repeat(1000) };
    const payloads = fitPayloads(
      [
        ['output', large],
        ['input', { a: 1 }],
        ['variables', large],
      ],
      500,
    );
    expect(Object.keys(wholeValues(payloads))).toEqual(['input']);
    expect(cutNames(payloads)).toEqual(['output', 'variables']);
    expect(payloads[0]?.shown).toMatch(/^\{"text":"x+… \[cut: 246 of 1011 characters\]$/);
  });

  test('are measured as the answer shows them: each quote takes 4 bytes as text and 2 as structure', () => {
    const value = { text: '""' };
    const json = JSON.stringify(value);
    const bytes = Buffer.byteLength(JSON.stringify({ text: json, value })) - '{"text":,"value":}'.length;
    expect(bytesShownTwice(json)).toBe(bytes);
  });

  test('stay within the budget when the quotes are at the beginning', () => {
    const value = { text: '"'.repeat(100) + 'x'.repeat(1000) };
    const [payload] = fitPayloads([['output', value]], 600, bytesShownTwice);
    const [, shown = ''] = /^(.*)… \[cut: \d+ of 1211 characters\]$/.exec(payload?.shown ?? '') ?? [];
    expect(bytesShownTwice(shown)).toBeGreaterThan(500);
    expect(bytesShownTwice(shown)).toBeLessThanOrEqual(600);
  });

  test('are cut to nothing when the budget is used up', () => {
    const [payload] = fitPayloads([['output', { a: 1 }]], 0, bytesShownTwice);
    expect(payload?.shown).toBe('… [cut: 0 of 7 characters]');
  });
});

test('a cursor is read back unchanged, and an invalid cursor is refused', () => {
  expect(readCursor(cursorText({ start: 20, before: 1_700_000_000_000 }), 'first_page {}')).toEqual({
    start: 20,
    before: 1_700_000_000_000,
  });
  expect(readCursor(undefined, 'first_page {}')).toEqual({ start: 0 });
  for (const text of ['', 'abc', cursorText({ start: -1 })])
    expect(() => readCursor(text, 'first_page {}')).toThrow('cursor');
});

test.each([
  [0, '0 ms'],
  [850.4, '850 ms'],
  [4200, '4.2 s'],
  [59_990, '1 min'],
  [185_000, '3 min 5 s'],
  [7_380_000, '2 h 3 min'],
  [349_200_000, '4 d 1 h'],
])('%d ms is written as %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('foreign text is quoted on one line and cut at a limit, but never within a character', () => {
  expect(quote('a "b"\nNext: c')).toBe('"a \\"b\\"\\nNext: c"');
  expect(quote('x'.repeat(600))).toMatch(/" \(first 500 of 600 characters\)$/);
  expect(clip('ab😀', 3)).toBe('ab');
});

test('nearNames returns the names that contain the word, or else the names with the most similar spelling', () => {
  const names = ['OrderProcessing', 'OrderProcessingCompensation', 'GetWeather', 'FileProcessing'];
  expect(nearNames('order', names)).toEqual(['OrderProcessing', 'OrderProcessingCompensation']);
  expect(nearNames('GetWether', names)).toEqual(['GetWeather']);
  expect(nearNames('zzz', names)).toEqual([]);
});
