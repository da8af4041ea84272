/**
 * Measures the MCP server beside raw HTTP and the official `conductor-mcp` in one run: time and tokens per call, calls per second, start
 * and memory. It also counts the requests that a waiting call sends to Conductor after its client has disconnected. BENCHMARKS.md
 * describes the method.
 */
import { resolve } from 'node:path';
import { chosen, readFlags } from '../support/flags.ts';
import { markdownTable, note, print, printJson, textTable } from '../support/output.ts';
import { cpuSeconds, machineCpuSeconds, processTree } from '../support/processes.ts';
import { runBench, type Scene } from '../support/run.ts';
import { round } from '../support/statistics.ts';
import { openServer } from '../workers/server/open.ts';
import { type Findings, judge } from './bounds.ts';
import { parallel, sequential } from './calls.ts';
import { leftovers } from './disconnect.ts';
import { prepare } from './fixture.ts';
import { flatness } from './growth.ts';
import { operationsOn } from './operations.ts';
import { findOldNode, findPeer, logFolder, PEER, type Where } from './programs.ts';
import { rawConductor } from './raw.ts';
import { starters, starts } from './start.ts';
import { tablesOf, verdictTable } from './tables.ts';
import { tokensOf } from './tokens.ts';
import { type Beside, openWays } from './ways.ts';

const PARTS = ['calls', 'parallel', 'tokens', 'start', 'memory', 'disconnect'];
const flags = readFlags('Benchmarks of the MCP server, on the Conductor of CONDUCTOR_SERVER_URL or an embedded one.', {
  calls: { value: 'n', default: '100', help: 'calls of each kind, one after the other' },
  'warm-up': { value: 'n', default: '10', help: 'unmeasured calls of each kind before the measured ones' },
  burst: { value: 'n', default: '200', help: 'calls of one burst' },
  'in-flight': { value: 'n', default: '16', help: 'calls at once in a burst' },
  rounds: { value: 'n', default: '5', help: 'bursts of each kind' },
  starts: { value: 'n', default: '11', help: 'starts of each server' },
  'memory-calls': { value: 'n', default: '20000', help: 'number of calls over which memory must stay flat' },
  'memory-warm-up': { value: 'n', default: '0', help: 'unmeasured calls before those of --memory-calls' },
  parts: { value: 'names', help: `only these parts: ${PARTS.join(', ')}` },
  peer: { value: 'python', help: 'a Python with conductor-mcp, in place of CONDUCTOR_MCP_PYTHON' },
  also: { value: 'folder', help: 'measure the MCP server of another checkout as well' },
  'old-node': { value: 'path', help: 'a Node older than 24, to measure the launcher' },
  markdown: { help: 'print the results as Markdown in place of the JSON line' },
});

const NOTHING: Findings = { times: [], rates: [], tokens: [], starts: [], flat: [], left: [] };

await runBench(async (scene) => {
  const parts = chosen(flags.list('parts'), PARTS);
  const peer = findPeer(flags.text('peer'));
  const also = flags.text('also');
  const { logFile, remove } = logFolder();
  scene.cleanups.add('remove the folder of logs', async () => remove());
  const { url, pid } = await openServer(scene.cleanups, scene.signal);
  const others = meterOthers(pid);
  const found = await measure(scene, { parts, peer, also: also && resolve(also), where: { url, logFile } });
  report(found, { peer, otherCpus: others(), hasOwnServer: pid !== undefined });
});

interface Assignment extends Beside {
  parts: readonly string[];
  where: Where;
}

