import type { Cleanups } from '../../../core/cleanups.ts';
import type { McpConnection, ToolAnswer } from './connection.ts';
import { eras } from './connection.ts';
import { openHttp } from './http.ts';
import type { Operation, ToolUse } from './operations.ts';
import { fleetProgram, PEER_NAME, peerProgram, type Where } from './programs.ts';
import { openStdio, type Program } from './stdio.ts';

/** One of the measured ways to Conductor: raw HTTP, or one MCP server over one transport in one era. */
export interface Way {
  readonly name: string;
  /** `raw` is the lower bound. The tables compare all other ways with it. */
  readonly kind: 'raw' | 'fleet' | 'peer';
  readonly connection?: McpConnection;
  /** @throws if the request fails, or the tool reports an error */
  answer(operation: Operation): Promise<ToolAnswer>;
  /** Returns whether the server has the tool that the operation needs. */
  can(operation: Operation): boolean;
}

/** Switches all toolsets on, so that every operation finds its tool. */
const ALL_TOOLS = ['--toolsets', 'all'];

/** Servers to measure in addition to this checkout. */
export interface Beside {
  /** A Python with the official server. */
  peer: string | undefined;
  /** Another checkout of this repository. */
  also: string | undefined;
}

/** Starts every server. */
export async function openWays(where: Where, { peer, also }: Beside, cleanups: Cleanups): Promise<Way[]> {
  const ways: Way[] = [{ name: 'raw', kind: 'raw', can: () => true, answer: rawAnswer }];
  ways.push(...(await fleetWays('', fleetProgram(where, { args: ALL_TOOLS }), cleanups)));
  if (also !== undefined) {
    const program = fleetProgram(where, { args: ALL_TOOLS, checkout: also });
    ways.push(...(await fleetWays('also ', program, cleanups)));
  }
  if (peer === undefined) return ways;
  const connection = await openStdio(peerProgram(where, peer), '2025-11-25');
  cleanups.add(`end ${PEER_NAME}`, () => connection.child.stop());
  // On a Conductor server without accounts, the first call to the official server always fails.
  await connection.call('workflow_get_all_workflows', {}).catch(() => undefined);
  return [...ways, await toolWay(PEER_NAME, 'peer', connection)];
}

/** Opens our server over both transports, each in both eras. */
async function fleetWays(prefix: string, program: Program, cleanups: Cleanups): Promise<Way[]> {
  const ways: Way[] = [];
  for (const era of eras) {
    const connection = await openStdio(program, era);
    cleanups.add(`end ${prefix}${era} over stdio`, () => connection.child.stop());
    ways.push(await toolWay(`${prefix}stdio ${era}`, 'fleet', connection));
  }
  const http = await openHttp(program);
  cleanups.add(`end ${prefix}server over HTTP`, () => http.close());
  for (const era of eras) ways.push(await toolWay(`${prefix}http ${era}`, 'fleet', http.connect(era)));
  return ways;
}

/** A way over one connection, which offers the tools that its server lists. */
export async function toolWay(name: string, kind: Way['kind'], connection: McpConnection): Promise<Way> {
  const { tools } = await connection.list();
  const names = new Set(tools.map((tool) => tool.name));
  const useOf = (operation: Operation): ToolUse => (kind === 'peer' ? operation.peer : operation.fleet);
  return {
    name,
    kind,
    connection,
    can: (operation) => names.has(useOf(operation).tool),
    async answer(operation) {
      const { tool, args } = useOf(operation);
      return connection.call(tool, args);
    },
  };
}

async function rawAnswer(operation: Operation): Promise<ToolAnswer> {
  const text = await operation.raw();
  return { text, structured: undefined, bytes: text.length };
}
