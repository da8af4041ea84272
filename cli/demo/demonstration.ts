import type { Conductor } from '../../core/conductor/api.ts';
import { failureOf, runtimeOf } from '../../core/conductor/execution.ts';
import { startChecked } from '../../core/conductor/start.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { pause } from '../../core/drain.ts';
import { FleetError } from '../../core/errors.ts';
import { duration } from '../../core/text.ts';
import { followExecution } from '../show.ts';

interface DemonstrationOptions {
  conductor: Conductor;
  shopUrl: string;
  /** Of a file below the workers' files root; without one that part is left out. */
  file: string | undefined;
  signal: AbortSignal;
  print(line?: string): void;
  note(line: string): void;
}

/**
 * Runs three real executions and prints what became of them: an order that succeeds, an order whose shipping fails after the payment
 * was taken, so that it is compensated, and a file that is compressed and analysed.
 * @returns whether all three ended as they should
 */
export async function demonstrate(options: DemonstrationOptions): Promise<boolean> {
  const { print } = options;
  const suffix = Date.now().toString(36);
  print('');
  print('1. An order that goes through');
  const paid = await runOne(options, 'OrderProcessing', order(`demo-${suffix}-1`));
  show(paid, 'COMPLETED', print);

  print('2. An order whose shipping is down after the payment was taken');
  const orderId = `demo-${suffix}-2`;
  const removeFault = await orderFault(options.shopUrl, { path: '/shipments', orderId, status: 503 });
  const failed = await runOne(options, 'OrderProcessing', order(orderId));
  await removeFault();
  const compensation = await compensationOf(options, failed);
  const compensated = compensation?.status === 'COMPLETED';
  show(failed, compensated ? 'FAILED → compensated' : 'FAILED, not compensated', print);
  if (compensation) show(compensation, compensation.status, print);
  await printBooks(options.shopUrl, orderId, print);

  return paid.status === 'COMPLETED' && failed.status === 'FAILED' && compensated && (await processFile(options));
}

async function processFile(options: DemonstrationOptions): Promise<boolean> {
  const { file, print } = options;
  if (file === undefined) {
    print('3. No file to compress: there is none in the folder that file workers may read (FILES_ROOT)');
    return true;
  }
  print(`3. ${file}, compressed and analysed`);
  const execution = await runOne(options, 'FileProcessing', { path: file });
  show(execution, execution.status, print);
  return execution.status === 'COMPLETED';
}

function order(orderId: string): Record<string, unknown> {
  return { orderId, sku: 'teapot', quantity: 1, amount: 42.5 };
}

async function runOne(
  { conductor, signal, note }: DemonstrationOptions,
  name: string,
  input: Record<string, unknown>,
): Promise<Execution> {
  const workflowId = await startChecked(conductor, { name, input, correlationId: 'demonstration' });
  return followExecution(conductor, workflowId, { signal, note, timeoutSeconds: 120 });
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The server notes the failure workflow's id in the output of the execution that failed, shortly after it has failed; or why it could not start it. */
async function compensationOf(
  { conductor, signal, note }: DemonstrationOptions,
  failed: Execution,
): Promise<Execution | undefined> {
  for (let look = 0; look < 50 && !signal.aborted; look++) {
    const { output } = await conductor.getExecution(failed.workflowId, { includeTasks: false });
    const workflowId = output['conductor.failure_workflow'];
    if (typeof workflowId === 'string' && !UUID.test(workflowId)) {
      note(`the compensation could not be started: ${workflowId}`);
      return undefined;
    }
    if (typeof workflowId === 'string') {
      return followExecution(conductor, workflowId, { signal, note, timeoutSeconds: 60 });
    }
    await pause(100, signal);
  }
  return undefined;
}

function show(execution: Execution, verdict: string, print: (line?: string) => void): void {
  const took = duration(runtimeOf(execution, Date.now()));
  print(`   ${execution.workflowName.padEnd(27)} ${verdict.padEnd(22)} ${execution.workflowId}  ${took}`);
  const failure = failureOf(execution);
  if (failure) print(`     reason: ${failure.reason}`);
  const { 'conductor.failure_workflow': _, ...output } = execution.output;
  print(`     output: ${JSON.stringify(output)}`);
}

/** Orders a fault at the shop; the result takes it back. */
async function orderFault(shopUrl: string, fault: Record<string, unknown>): Promise<() => Promise<void>> {
  const response = await fetch(`${shopUrl}/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fault),
  });
  if (!response.ok) throw new FleetError('upstream', `The shop at ${shopUrl} took no fault: HTTP ${response.status}.`);
  const { id } = (await response.json()) as { id: string };
  return async () => {
    await fetch(`${shopUrl}/faults/${id}`, { method: 'DELETE' });
  };
}

async function printBooks(shopUrl: string, orderId: string, print: (line?: string) => void): Promise<void> {
  const response = await fetch(`${shopUrl}/books?orderId=${orderId}`);
  const { entries } = (await response.json()) as { entries: { kind: string }[] };
  print(`     the shop's own books: ${entries.map(({ kind }) => kind).join(', ')}`);
}
