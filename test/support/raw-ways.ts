import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { buildMcp } from '../../cli/mcp-front.ts';
import { loadConfig } from '../../core/config.ts';
import { silentLogger } from '../../core/log.ts';
import type { Caller } from '../../mcp/admission/permissions.ts';
import { Leases } from '../../mcp/agents/leases.ts';
import { startHttp } from '../../mcp/transports/http.ts';
import { auditFolderForTest } from './audit-scene.ts';
import { freePort } from './free-port.ts';
import { stdioTarget } from './mcp-process.ts';
import { FOLLOWS_TASKS, type RawAnswer, raw, rawLegacy, rawRequest } from './raw-mcp.ts';
import { conductorAt } from './tool-calls.ts';

/** Sends one request and returns its answer. */
export type Send = (method: string, params?: Record<string, unknown>) => Promise<RawAnswer>;

/** A running MCP server, and how to close it. */
export interface Served {
  readonly send: Send;
  close(): Promise<unknown>;
}

/** The settings of a server for tests: no limit of the rate, and all tools. */
const BASE = { RATE_LIMIT_RPM: '1000000', RATE_LIMIT_BURST: '100000', MCP_TOOLSETS: 'all' };

/** Every way to reach the server: both transports, and both eras of the protocol. */
export const ways: Readonly<Record<string, (conductorUrl: string, env?: Record<string, string>) => Promise<Served>>> = {
  'HTTP, 2025-11-25': (url, env) =>
    overHttp(
      url,
      env,
      (at) =>
        (method, params = {}) =>
          rawLegacy(at, method, params),
    ),
  'HTTP, 2026-07-28': (url, env) =>
    overHttp(
      url,
      env,
      (at) =>
        (method, params = {}) =>
          raw(at, method, params),
    ),
  'stdio, 2025-11-25': (url, env) => overStdio(url, env, 'legacy'),
  'stdio, 2026-07-28': (url, env) => overStdio(url, env, 'modern'),
};

/** Serves over HTTP in this process. With a `caller`, every request is one of this caller. */
export async function serveHttp(
  conductorUrl: string,
  env: Record<string, string> = {},
  caller?: Caller,
): Promise<{ readonly url: string; close(): Promise<unknown> }> {
  const audit = { MCP_AUDIT_DIR: env.MCP_AUDIT_DIR ?? auditFolderForTest() };
  const own = { CONDUCTOR_SERVER_URL: conductorUrl, MCP_PORT: String(await freePort()), ...audit };
  const { config } = loadConfig({ env: { ...BASE, ...own, ...env } });
  const api = conductorAt(conductorUrl);
  const conductor = async () => api;
  const stop = new AbortController();
  const leases = new Leases({ conductor, log: silentLogger });
  const parts = { config, log: silentLogger, conductor, leases, signal: stop.signal };
  const front = await buildMcp({ ...parts, ...(caller && { callerFrom: () => caller }) });
  const endpoint = await startHttp({ ...parts, ...front });
  return {
    url: endpoint.url,
    async close() {
      stop.abort();
      await endpoint.close();
    },
  };
}

async function overHttp(
  conductorUrl: string,
  env: Record<string, string> = {},
  sendTo: (url: string) => Send,
): Promise<Served> {
  const { url, close } = await serveHttp(conductorUrl, env);
  return { send: sendTo(url), close };
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** Starts `fleet mcp` over stdio, and speaks the protocol of one era with it. */
async function overStdio(
  conductorUrl: string,
  env: Record<string, string> = {},
  era: 'legacy' | 'modern',
): Promise<Served> {
  const target = stdioTarget({ ...BASE, MCP_AUDIT: 'false', CONDUCTOR_SERVER_URL: conductorUrl, ...env });
  const child: Child = spawn(target.command, target.args, { env: target.env, stdio: ['pipe', 'pipe', 'ignore'] });
  const waiting = new Map<number, (answer: RawAnswer) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = JSON.parse(line) as RawAnswer & { id?: number };
    if (message.id !== undefined) waiting.get(message.id)?.(message);
  });
  const write = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  let lastId = 0;
  const send: Send = (method, params = {}) => {
    lastId += 1;
    const id = lastId;
    write({ id, method, params: era === 'modern' ? { ...params, _meta: metaOf(method, params) } : params });
    return new Promise((resolve) => waiting.set(id, resolve));
  };
  if (era === 'legacy') {
    const clientInfo = { name: 'raw', version: '0' };
    await send('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
    write({ method: 'notifications/initialized' });
  }
  return {
    send,
    close() {
      child.stdin.end();
      return new Promise((resolve) => child.once('exit', resolve));
    },
  };
}

/** The part of a request of 2026 that names the client. */
function metaOf(method: string, params: Record<string, unknown>): unknown {
  const { body } = rawRequest(method, params, FOLLOWS_TASKS);
  return JSON.parse(String(body)).params._meta;
}

/** What an answer says to its reader: the error, or the text of a tool's answer. */
export function textOf({ result, error }: RawAnswer): string {
  if (error) return error.message;
  const { content } = (result ?? {}) as { content?: { text?: string }[] };
  return Array.isArray(content) ? content.map(({ text = '' }) => text).join('\n') : JSON.stringify(result);
}
