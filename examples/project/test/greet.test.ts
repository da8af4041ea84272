import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runTask } from 'conductor-fleet/testing';
import greet from '../workers/tasks/greet.ts';

test('greet answers', async () => {
  const { output, logs } = await runTask(greet, { name: 'Ada' });
  assert.deepEqual(output, { greeting: 'Hello, Ada!' });
  assert.deepEqual(logs, ['greeting Ada']);
});

test('greet fails without a retry on an invalid input', async () => {
  const { result } = await runTask(greet, { name: '' });
  assert.equal(result?.status, 'FAILED_WITH_TERMINAL_ERROR');
});