async function measure(scene: Scene, { parts, where, ...beside }: Assignment): Promise<Findings> {
  const found: Findings = { ...NOTHING };
  const { cleanups, signal } = scene;
  if (['calls', 'parallel', 'tokens'].some((part) => parts.includes(part))) {
    Object.assign(found, await onExecutions(scene, { parts, where, ...beside }));
  }
  signal.throwIfAborted();
  if (parts.includes('start')) {
    note('starts …');
    const all = starters(where, { ...beside, oldNode: findOldNode(flags.text('old-node')) });
    found.starts = await starts(all, flags.number('starts'), signal);
    show({ starts: found.starts });
  }
  signal.throwIfAborted();
  if (parts.includes('memory')) {
    note('memory …');
    const amount = { calls: flags.number('memory-calls'), warmUp: flags.number('memory-warm-up') };
    found.flat = await flatness(where, beside.also, amount, cleanups);
    show({ flat: found.flat });
  }
  signal.throwIfAborted();
  if (parts.includes('disconnect')) {
    note('clients that leave …');
    found.left = await leftovers(where, cleanups);
    show({ left: found.left });
  }
  return found;
}

/** Measures the parts that need executions on a real server. */
async function onExecutions(
  { cleanups, signal }: Scene,
  { parts, where, ...beside }: Assignment,
): Promise<Partial<Findings>> {
  const raw = rawConductor(where.url);
  cleanups.add('close the connections', () => raw.close());
  note('definitions and executions …');
  const operations = operationsOn(raw, await prepare(raw, cleanups));
  const ways = await openWays(where, beside, cleanups);
  const found: Partial<Findings> = {};
  if (parts.includes('tokens')) {
    found.tokens = await tokensOf(ways, operations, where);
    show({ tokens: found.tokens });
  }
  signal.throwIfAborted();
  if (parts.includes('calls')) {
    note(`calls, ${ways.map(({ name }) => name).join(', ')} …`);
    found.times = await sequential(ways, operations, {
      calls: flags.number('calls'),
      warmUp: flags.number('warm-up'),
      signal,
    });
    show({ times: found.times });
  }
  signal.throwIfAborted();
  if (parts.includes('parallel')) {
    note('calls at once …');
    const burst = {
      calls: flags.number('burst'),
      inFlight: flags.number('in-flight'),
      rounds: flags.number('rounds'),
      signal,
    };
    found.rates = await parallel(ways, operations, burst);
    show({ rates: found.rates });
  }
  return found;
}

/** Prints a part as soon as it is measured, because a whole run takes minutes and a person may interrupt it. */
function show(part: Partial<Findings>): void {
  for (const table of tablesOf({ ...NOTHING, ...part })) note(textTable(table));
}

/**
 * Returns a function that computes how many processors other programs have kept busy since this call. This bench, its servers and
 * Conductor are not counted.
 */
function meterOthers(conductorPid: number | undefined): () => number {
  // An embedded Conductor is in both process trees. The set counts it once.
  const pids = () => new Set([...processTree(process.pid), ...(conductorPid ? processTree(conductorPid) : [])]);
  const ours = () => cpuSeconds([...pids()]);
  const began = { at: performance.now(), others: machineCpuSeconds() - ours() };
  return () => (machineCpuSeconds() - ours() - began.others) / ((performance.now() - began.at) / 1000);
}

interface Circumstances {
  peer: string | undefined;
  otherCpus: number;
  hasOwnServer: boolean;
}

function report(found: Findings, { peer, otherCpus, hasOwnServer }: Circumstances): void {
  const verdicts = judge(found);
  const bounds = verdictTable(verdicts);
  note(textTable(bounds));
  if (flags.on('markdown')) for (const table of [...tablesOf(found), bounds]) print(markdownTable(table));
  const whose = hasOwnServer ? 'Other programs' : 'Conductor and other programs';
  note(
    `${whose} kept ${otherCpus.toFixed(2)} processors busy during the run. The lower this number, the more reliable the measured times.`,
  );
  if (!flags.on('markdown')) {
    printJson({
      bench: 'mcp',
      node: process.version,
      peer: peer ? PEER : null,
      otherCpus: round(otherCpus),
      hasOwnServer,
      ...found,
      verdicts,
    });
  }
  if (verdicts.some(({ isMet }) => !isMet)) process.exitCode = 1;
}
