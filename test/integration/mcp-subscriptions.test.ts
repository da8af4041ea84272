import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport as LegacyTransport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { InMemoryTransport, type JSONRPCMessage } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../core/log.ts';
import { callerOf } from '../../mcp/admission/permissions.ts';
import { readingOf } from '../../mcp/admission/subject.ts';
import type { Feature } from '../../mcp/engine/mcp-server.ts';
import { ChangeBus } from '../../mcp/subscriptions/change-bus.ts';
import { startHttp } from '../../mcp/transports/http.ts';
import type { McpFront } from '../../mcp/transports/mcp-front.ts';
import { SubscriptionTransport } from '../../mcp/transports/subscriptions.ts';
import { frontOf, httpConfig } from '../support/mcp-front.ts';
import { rawRequest } from '../support/raw-mcp.ts';

const WATCHED = 'test://watched';
const info = { name: 'listener', version: '1' };

/** A feature whose tools and resources can change. */
const changing: Feature = {
  capabilities: { tools: { listChanged: true }, resources: { subscribe: true } },
  attach(requests) {
    requests.answer('tools/list', { find: () => readingOf('tools/list', 'none'), handle: () => ({ tools: [] }) });
    requests.answer('resources/list', {
      find: () => readingOf('resources/list', 'none'),
      handle: () => ({ resources: [] }),
    });
  },
};

let changes: ChangeBus;
let front: McpFront;
/** The addresses that are watched now. Each has a function that reports a change of its resource. */
let watched: Map<string, () => void>;
let closing: (() => Promise<unknown>)[];

beforeEach(() => {
  closing = [];
  watched = new Map();
  changes = new ChangeBus();
  changes.addWatcher({
    watch(uri, changed) {
      watched.set(uri, changed);
      return () => watched.delete(uri);
    },
  });
  front = frontOf([changing], { changes });
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
});

async function http(): Promise<URL> {
  const conductor = () => Promise.reject(new Error('no Conductor here'));
  const endpoint = await startHttp({
    ...front,
    conductor,
    config: await httpConfig({ mcpSessions: true }),
    log: silentLogger,
  });
  closing.push(() => endpoint.close());
  return new URL(endpoint.url);
}

function stdio(): InMemoryTransport {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const transport = new SubscriptionTransport(theirs, front.subscriptions);
  const connection = serveStdio((context) => front.build(context, changes), { transport });
  closing.push(() => connection.close());
  return ours;
}

/** A client with a subscription. `heard` contains the notifications that it received; `stop` ends the subscription. */
interface Listener {
  readonly heard: string[];
  stop(): Promise<unknown>;
}

async function listenLegacy(transport: unknown): Promise<Listener> {
  const client = new LegacyClient(info);
  const heard: string[] = [];
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void heard.push(params.uri));
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void heard.push('tools'));
  await client.connect(transport as LegacyTransport); // cast: both libraries declare the same interface
  closing.push(() => client.close());
  await client.subscribeResource({ uri: WATCHED });
  return { heard, stop: () => client.unsubscribeResource({ uri: WATCHED }) };
}

async function listenModern(transport: InMemoryTransport | ModernHttp): Promise<Listener> {
  const client = new ModernClient(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  const heard: string[] = [];
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
  client.setNotificationHandler('notifications/tools/list_changed', () => void heard.push('tools'));
  await client.connect(transport);
  closing.push(() => client.close());
  const filter = { toolsListChanged: true, resourceSubscriptions: [WATCHED] };
  const subscription = await client.listen(filter);
  expect(subscription.honoredFilter).toEqual(filter);
  return { heard, stop: () => subscription.close() };
}

describe.each([
  ['2025-11-25', 'stdio', () => listenLegacy(stdio())],
  ['2025-11-25', 'a session over HTTP', async () => listenLegacy(new LegacyHttp(await http()))],
  ['2026-07-28', 'stdio', () => listenModern(stdio())],
  ['2026-07-28', 'HTTP', async () => listenModern(new ModernHttp(await http()))],
] as const)('a client of %s over %s', (_era, _transport, listen) => {
  test('the client is notified only of changes of lists and of the resource that it subscribed to', async () => {
    const { heard } = await listen();
    // The stream of a session opens later than the client connects, without an event. So report the change repeatedly.
    await expect
      .poll(() => {
        changes.toolsChanged();
        return heard;
      })
      .toContain('tools');
    changes.resourceUpdated('test://other');
    watched.get(WATCHED)?.();
    await expect.poll(() => heard.filter((what) => what !== 'tools')).toEqual([WATCHED]);
  });

  test('its addresses are watched until the client unsubscribes', async () => {
    const { stop } = await listen();
    expect([...watched.keys()]).toEqual([WATCHED]);
    await stop();
    await expect.poll(() => watched.size).toBe(0);
  });

  test('its addresses are watched until the client disconnects', async () => {
    await listen();
    expect(watched.size).toBe(1);
    for (const close of closing.splice(0).reverse()) await close();
    await expect.poll(() => watched.size).toBe(0);
  });
});

test('an address with several subscribers is watched once, until the last one unsubscribes', () => {
  const [first, second] = [changes.follow(WATCHED), changes.follow(WATCHED)];
  first();
  first();
  expect(watched.size).toBe(1);
  second();
  expect(watched.size).toBe(0);
});

describe('subscriptions/listen over stdio', () => {
  /** Connects as a client of the 2026 revision that sends and receives single messages. */
  async function listener(caller = callerOf('viewer')) {
    front = frontOf([changing], { changes, caller });
    const wire = stdio();
    const received: JSONRPCMessage[] = [];
    wire.onmessage = (message) => void received.push(message);
    await wire.start();
    const send = (request: object) => wire.send({ jsonrpc: '2.0', ...request } as JSONRPCMessage);
    return { received, send };
  }

  const listen = JSON.parse(
    String(rawRequest('subscriptions/listen', { notifications: { resourceSubscriptions: [WATCHED] } }, {}).body),
  );

  test('a caller who may not read executions is refused, and nothing is watched', async () => {
    const { received, send } = await listener({ ...callerOf('viewer'), permissions: [] });
    await send(listen);
    await expect
      .poll(() => received)
      .toMatchObject([
        {
          id: listen.id,
          error: {
            code: -32602,
            message: expect.stringContaining('subscriptions/listen needs the permission executions:read'),
          },
        },
      ]);
    expect(watched.size).toBe(0);
  });

  test('nothing is watched if the request is cancelled before its admission', async () => {
    const { received, send } = await listener();
    await send(listen);
    await send({ method: 'notifications/cancelled', params: { requestId: listen.id } });
    await send(JSON.parse(String(rawRequest('tools/list', {}, {}).body)));
    await expect.poll(() => received).toHaveLength(1);
    expect(watched.size).toBe(0);
  });
});
