/** The files that `fleet new worker` writes. `worker` is the path of the worker's file, relative to the test. */

export function workerSource(name: string): string {
  return `import { defineTask, z } from 'conductor-fleet';

export default defineTask({
  name: '${name}',
  description: 'Greets a person. Say here in one sentence what the task does.',
  input: z.object({ who: z.string().min(1) }),
  output: z.object({ greeting: z.string() }),
  // An attempt that takes longer is aborted and retried, at most retryCount times.
  timeoutSeconds: 60,
  retryCount: 3,
}).worker(async ({ who }, { signal, addLog }) => {
  // Pass \`signal\` to every call that waits (fetch, timers): it is aborted at the time limit and at a stop.
  // A task can be delivered twice: give side effects the \`idempotencyKey\` of this context.
  // Throw a NonRetryableError (from 'conductor-fleet') if a retry cannot help.
  signal.throwIfAborted();
  addLog(\`greeting \${who}\`);
  return { greeting: \`Hello, \${who}!\` };
});
`;
}

const HINT = `// To test a handler that waits: \`const run = runTask(worker, input)\`. Then \`await run.advance(60_000)\` moves its
// clock to the time limit without waiting, and \`run.abort('stopping')\` aborts its signal.
`;

/** For this repository, whose tests run under vitest. */
export function vitestSource(name: string, worker: string): string {
  return `import { runTask } from 'conductor-fleet/testing';
import { expect, test } from 'vitest';
import worker from '${worker}';

test('${name} answers', async () => {
  const { output, logs } = await runTask(worker, { who: 'Ada' });
  expect(output).toEqual({ greeting: 'Hello, Ada!' });
  expect(logs).toEqual(['greeting Ada']);
});

test('${name} fails without a retry on an invalid input', async () => {
  const { result } = await runTask(worker, { who: '' });
  expect(result).toMatchObject({ status: 'FAILED_WITH_TERMINAL_ERROR' });
});

${HINT}`;
}

/** For any other folder: Node's own test runner needs nothing installed. */
export function nodeTestSource(name: string, worker: string): string {
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runTask } from 'conductor-fleet/testing';
import worker from '${worker}';

test('${name} answers', async () => {
  const { output, logs } = await runTask(worker, { who: 'Ada' });
  assert.deepEqual(output, { greeting: 'Hello, Ada!' });
  assert.deepEqual(logs, ['greeting Ada']);
});

test('${name} fails without a retry on an invalid input', async () => {
  const { result } = await runTask(worker, { who: '' });
  assert.equal(result?.status, 'FAILED_WITH_TERMINAL_ERROR');
});

${HINT}`;
}
