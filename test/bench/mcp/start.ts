import { setTimeout as pause } from 'node:timers/promises';
import { cpuMs, processTree, residentMemory } from '../support/processes.ts';
import { median, rotated } from '../support/statistics.ts';
import { type Era, eras } from './connection.ts';
import { fleetProgram, PEER_NAME, peerProgram, type Where } from './programs.ts';
import { openStdio, type Program, type StdioConnection } from './stdio.ts';

/** Medians over the starts of one server. */
export interface Start {
  name: string;
  /** Times from spawn: until the first answer (to `initialize` or `server/discover`), and until the answer to `tools/list`. */
  greetedMs: number;
  listedMs: number;
  fastestGreetedMs: number;
  /** Processor time until the first answer. Other programs on the machine affect this figure less than `greetedMs`. */
  cpuMs: number;
  /** Resident memory of all its processes, four seconds after its tools were listed. */
  idleMegabytes: number;
}

export interface Starter {
  name: string;
  program: Program;
  era: Era;
}

/** By then, the process has looked once for changed tools, which it does every five seconds. */
const REST_MS = 8000;
/** Memory hardly differs between starts, so only the first few rounds measure it. */
const REST_ROUNDS = 3;

/** A program that answers each request with the same object. It is the lower bound for every server under Node. */
const BARE = `process.stdin.on('data', (line) => { for (const { id } of String(line).trim().split('\\n').map(JSON.parse)) if (id)
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result: { tools: [] } }) + '\\n') })`;

export interface Others {
  peer: string | undefined;
  oldNode: string | undefined;
  /** Another checkout of this repository. */
  also: string | undefined;
}

export function starters(where: Where, { peer, oldNode, also }: Others): Starter[] {
  const [legacy] = eras;
  const bare: Program = { ...fleetProgram(where), args: ['-e', BARE] };
  // Without the compile cache, the start is as slow as right after an installation.
  const first = fleetProgram(where, { env: { NODE_DISABLE_COMPILE_CACHE: '1' } });
  return [
    { name: 'bare node', program: bare, era: legacy },
    ...eras.map((era) => ({ name: `fleet ${era}`, program: fleetProgram(where), era })),
    ...(also
      ? eras.map((era) => ({ name: `also ${era}`, program: fleetProgram(where, { checkout: also }), era }))
      : []),
    ...(oldNode ? [{ name: 'fleet, launcher', program: fleetProgram(where, { node: oldNode }), era: legacy }] : []),
    { name: 'fleet, first time', program: first, era: legacy },
    ...(peer ? [{ name: PEER_NAME, program: peerProgram(where, peer), era: legacy }] : []),
  ];
}

/** Starts each server `runs` times, in turns. One unmeasured turn before that fills the caches. */
export async function starts(all: readonly Starter[], runs: number, signal: AbortSignal): Promise<Start[]> {
  const results = new Map(all.map(({ name }) => [name, [] as Omit<Start, 'name' | 'fastestGreetedMs'>[]]));
  for (let round = -1; round < runs; round++) {
    for (const starter of rotated(all, round + 1)) {
      signal.throwIfAborted();
      const result = await start(starter, round < REST_ROUNDS);
      if (round >= 0) results.get(starter.name)?.push(result);
    }
  }
  return [...results].map(([name, measured]) => {
    const of = (field: keyof Omit<Start, 'name' | 'fastestGreetedMs'>) => measured.map((one) => one[field]);
    return {
      name,
      greetedMs: median(of('greetedMs')),
      listedMs: median(of('listedMs')),
      fastestGreetedMs: Math.min(...of('greetedMs')),
      cpuMs: median(of('cpuMs')),
      idleMegabytes: median(of('idleMegabytes')),
    };
  });
}

async function start({ program, era }: Starter, hasRest: boolean): Promise<Omit<Start, 'name' | 'fastestGreetedMs'>> {
  const began = performance.now();
  const connection = await openStdio(program, era);
  const greetedMs = performance.now() - began;
  const used = cpuMs(processTree(connection.pid));
  await connection.list();
  const listedMs = performance.now() - began;
  const idleMegabytes = hasRest ? await megabytesAtRest(connection) : Number.NaN;
  await connection.hangUp();
  return { greetedMs, listedMs, cpuMs: used, idleMegabytes };
}

/** Resident memory of all its processes. */
async function megabytesAtRest({ pid }: StdioConnection): Promise<number> {
  await pause(REST_MS);
  return processTree(pid).reduce((total, one) => total + residentMemory(one), 0) / (1024 * 1024);
}
