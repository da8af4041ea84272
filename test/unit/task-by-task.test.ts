import { describe, expect, test } from 'vitest';
import { TaskByTask } from '../../core/conductor/task-by-task.ts';

const task = (name: string, more: object = {}) => ({ taskType: name, status: 'COMPLETED', inputData: {}, ...more });
const execution = (tasks: unknown, more: object = {}) => ({ status: 'COMPLETED', workflowId: 'w', tasks, ...more });
const three = [task('a'), task('b'), task('c')];

/** What it makes of a text that comes in pieces of so many characters. */
function read(text: string, length: number): unknown {
  const reader = new TaskByTask();
  for (let at = 0; at < text.length; at += length) reader.take(text.slice(at, at + length));
  return reader.value();
}

describe('an execution that comes in pieces', () => {
  const nested = { tasks: [task('x'), task('y')] };
  test.each<[string, object]>([
    ['has tasks', execution(three, { input: { a: 1 }, workflowDefinition: { tasks: [{ name: 'a' }] } })],
    ['has one', execution([task('a')])],
    ['has nothing but tasks', { tasks: three }],
    ['has tasks in the output of a task', execution([task('a', { outputData: nested }), task('b')])],
    ['has tasks in that of the last one', execution([task('a'), task('b', { outputData: nested })])],
    ['has tasks in its output', execution(three, { output: nested })],
    ['says in a text what tasks begin with', execution([task('a', { text: ',{"taskType":"b"' }), task('b')])],
  ])('that %s is the same as at once', (_, value) => {
    const text = JSON.stringify(value);
    for (const length of [1, 2, 3, 5, 7, 13, 50, text.length]) expect(read(text, length)).toEqual(value);
  });
});

test.each<[string, string]>([
  ['no tasks', JSON.stringify(execution([]))],
  ['tasks in its input and then its own', JSON.stringify({ input: { tasks: three }, ...execution(three) })],
  ['tasks in its input and none of its own', JSON.stringify({ input: { tasks: three }, ...execution([]) })],
  ['tasks that begin with something else', JSON.stringify(execution([{ taskId: '1', taskType: 'a' }]))],
  ['a task that holds more than a few', JSON.stringify(execution([task('a', { list: Array(20).fill(task('b')) })]))],
  ['no end', JSON.stringify(execution(three)).slice(0, -1)],
  ['a hole', JSON.stringify(execution(three)).replace('"w"', '')],
  ['nothing of an execution', '<html></html>'],
])('a text with %s is left to be parsed as a whole', (_, text) => {
  for (const length of [1, 10, 1000, text.length]) expect(read(text, length)).toBeUndefined();
});

test('tasks are not looked for beyond a head of a few fields', () => {
  const text = JSON.stringify({ input: { text: 'x'.repeat(70_000) }, ...execution(three) });
  expect(read(text, 1000)).toBeUndefined();
});
