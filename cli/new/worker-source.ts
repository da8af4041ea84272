/** What `fleet new worker` writes. `imports` are module names as the file has to write them. */

export function workerSource(name: string, imports: { contract: string }): string {
  return `import { z } from 'zod';
import { defineTask } from '${imports.contract}';

export default defineTask({
  name: '${name}',
  description: 'Greets somebody. Say here in one sentence what the task does.',
  input: z.object({ who: z.string().min(1) }),
  output: z.object({ greeting: z.string() }),
  // An attempt that takes longer is aborted and tried again, up to retryCount times.
  timeoutSeconds: 60,
  retryCount: 3,
}).worker(async ({ who }, { signal, addLog }) => {
  // Hand \`signal\` to whatever waits (fetch, timers), so that it ends when the task does. A task can come twice: give
  // \`context.idempotencyKey\` to whatever must happen once. Throw an error named NonRetryableError for what no retry mends.
  signal.throwIfAborted();
  addLog(\`greeting \${who}\`);
  return { greeting: \`Hello, \${who}!\` };
});
`;
}

const HINT = `// For a handler that waits: \`const run = runTask(worker, input)\`, then \`await run.advance(60_000)\` lets its time limit strike at once,
// and \`run.abort('stopping')\` aborts its signal.
`;

interface TestImports {
  worker: string;
  harness: string;
}

/** For this repository, whose tests run under vitest. */
export function vitestSource(name: string, { worker, harness }: TestImports): string {
  return `import { expect, test } from 'vitest';
import worker from '${worker}';
import { runTask } from '${harness}';

test('${name} answers', async () => {
  const { output, logs } = await runTask(worker, { who: 'Ada' });
  expect(output).toEqual({ greeting: 'Hello, Ada!' });
  expect(logs).toEqual(['greeting Ada']);
});

test('${name} refuses an input of the wrong shape for good', async () => {
  const { result } = await runTask(worker, { who: '' });
  expect(result).toMatchObject({ status: 'FAILED_WITH_TERMINAL_ERROR' });
});

${HINT}`;
}

/** For any other folder: Node's own test runner needs nothing installed. */
export function nodeTestSource(name: string, { worker, harness }: TestImports): string {
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runTask } from '${harness}';
import worker from '${worker}';

test('${name} answers', async () => {
  const { output, logs } = await runTask(worker, { who: 'Ada' });
  assert.deepEqual(output, { greeting: 'Hello, Ada!' });
  assert.deepEqual(logs, ['greeting Ada']);
});

test('${name} refuses an input of the wrong shape for good', async () => {
  const { result } = await runTask(worker, { who: '' });
  assert.equal(result?.status, 'FAILED_WITH_TERMINAL_ERROR');
});

${HINT}`;
}
