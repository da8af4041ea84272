import { request } from 'node:http';
import { buildMcp } from '../../cli/mcp-front.ts';
import { serveHttp } from '../../cli/serve-http.ts';
import { loadConfig } from '../../core/config.ts';
import { silentLogger } from '../../core/log.ts';
import type { Caller } from '../../mcp/admission/permissions.ts';
import { Leases } from '../../mcp/agents/leases.ts';
import { auditFolderForTest } from './audit-scene.ts';
import type { FakeRequest, Routes } from './fake-conductor.ts';
import { freePort } from './free-port.ts';
import { conductorAt } from './tool-calls.ts';

export interface ServedConsole {
  /** Address without a slash at its end. */
  readonly url: string;
  readonly auditFolder: string;
  close(): Promise<void>;
}

/** Serves the console in this process. With a `caller`, every request is one of this caller. */
export async function serveConsole(
  conductorUrl: string,
  env: Record<string, string> = {},
  { caller, servesMcp = true }: { caller?: Caller; servesMcp?: boolean } = {},
): Promise<ServedConsole> {
  const auditFolder = auditFolderForTest();
  const own = { CONDUCTOR_SERVER_URL: conductorUrl, MCP_PORT: String(await freePort()), MCP_AUDIT_DIR: auditFolder };
  const { config } = loadConfig({ env: { RATE_LIMIT_BURST: '1000', ...own, ...env } });
  const api = conductorAt(conductorUrl);
  const conductor = async () => api;
  const stop = new AbortController();
  const parts = { config, log: silentLogger, conductor };
  const leases = new Leases(parts);
  const front = await buildMcp({ ...parts, leases, signal: stop.signal, ...(caller && { callerFrom: () => caller }) });
  const served = await serveHttp({ ...parts, front, servesMcp });
  return {
    url: served.siteUrl.replace(/\/$/, ''),
    auditFolder,
    async close() {
      await served.close();
      stop.abort();
    },
  };
}

/** The answers about queues, which the fake server does not have by itself. */
export const queueRoutes: Routes = ({ path }: FakeRequest) => {
  if (path === '/api/tasks/queue/all/verbose') return { body: {} };
  if (path === '/api/tasks/queue/polldata/all') return { body: [] };
  return undefined;
};

export interface RawReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Sends a request with any headers, also those that `fetch` does not allow. */
export function sendRaw(
  url: string,
  headers: Record<string, string> = {},
  { method = 'GET', body }: { method?: string; body?: string } = {},
): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** An open stream of events. */
export interface OpenStream {
  /** The events so far, as `[topic, message]`. */
  readonly events: [string, Record<string, unknown>][];
  close(): void;
}

/** Opens the stream of topics, as a page does. */
export function openStream(base: string, topics: readonly string[]): Promise<OpenStream> {
  const query = topics.map((topic) => `topic=${encodeURIComponent(topic)}`).join('&');
  const events: OpenStream['events'] = [];
  return new Promise((resolve, reject) => {
    const outgoing = request(`${base}/console/events?${query}`, { agent: false }, (response) => {
      let rest = '';
      response.on('error', () => {}); // the test closes it
      response.on('data', (chunk) => {
        rest += chunk;
        const blocks = rest.split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          const [, topic, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
          if (topic && data) events.push([topic, JSON.parse(data)]);
        }
      });
      resolve({ events, close: () => outgoing.destroy() });
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}
