/**
 * Measures how long the program takes to start: `fleet --help` from spawn to exit, and `fleet mcp` from spawn to the answer to
 * `initialize`. Both are also measured without the compile cache (`…First`). A bare `node -e 0` shows the lower bound on this machine.
 * The programs take turns, so that noise affects all of them. The bench measures neither an installed package (`dist/`, without
 * type stripping) nor the first tool call.
 *
 * `node test/bench/startup.ts [runs]` prints one line for people and one line of JSON.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { processEnvironment } from '../../core/config.ts';

const main = fileURLToPath(new URL('../../cli/fleet.js', import.meta.url));
const runs = Number(process.argv[2] ?? 15);
const { PATH = '', HOME = '' } = processEnvironment();
/** No compiled code is cached, as right after an installation. */
const WITHOUT_CACHE = { NODE_DISABLE_COMPILE_CACHE: '1' };
const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '0' } },
};

const programs = {
  floor: () => untilExit(['-e', '0']),
  help: () => untilExit([main, '--help']),
  helpFirst: () => untilExit([main, '--help'], WITHOUT_CACHE),
  mcpInitialize: () => untilInitialized([main, 'mcp']),
  mcpInitializeFirst: () => untilInitialized([main, 'mcp'], WITHOUT_CACHE),
};
type Name = keyof typeof programs;

const times = Object.fromEntries(Object.keys(programs).map((name) => [name, []])) as unknown as Record<Name, number[]>;
for (const measure of Object.values(programs)) await measure(); // an unmeasured run of each program fills the file cache
for (let run = 0; run < runs; run++) {
  for (const name of Object.keys(programs) as Name[]) times[name].push(await programs[name]());
}

const results = Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, summary(ms)]));
const line = Object.entries(results).map(([name, { median, min, max }]) => `${name} ${median} ms (${min}–${max})`);
process.stdout.write(`startup, median (min–max) of ${runs} runs: ${line.join(', ')}\n`);
process.stdout.write(`${JSON.stringify({ bench: 'startup', node: process.version, runs, unit: 'ms', ...results })}\n`);

function untilExit(args: string[], more: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, args, { env: { PATH, HOME, ...more }, stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve(performance.now() - started) : reject(new Error(`${args.join(' ')} ended with ${code}`)),
    );
  });
}

function untilInitialized(args: string[], more: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, args, { env: { PATH, HOME, ...more }, stdio: ['pipe', 'pipe', 'inherit'] });
    let answeredAt: number | undefined;
    child.stdout.once('data', () => {
      answeredAt = performance.now();
      child.stdin.end();
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      answeredAt === undefined ? reject(new Error(`fleet mcp ended with ${code}`)) : resolve(answeredAt - started),
    );
    child.stdin.write(`${JSON.stringify(initialize)}\n`);
  });
}

function summary(ms: number[]): { median: number; min: number; max: number } {
  const sorted = [...ms].sort((a, b) => a - b).map(Math.round);
  const at = (index: number) => sorted[index] ?? 0;
  return { median: at(Math.floor(sorted.length / 2)), min: at(0), max: at(sorted.length - 1) };
}
