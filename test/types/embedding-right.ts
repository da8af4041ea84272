import { defineTask, z } from 'conductor-fleet';
import { createWorkers, type StopReport, type Workers, type WorkersOptions } from 'conductor-fleet/workers';
import { pino } from 'pino';

/** The code of a host without mistakes. */

const input = z.object({ amount: z.number().default(1) });
const output = z.object({ receiptId: z.string() });
const charge = defineTask({ name: 'charge', description: 'Charges.', input, output });
const served = charge.worker(async ({ amount }) => ({ receiptId: `r-${amount.toFixed(2)}` }));

const options: WorkersOptions = {
  tasks: [served],
  conductorServerUrl: process.env.CONDUCTOR_SERVER_URL,
  env: process.env,
  log: pino(),
  workerConcurrency: undefined,
  workers: { ALL: { batchSize: 2 }, charge: { concurrency: 2, domains: { '': 1, canary: 1 } } },
};
const pools: Workers[] = [createWorkers(options), createWorkers({ ...options, workerDrainSeconds: 5 })];

for (const pool of pools) {
  const forget = pool.on((event) => {
    if (event.type === 'task-ended' && event.outcome.kind === 'failed') {
      const said: string = event.outcome.reason;
      console.error(event.task.taskDefName, said, event.durationMs);
    }
    if (event.type === 'type-state' && event.to === 'paused') console.error(event.taskType, event.domain);
  });
  await pool.start();
  const { state, running, types } = pool.status();
  console.error(state === 'running' ? running : types.map(({ lastAnswerAt }) => lastAnswerAt));
  forget();
}

const reports: StopReport[] = await Promise.all(pools.map((pool) => pool.stop()));
console.error(
  reports.map(({ handedBack, undelivered, unfinished, message }) => ({ handedBack, undelivered, unfinished, message })),
);
