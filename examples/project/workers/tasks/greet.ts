import { defineTask, z } from 'conductor-fleet';

export default defineTask({
  name: 'greet',
  description: 'Makes a greeting for a person.',
  input: z.object({ name: z.string().min(1) }),
  output: z.object({ greeting: z.string() }),
  // An attempt that takes longer is aborted and retried, at most retryCount times.
  timeoutSeconds: 30,
  retryCount: 3,
}).worker(async ({ name }, { signal, addLog }) => {
  signal.throwIfAborted();
  addLog(`greeting ${name}`);
  return { greeting: `Hello, ${name}!` };
});
