/** Runs the TaskHandler of the JavaScript SDK with the shortest poll interval and without logging. */
import { createConductorClient, noopLogger, TaskHandler } from '@io-orkes/conductor-javascript';
import { readAssignment } from './assignment.ts';

const { url, types, connections } = readAssignment();
const client = await createConductorClient({
  serverUrl: url,
  logger: noopLogger,
  ...(connections !== undefined && { maxHttp2Connections: connections }),
});
const handler = new TaskHandler({
  client,
  scanForDecorated: false,
  logger: noopLogger,
  workers: types.map(({ name, concurrency }) => ({
    taskDefName: name,
    concurrency,
    pollInterval: 1,
    execute: async ({ inputData }) => ({ status: 'COMPLETED', outputData: { item: inputData?.item } }),
  })),
});
await handler.startWorkers();
