import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { failureOf, runtimeOf } from '../../core/conductor/execution-facts.ts';
import { followExecution } from '../../core/conductor/follow-execution.ts';
import { startChecked } from '../../core/conductor/start-checked.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { pause } from '../../core/drain.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { duration } from '../../core/text.ts';

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
  show(paid, paid.status, print);

  print('2. An order whose shipping is down after the payment was taken');
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
    await takeBackFault(options, faultId); // also when interrupted: the shop may be somebody else's
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
  const workflowId = await startChecked(conductor.withSignal(signal), { name, input, correlationId: 'demonstration' });
  return followExecution(conductor, workflowId, { signal, note, timeoutSeconds: 120 });
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Either the execution that undid what was done, ended, or a sentence about why there is none. */
interface Compensation {
  compensation?: Execution;
  problem?: string;
}

/**
 * The server notes the failure workflow's id in the output of the execution that failed, shortly after it has failed; in the same
 * place it notes the error if it could not start it, and says so nowhere else.
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

/** Orders a fault and returns its id. */
async function orderFault(options: DemonstrationOptions, fault: Record<string, unknown>): Promise<string> {
  const { id } = await askShop(options, '/faults', z.object({ id: z.string() }), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fault),
  });
  return id;
}

/** Never throws: it must not hide why the demonstration ended. */
async function takeBackFault({ shopUrl, note }: DemonstrationOptions, id: string): Promise<void> {
  try {
    await askShop({ shopUrl, signal: AbortSignal.timeout(2000) }, `/faults/${id}`, z.unknown(), { method: 'DELETE' });
  } catch (error) {
    note(`the fault ordered for the demonstration stays at the shop: ${messageOf(error)}`);
  }
}

async function printBooks(options: DemonstrationOptions, orderId: string): Promise<void> {
  const books = z.object({ entries: z.array(z.object({ kind: z.string() })) });
  const { entries } = await askShop(options, `/books?orderId=${orderId}`, books);
  options.print(`     the shop's own books: ${entries.map(({ kind }) => kind).join(', ')}`);
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
    const remedy = 'The demonstration needs a shop of ours: `fleet demo` opens one; SHOP_URL names it.';
    throw new FleetError('upstream', `The shop at ${shopUrl} did not take ${path}: ${messageOf(cause)}`, {
      remedy,
      cause,
    });
  }
}
