import { setTimeout as pause } from 'node:timers/promises';
import { cpuMs, processTree, residentMemory } from '../support/processes.ts';
import { median, rotated } from '../support/statistics.ts';
import { type Era, eras } from './connection.ts';
import { fleetProgram, peerProgram, type Where } from './programs.ts';
import { openStdio, type Program, type StdioConnection } from './stdio.ts';

/** Medians of starting one server. */
export interface Start {
  name: string;
  /** From spawning it until its first answer (`initialize`, `server/discover`), and until its tools are listed. */
  greetedMs: number;
  listedMs: number;
  fastestGreetedMs: number;
  /** Processor time until the first answer: less than the time that passes where others use the machine. */
  cpuMs: number;
  /** Resident memory of all its processes once its tools are listed and it has rested. */
  idleMegabytes: number;
}

export interface Starter {
  name: string;
  program: Program;
  era: Era;
}

const REST_MS = 4000;

/** A program that does nothing but answer is the floor that no server under Node can beat. */
const BARE = `process.stdin.on('data', (line) => { for (const { id } of String(line).trim().split('\\n').map(JSON.parse)) if (id)
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result: { tools: [] } }) + '\\n') })`;

export function starters(where: Where, found: { peer: string | undefined; oldNode: string | undefined }): Starter[] {
  const { peer, oldNode } = found;
  const [legacy] = eras;
  const bare: Program = { ...fleetProgram(where), args: ['-e', BARE] };
  // As right after an installation: nothing compiled before is found again.
  const first = fleetProgram(where, { env: { NODE_DISABLE_COMPILE_CACHE: '1' } });
  return [
    { name: 'bare node', program: bare, era: legacy },
    ...eras.map((era) => ({ name: `fleet ${era}`, program: fleetProgram(where), era })),
    ...(oldNode ? [{ name: 'fleet, launcher', program: fleetProgram(where, { node: oldNode }), era: legacy }] : []),
    { name: 'fleet, first time', program: first, era: legacy },
    ...(peer ? [{ name: 'conductor-mcp', program: peerProgram(where, peer), era: legacy }] : []),
  ];
}

/** Starts each of them again and again, taking turns. A first turn fills the caches and does not count. */
export async function starts(all: readonly Starter[], runs: number, signal: AbortSignal): Promise<Start[]> {
  const results = new Map(all.map(({ name }) => [name, [] as Omit<Start, 'name' | 'fastestGreetedMs'>[]]));
  for (let round = -1; round < runs; round++) {
    for (const starter of rotated(all, round + 1)) {
      signal.throwIfAborted();
      const result = await start(starter, round === 0);
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

async function start({ program, era }: Starter, rests: boolean): Promise<Omit<Start, 'name' | 'fastestGreetedMs'>> {
  const began = performance.now();
  const connection = await openStdio(program, era);
  const greetedMs = performance.now() - began;
  const used = cpuMs(processTree(connection.pid));
  await connection.list();
  const listedMs = performance.now() - began;
  // Once is enough: memory does not change from start to start.
  const idleMegabytes = rests ? await rested(connection) : Number.NaN;
  await connection.hangUp();
  return { greetedMs, listedMs, cpuMs: used, idleMegabytes };
}

/** MiB of all its processes. */
async function rested({ pid }: StdioConnection): Promise<number> {
  await pause(REST_MS);
  return processTree(pid).reduce((total, one) => total + residentMemory(one), 0) / (1024 * 1024);
}
