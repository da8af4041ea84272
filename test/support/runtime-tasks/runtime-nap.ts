import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineTask } from '../../../core/contract.ts';

/** Takes less than half of its lease, so that no heartbeat is sent and its lease ends at a known time. */
export default defineTask({
  name: 'runtime_nap',
  description: 'Takes two seconds.',
  input: z.object({}),
  output: z.object({}),
  retryDelaySeconds: 1,
  responseTimeoutSeconds: 5,
}).worker(async () => {
  await sleep(2_000);
  return {};
});
