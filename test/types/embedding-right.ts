import { createServer } from 'node:http';
import { defineTask, defineTool, z } from 'conductor-fleet';
import { createMcpEndpoint } from 'conductor-fleet/mcp';
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

const greet = defineTool({
  name: 'greet',
  title: 'Greet',
  description: 'Greets the caller.',
  toolset: 'workflows',
  permission: 'workflows:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({ loud: z.boolean().default(false).describe('In capitals') }),
  output: z.object({ greeting: z.string() }),
}).handler(async ({ loud }, { caller }) => {
  const greeting = loud ? caller.name.toUpperCase() : caller.name;
  return { text: greeting, structured: { greeting } };
});

const mcp = await createMcpEndpoint({
  env: process.env,
  tools: [greet],
  mcpAllowedHosts: ['api.example.com'],
  async callerFrom(request, incoming) {
    const user = (incoming as { user?: string } | undefined)?.user ?? request.headers.get('x-user');
    if (request.headers.get('authorization') === 'wrong') return new Response(null, { status: 401 });
    return user ? { name: user, role: 'operator' } : undefined;
  },
});
const { fetch: answer, node } = mcp;
createServer(node).listen(3000);
const response: Response = await answer(new Request('http://localhost/mcp'));
console.error(response.status);
await mcp.close();
