import type { Cleanups } from '../../../core/cleanups.ts';
import type { RawConductor } from './raw.ts';

/** The definitions and executions that the operations of the bench use. */
export interface Fixture {
  taskDef: string;
  /** A workflow that ends within the request that starts it. It has `EXECUTIONS` ended executions. */
  workflow: string;
  /** A workflow that waits for a worker. */
  worked: string;
  /** Two ended executions: `small` has one task, `large` has `LARGE_TASKS` tasks with `OUTPUT_BYTES` of output each. */
  small: string;
  large: string;
}

export const EXECUTIONS = 100;
export const LARGE_TASKS = 30;
const OUTPUT_BYTES = 2048;
const REMOVED_AT_ONCE = 500;

/** Registers and runs the definitions under names that only this run uses. Removes them at the end. */
export async function prepare(conductor: RawConductor, cleanups: Cleanups): Promise<Fixture> {
  const prefix = `bmc_${Date.now().toString(36)}`;
  const [taskDef, workflow, one, many] = [`${prefix}_task`, `${prefix}_start`, `${prefix}_one`, `${prefix}_many`];
  cleanups.add('remove the executions and definitions', () => remove(conductor, taskDef, [workflow, one, many]));
  await conductor.post('/metadata/taskdefs', [taskDefinition(taskDef)]);
  await conductor.put('/metadata/workflow', [
    definition(workflow, [
      { name: 'set', taskReferenceName: 'set', type: 'SET_VARIABLE', inputParameters: { done: 1 } },
    ]),
    definition(one, [step(taskDef, 0)]),
    definition(
      many,
      Array.from({ length: LARGE_TASKS }, (_, index) => step(taskDef, index)),
    ),
  ]);
  for (let count = 0; count < EXECUTIONS; count++) await start(conductor, workflow);
  const small = await run(conductor, one, taskDef, 1);
  const large = await run(conductor, many, taskDef, LARGE_TASKS);
  return { taskDef, workflow, worked: one, small, large };
}

function taskDefinition(name: string): object {
  return {
    name,
    description: 'Settles one line of an order, for a bench.',
    retryCount: 3,
    retryDelaySeconds: 5,
    responseTimeoutSeconds: 600,
    timeoutSeconds: 0,
    inputKeys: ['orderId', 'line'],
    outputKeys: ['lineId', 'items'],
    ownerEmail: 'bench@example.com',
  };
}

function definition(name: string, tasks: object[]): object {
  return { name, version: 1, schemaVersion: 2, description: 'A bench.', timeoutSeconds: 0, tasks };
}

function step(name: string, index: number): object {
  return {
    name,
    taskReferenceName: `settle_line_${index}`,
    type: 'SIMPLE',
    inputParameters: { orderId: '${workflow.input.orderId}', line: index },
  };
}

async function start(conductor: RawConductor, name: string): Promise<string> {
  return conductor.post('/workflow', { name, version: 1, input: { orderId: 'ORD-2026-004711' } });
}

/** Starts an execution and completes its tasks, one after the other. */
async function run(conductor: RawConductor, workflow: string, taskType: string, tasks: number): Promise<string> {
  const id = await start(conductor, workflow);
  for (let done = 0; done < tasks; ) {
    const polled = await conductor.get(`/tasks/poll/${taskType}?workerid=bench`);
    if (polled === '') continue;
    const { taskId, workflowInstanceId } = JSON.parse(polled);
    const result = { taskId, workflowInstanceId, status: 'COMPLETED', outputData: output(done) };
    await conductor.post('/tasks', result);
    done += 1;
  }
  const { status } = JSON.parse(await conductor.get(`/workflow/${id}?includeTasks=false`));
  if (status !== 'COMPLETED') throw new Error(`${workflow} is ${status} after its last task`);
  return id;
}

/** An output as a real system would produce it: an object with a list of similar items. */
function output(line: number): object {
  const items: object[] = [];
  const value = { lineId: `LINE-${line}`, settledAt: '2026-11-21T10:00:00Z', currency: 'EUR', items };
  while (JSON.stringify(value).length < OUTPUT_BYTES) {
    const index = items.length;
    items.push({ sku: `SKU-${line}-${index * 7919}`, quantity: index + 1, price: 12.5 + index, warehouse: 'HAM-2' });
  }
  return value;
}

async function remove(conductor: RawConductor, taskDef: string, workflows: readonly string[]): Promise<void> {
  for (const name of workflows) {
    // The server may write the search row of an execution after it has removed the execution. The search then finds that row for
    // ever, so the loop ends when a round removes nothing.
    for (let removed = 1; removed > 0; ) {
      const found = await conductor.get(`/workflow/search?query=workflowType=${name}&size=${REMOVED_AT_ONCE}`);
      const ids = (JSON.parse(found) as { results: { workflowId: string }[] }).results.map((one) => one.workflowId);
      if (ids.length === 0) break;
      const answer = await conductor.delete('/workflow/bulk/terminate-remove?archiveWorkflow=false', ids);
      removed = (JSON.parse(answer) as { bulkSuccessfulResults: string[] }).bulkSuccessfulResults.length;
    }
    await conductor.delete(`/metadata/workflow/${name}/1`);
  }
  await conductor.delete(`/metadata/taskdefs/${taskDef}`);
}
