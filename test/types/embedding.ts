import { defineTask, z } from 'conductor-fleet';
import { createMcpEndpoint } from 'conductor-fleet/mcp';
import { createWorkers, type FleetEvent } from 'conductor-fleet/workers';

/** Mistakes in the code of a host. Each pinned line must not compile. */

const output = z.object({ receiptId: z.string() });
const charge = defineTask({ name: 'charge', description: 'Charges.', input: z.object({ amount: z.number() }), output });
const served = charge.worker(async ({ amount }) => ({ receiptId: `r-${amount}` }));
const conductorServerUrl = 'http://127.0.0.1:8080/api';
const workers = createWorkers({ tasks: [served], conductorServerUrl });

// @ts-expect-error missing option: the tasks
createWorkers({ conductorServerUrl });
// @ts-expect-error wrong option: a task without code
createWorkers({ tasks: [charge], conductorServerUrl });
// @ts-expect-error unknown option
createWorkers({ tasks: [served], conductorServerUrl, workerConcurency: 5 });
// @ts-expect-error wrong option: text instead of a number
createWorkers({ tasks: [served], conductorServerUrl, workerDrainSeconds: '30' });
// @ts-expect-error unknown option: a setting of one task type
createWorkers({ tasks: [served], conductorServerUrl, workers: { charge: { threads: 2 } } });
// @ts-expect-error wrong option: a logger without its other levels
createWorkers({ tasks: [served], conductorServerUrl, log: { info: () => {} } });

workers.on((event: FleetEvent) => {
  // @ts-expect-error unknown field of an event: only some events have a task
  console.error(event.task);
  if (event.type === 'task-ended') {
    // @ts-expect-error unknown field of an outcome: only a completed task has an output
    console.error(event.outcome.output);
  }
  if (event.type === 'poll-answered') {
    // @ts-expect-error wrong type of a field of an event
    const got: string = event.got;
    console.error(got);
  }
});

// @ts-expect-error unknown field of a report
console.error((await workers.stop()).lost);
// @ts-expect-error wrong type of a field of the status
const state: 'gone' = workers.status().state;
console.error(state);

const mcp = await createMcpEndpoint({ conductorServerUrl });
// @ts-expect-error unknown option: the host names callers one by one
await createMcpEndpoint({ conductorServerUrl, mcpRole: 'admin' });
// @ts-expect-error wrong option: a role that does not exist
await createMcpEndpoint({ conductorServerUrl, callerFrom: () => ({ name: 'ada', role: 'root' }) });
// @ts-expect-error wrong option: a caller without a name
await createMcpEndpoint({ conductorServerUrl, callerFrom: async () => ({ role: 'viewer' }) });
// @ts-expect-error wrong option: a task is not a tool
await createMcpEndpoint({ conductorServerUrl, tools: [served] });
// @ts-expect-error wrong type: the fetch handler takes a request, not an address
await mcp.fetch('http://localhost/mcp');
