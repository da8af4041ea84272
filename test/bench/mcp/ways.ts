import type { Cleanups } from '../../../core/drain.ts';
import type { McpConnection, ToolAnswer } from './connection.ts';
import { eras } from './connection.ts';
import { openHttp } from './http.ts';
import type { Operation, ToolUse } from './operations.ts';
import { fleetProgram, peerProgram, type Where } from './programs.ts';
import { openStdio } from './stdio.ts';

/** A way to Conductor that is measured. */
export interface Way {
  readonly name: string;
  /** `raw` is the floor that the others are compared with. */
  readonly kind: 'raw' | 'stdio' | 'http' | 'peer';
  readonly connection?: McpConnection;
  /** @throws if it fails, also in the way of a tool */
  answer(operation: Operation): Promise<ToolAnswer>;
  /** Whether it has what the operation needs. */
  can(operation: Operation): boolean;
}

/** Every tool is on, so that each operation has its own. */
const ALL_TOOLS = ['--toolsets', 'all'];

/** Starts every server. The peer is undefined where it is not installed. */
export async function openWays(where: Where, peer: string | undefined, cleanups: Cleanups): Promise<Way[]> {
  const ways: Way[] = [{ name: 'raw', kind: 'raw', can: () => true, answer: rawAnswer }];
  const program = fleetProgram(where, { args: ALL_TOOLS });
  for (const era of eras) {
    const connection = await openStdio(program, era);
    cleanups.add(`end ${era} over stdio`, () => connection.child.stop());
    ways.push(await toolWay(`stdio ${era}`, 'stdio', connection));
  }
  const http = await openHttp(program);
  cleanups.add('end the server over HTTP', () => http.close());
  for (const era of eras) ways.push(await toolWay(`http ${era}`, 'http', http.connect(era)));
  if (peer === undefined) return ways;
  const connection = await openStdio(peerProgram(where, peer), '2025-11-25');
  cleanups.add('end conductor-mcp', () => connection.child.stop());
  // Its first call fails on every server without accounts, whatever is called.
  await connection.call('workflow_get_all_workflows', {}).catch(() => undefined);
  return [...ways, await toolWay('conductor-mcp', 'peer', connection)];
}

async function toolWay(name: string, kind: Way['kind'], connection: McpConnection): Promise<Way> {
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
