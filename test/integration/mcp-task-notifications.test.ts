import { InMemoryTransport, type JSONRPCMessage } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../../core/log.ts';
import { startHttp } from '../../mcp/transports/http.ts';
import type { McpFront } from '../../mcp/transports/mcp-front.ts';
import { SubscriptionTransport } from '../../mcp/transports/subscriptions.ts';
import { createFixture } from '../conformance/create-fixture.ts';
import { httpConfig } from '../support/mcp-front.ts';
import { ASKS_TOO, FOLLOWS_TASKS, rawRequest } from '../support/raw-mcp.ts';

const message = z.looseObject({
  id: z.unknown().optional(),
  method: z.string().optional(),
  params: z.looseObject({}).optional(),
  result: z.looseObject({}).optional(),
});
type Message = z.output<typeof message>;

/** A connection of the 2026 revision for single messages. */
interface Wire {
  /** The messages received so far, in order. */
  readonly received: Message[];
  send(method: string, params: Record<string, unknown>, capabilities?: object): void;
}

let front: McpFront;
let closing: (() => Promise<unknown>)[];
beforeEach(() => {
  closing = [];
  front = createFixture();
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
});

async function stdio(): Promise<Wire> {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const { build, subscriptions } = front;
  const transport = new SubscriptionTransport(theirs, subscriptions);
  const connection = serveStdio((context) => build(context, subscriptions.changes), { transport });
  closing.push(() => connection.close());
  const received: Message[] = [];
  ours.onmessage = (incoming) => void received.push(message.parse(incoming));
  await ours.start();
  return {
    received,
    send(method, params, capabilities = FOLLOWS_TASKS) {
      const { body } = rawRequest(method, params, capabilities);
      void ours.send(JSON.parse(String(body)) as JSONRPCMessage);
    },
  };
}

async function http(): Promise<Wire> {
  const conductor = () => Promise.reject(new Error('no Conductor here'));
  const endpoint = await startHttp({
    ...front,
    conductor,
    config: await httpConfig(),
    log: silentLogger,
  });
  const ends = new AbortController();
  closing.push(
    () => endpoint.close(),
    async () => ends.abort(),
  );
  const received: Message[] = [];

  async function exchange(request: RequestInit): Promise<void> {
    const response = await fetch(endpoint.url, { ...request, signal: ends.signal });
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const text = decoder.decode(chunk, { stream: true });
      const lines = text.startsWith('{') ? [text] : [...text.matchAll(/^data: (.+)$/gm)].map(([, data = '']) => data);
      received.push(...lines.map((line) => message.parse(JSON.parse(line))));
    }
  }
  return {
    received,
    send(method, params, capabilities = FOLLOWS_TASKS) {
      exchange(rawRequest(method, params, capabilities)).catch((error: unknown) => {
        if (!ends.signal.aborted) throw error;
      });
    },
  };
}

const told = ({ received }: Wire) => received.filter(({ method }) => method === 'notifications/tasks');

async function answerTo(wire: Wire, name: string, args: object): Promise<Record<string, unknown>> {
  const before = wire.received.length;
  wire.send('tools/call', { name, arguments: args }, ASKS_TOO);
  await expect.poll(() => wire.received.slice(before).some(({ result }) => result)).toBe(true);
  return wire.received.slice(before).find(({ result }) => result)?.result ?? {};
}

async function acknowledged(wire: Wire) {
  const ack = () => wire.received.find(({ method }) => method === 'notifications/subscriptions/acknowledged');
  await expect.poll(ack).toBeDefined();
  return ack()?.params?.notifications;
}

describe.each([
  ['stdio', stdio],
  ['HTTP', http],
])('a client that subscribes to a task over %s', (_transport, open) => {
  test('the client gets a notification with the result when the task has ended', async () => {
    const wire = await open();
    const { taskId } = await answerTo(wire, 'slow_compute', { seconds: 2, label: 'heard' });
    const resource = 'test://watched-resource';
    wire.send('subscriptions/listen', { notifications: { taskIds: [taskId], resourceSubscriptions: [resource] } });
    expect(await acknowledged(wire)).toEqual({ taskIds: [taskId], resourceSubscriptions: [resource] });
    await expect.poll(() => told(wire).length, { timeout: 10_000 }).toBe(1);
    expect(told(wire)[0]?.params).toMatchObject({
      taskId,
      status: 'completed',
      result: { content: [{ text: 'Computed heard' }] },
      _meta: { 'io.modelcontextprotocol/subscriptionId': expect.anything() },
    });
    front.subscriptions.changes.resourceUpdated(resource);
    await expect.poll(() => wire.received.at(-1)?.params).toMatchObject({ uri: resource });
  });

  test('a client without the tasks extension cannot subscribe to tasks', async () => {
    const wire = await open();
    const { taskId } = await answerTo(wire, 'slow_compute', { seconds: 1, label: 'unheard' });
    const listed = { taskIds: [taskId], toolsListChanged: true };
    wire.send('subscriptions/listen', { notifications: listed }, {});
    expect(await acknowledged(wire)).toEqual({ toolsListChanged: true });
  });

  test('a client cannot subscribe to a task through a forged resource address', async () => {
    const wire = await open();
    const { taskId } = await answerTo(wire, 'slow_compute', { seconds: 1, label: 'guessed' });
    const resourceSubscriptions = [`task:plain:${String(taskId)}`];
    wire.send('subscriptions/listen', { notifications: { toolsListChanged: true, resourceSubscriptions } }, {});
    expect(await acknowledged(wire)).toEqual({ toolsListChanged: true });
  });
});
