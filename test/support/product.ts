import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { inject, onTestFailed, TestRunner } from 'vitest';
import { type Conductor, createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { loadConfig, processEnvironment } from '../../core/config.ts';

export const root = join(import.meta.dirname, '../..');

const output = mkdtempSync(join(tmpdir(), 'fleet-out-'));

/** Makes a name that is unique in this run. */
export function unique(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}

/** Returns a client for the real server of this run. */
export function realConductor(): Conductor {
  const { config } = loadConfig({ env: {} });
  return createConductor(createCaller({ ...config, conductorServerUrl: inject('conductorServerUrl') }));
}

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
  /** Waits until the process has written a text that matches to stderr, and returns the match. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
}

export interface Start {
  /** Path of the Node that runs the command. The default is the Node of the tests. */
  node?: string;
}

/** Starts `fleet …` as a real process. It uses the server, the shop and an output folder of this run. */
export function startFleetCommand(
  args: readonly string[],
  env: Record<string, string> = {},
  { node = process.execPath }: Start = {},
): Running {
  const child = spawn(node, [join(root, 'cli/fleet.js'), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...processEnvironment(),
      CONDUCTOR_SERVER_URL: inject('conductorServerUrl'),
      SHOP_URL: inject('shopUrl'),
      OUTPUT_DIR: output,
      MCP_AUDIT_DIR: join(output, 'audit'),
      LOG_FORMAT: 'json',
      ...env,
    },
  });
  return followed(child, `fleet ${args.join(' ')}`);
}

/** Collects what a process writes. `what` names it if its test times out. */
export function followed(child: ChildProcessByStdio<null, Readable, Readable>, what: string): Running {
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  // If a test times out, only this output shows why.
  if (TestRunner.getCurrentTest()) onTestFailed(() => console.error(`${what} said:\n${stderr}`));
  const ended = new Promise<Ran>((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
  return {
    child,
    ended,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(stderr);
          if (found) resolve(found);
        };
        child.stderr.on('data', look);
        child.on('close', () =>
          reject(new Error(`The process ended before it wrote a text that matches ${pattern}. It wrote: ${stderr}`)),
        );
        look();
      }),
  };
}

/** Runs `fleet …` to its end. */
export function runFleetCommand(
  args: readonly string[],
  env: Record<string, string> = {},
  how: Start = {},
): Promise<Ran> {
  return startFleetCommand(args, env, how).ended;
}

/** Registers all shipped definitions. Several test files do this at the same time, so it waits for the lock. */
export async function applyShipped(): Promise<void> {
  const { code, stderr } = await runFleetCommand(['apply', '--yes', '--wait', '60']);
  if (code !== 0) throw new Error(`fleet apply: ${stderr}`);
}

/** Registers all shipped definitions and starts a worker process, for these types or for all types. */
export async function startShipped(types?: readonly string[], env: Record<string, string> = {}): Promise<Running> {
  await applyShipped();
  const worker = startFleetCommand(['work', ...(types ? ['--only', types.join(',')] : [])], env);
  await worker.says(/serves \d+ task types?/);
  return worker;
}

interface BookEntry {
  kind: string;
  orderId: string;
  requests: number;
  details: Record<string, unknown>;
}

/** Reads the entries in the shop's books for an order or an execution, the oldest first. */
export async function entriesOf(id: string): Promise<BookEntry[]> {
  const { entries } = await shop<{ entries: BookEntry[] }>(`/books?orderId=${encodeURIComponent(id)}`);
  return entries;
}

/** Returns the kinds of these entries. */
export const booksOf = async (id: string) => (await entriesOf(id)).map(({ kind }) => kind);

interface ShopRequest {
  at: number;
  method: string;
  query: Record<string, string>;
  idempotencyKey: string | null;
  status: number | null;
}

/** Returns the requests to a path of the shop, with times in epoch milliseconds. */
export async function requestsTo(path: string): Promise<ShopRequest[]> {
  const { requests } = await shop<{ requests: ShopRequest[] }>(`/books/requests?path=${encodeURIComponent(path)}`);
  return requests;
}

/** Tells the shop to fail some requests. */
export const orderFault = (fault: Record<string, unknown>) => tellShop('/faults', fault);

/** Sets the price of a share at the shop's exchange, and lists the share if it is new. */
export const setPrice = (symbol: string, price: { previousClose: number; price: number }) =>
  tellShop(`/prices/${encodeURIComponent(symbol)}`, price);

async function tellShop(path: string, body: Record<string, unknown>): Promise<void> {
  await shop(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
}

async function shop<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(`${inject('shopUrl')}${path}`, init);
  if (!response.ok) throw new Error(`The shop answered ${response.status} to ${path}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** Waits until the failure workflow has ended, and returns its execution. The server stores its id soon after the failure. */
export async function failureWorkflowOf(conductor: Conductor, workflowId: string): Promise<Execution> {
  for (;;) {
    const { output } = await conductor.getExecution(workflowId, { includeTasks: false });
    const id = output['conductor.failure_workflow'];
    if (typeof id === 'string') return conductor.waitForEnd(id);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
