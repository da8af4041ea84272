import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { failureOf, runtimeOf } from '../../core/conductor/execution-facts.ts';
import { followExecution } from '../../core/conductor/follow-execution.ts';
import { startChecked } from '../../core/conductor/start-checked.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { pause } from '../../core/pause.ts';
import { duration } from '../../core/text.ts';

interface DemonstrationOptions {
  conductor: Conductor;
  shopUrl: string;
  /** A file below the workers' files root. Without a file, the demonstration leaves out the third execution. */
  file: string | undefined;
  signal: AbortSignal;
  print(line?: string): void;
  note(line: string): void;
}

/**
 * Runs three real executions and prints their results. The first is an order that succeeds. The second is an order whose shipping fails
 * after the payment, with its compensation. The third compresses and analyses a file.
 * @returns true if all three ended as expected
 */
export async function demonstrate(options: DemonstrationOptions): Promise<boolean> {
  const { print } = options;
  const suffix = Date.now().toString(36);
  print('');
  print('1. An order that succeeds');
  const paid = await runOne(options, 'OrderProcessing', order(`demo-${suffix}-1`));
  show(paid, paid.status, print);

  print('2. An order whose shipping fails after the payment, so a compensation undoes the finished steps');
  const orderId = `demo-${suffix}-2`;
  const compensated = await failAndCompensate(options, orderId);
  await printBooks(options, orderId);

  const processed = await processFile(options);
  return paid.status === 'COMPLETED' && compensated && processed;
}

async function failAndCompensate(options: DemonstrationOptions, orderId: string): Promise<boolean> {
  const { print } = options;
  const faultId = await orderFault(options, { path: '/shipments', orderId, status: 503 });
  let failed: Execution;
  try {
    failed = await runOne(options, 'OrderProcessing', order(orderId));
  } finally {
    await removeFault(options, faultId); // also after a stop, because the shop may live on in another process
  }
  const { compensation, problem } = await compensationOf(options, failed);
  const compensated = failed.status === 'FAILED' && compensation?.status === 'COMPLETED';
  show(failed, `${failed.status}${compensated ? ' → compensated' : ', not compensated'}`, print);
  if (compensation) show(compensation, compensation.status, print);
  if (problem) print(`     ${problem}`);
  return compensated;
}

async function processFile(options: DemonstrationOptions): Promise<boolean> {
  const { file, print } = options;
  if (file === undefined) {
    print('3. No file to compress: the folder that file workers may read (FILES_ROOT) has no files');
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
  const workflowId = await startChecked(conductor.withSignal(signal), { name, input, correlationId: 'demonstration' });
  return followExecution(conductor, workflowId, { signal, note, timeoutSeconds: 120 });
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The execution that has undone the finished steps, or a sentence that says why it is missing. */
interface Compensation {
  compensation?: Execution;
  problem?: string;
}

/**
 * Shortly after an execution has failed, the server writes the id of the failure workflow into its output. If the failure workflow could
 * not be started, the server writes the error to the same field and nowhere else.
 */
async function compensationOf(
  { conductor, signal, note }: DemonstrationOptions,
  failed: Execution,
): Promise<Compensation> {
  const calls = conductor.withSignal(signal);
  for (let look = 0; look < 50 && failed.status === 'FAILED'; look++) {
    const { output } = await calls.getExecution(failed.workflowId, { includeTasks: false });
    const noted = output['conductor.failure_workflow'];
    if (typeof noted === 'string') {
      if (!UUID.test(noted)) return { problem: `the compensation could not be started: ${noted}` };
      return { compensation: await followExecution(conductor, noted, { signal, note, timeoutSeconds: 60 }) };
    }
    await pause(100, signal);
  }
  return { problem: 'no compensation was started' };
}

function show(execution: Execution, verdict: string, print: (line?: string) => void): void {
  const took = duration(runtimeOf(execution, Date.now()));
  print(`   ${execution.workflowName.padEnd(27)} ${verdict.padEnd(22)} ${execution.workflowId}  ${took}`);
  const failure = failureOf(execution);
  if (failure) print(`     reason: ${failure.reason}`);
  const { 'conductor.failure_workflow': _, ...output } = execution.output;
  print(`     output: ${JSON.stringify(output)}`);
}

/** Tells the shop to fail some requests. Returns the id of this fault. */
async function orderFault(options: DemonstrationOptions, fault: Record<string, unknown>): Promise<string> {
  const { id } = await askShop(options, '/faults', z.object({ id: z.string() }), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fault),
  });
  return id;
}

/** Never throws: another error would hide the reason why the demonstration ended. */
async function removeFault({ shopUrl, note }: DemonstrationOptions, id: string): Promise<void> {
  try {
    await askShop({ shopUrl, signal: AbortSignal.timeout(2000) }, `/faults/${id}`, z.unknown(), { method: 'DELETE' });
  } catch (error) {
    note(`Could not remove the fault of the demonstration (id ${id}) from the shop: ${messageOf(error)}`);
  }
}

async function printBooks(options: DemonstrationOptions, orderId: string): Promise<void> {
  const books = z.object({ entries: z.array(z.object({ kind: z.string() })) });
  const { entries } = await askShop(options, `/books?orderId=${orderId}`, books);
  options.print(`     what the shop recorded: ${entries.map(({ kind }) => kind).join(', ')}`);
}

async function askShop<S extends z.ZodType>(
  { shopUrl, signal }: Pick<DemonstrationOptions, 'shopUrl' | 'signal'>,
  path: string,
  answer: S,
  init: RequestInit = {},
): Promise<z.output<S>> {
  try {
    const response = await fetch(`${shopUrl}${path}`, { ...init, signal });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return answer.parse(await response.json());
  } catch (cause) {
    signal.throwIfAborted();
    const remedy =
      'The demonstration needs the demonstration shop. Start it (fleet demo) and set SHOP_URL to its address.';
    throw new FleetError(
      'upstream',
      `The shop at ${shopUrl} did not answer ${path} as expected: ${messageOf(cause)}.`,
      {
        remedy,
        cause,
      },
    );
  }
}
