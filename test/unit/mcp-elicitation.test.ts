import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport as LegacyTransport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CreateMessageRequestSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { createMcpHandler, InMemoryTransport, Server, type Transport } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { capabilitiesOf } from '../../mcp/engine/client-capabilities.ts';
import { createElicitation, type Elicitation, InputNeeded } from '../../mcp/engine/elicitation.ts';
import { requestStates } from '../../mcp/signing/request-states.ts';
import { stateKeyOf } from '../../mcp/signing/state-key.ts';

type Handler = (client: Elicitation) => Promise<string>;
type Answer =
  | { action: 'accept'; content: Record<string, string | number | boolean | string[]> }
  | { action: 'decline' | 'cancel' };

/**
 * The answers of a client's person (`elicit`) and of its model (`sample`). Without one of these functions, the client lacks that
 * capability.
 */
interface Answering {
  elicit?: (message: string) => Answer;
  sample?: (prompt: string) => string;
}

const key = stateKeyOf('a key that all processes of this test share');
const about = ({ name, arguments: args }: { name: string; arguments?: unknown }) => ({ name, arguments: args });

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Returns a server with one tool, which runs the given handler. */
function serverOf(handler: Handler, caller = () => 'ann'): () => Server {
  return () => {
    const server = new Server({ name: 'elicits', version: '1' }, { capabilities: { tools: {} } });
    server.setRequestHandler('tools/call', async ({ params }, context) => {
      try {
        const states = requestStates(key, { id: caller() }, about(params));
        const text = await handler(
          await createElicitation(context, capabilitiesOf(context, server.getClientCapabilities()), states),
        );
        return { content: [{ type: 'text', text }] };
      } catch (error) {
        if (error instanceof InputNeeded) return error.result;
        throw error;
      }
    });
    return server;
  };
}

function capabilitiesFor({ elicit, sample }: Answering) {
  return { capabilities: { ...(elicit && { elicitation: {} }), ...(sample && { sampling: {} }) } };
}

const info = { name: 'asked', version: '1' };
const textBlock = z.object({ content: z.array(z.object({ text: z.string() })) });
const textIn = (result: unknown) => textBlock.parse(result).content[0]?.text;
const promptIn = (content: unknown) => z.object({ text: z.string() }).parse(content).text;
const spoken = (text: string) => ({ role: 'assistant' as const, model: 'm', content: { type: 'text' as const, text } });

async function callLegacy(transport: Transport, { elicit, sample }: Answering) {
  const client = new LegacyClient(info, capabilitiesFor({ ...(elicit && { elicit }), ...(sample && { sample }) }));
  if (elicit) client.setRequestHandler(ElicitRequestSchema, ({ params }) => elicit(params.message));
  if (sample) {
    client.setRequestHandler(CreateMessageRequestSchema, ({ params }) =>
      spoken(sample(promptIn(params.messages[0]?.content))),
    );
  }
  await client.connect(transport as LegacyTransport); // safe: both libraries declare the same interface
  closing.push(() => client.close());
  return textIn(await client.callTool({ name: 'ask' }));
}

async function callModern(
  transport: ConstructorParameters<typeof StreamableHTTPClientTransport> | Transport,
  answering: Answering,
) {
  const { elicit, sample } = answering;
  const client = new ModernClient(info, {
    ...capabilitiesFor(answering),
    versionNegotiation: { mode: { pin: '2026-07-28' } },
  });
  if (elicit) client.setRequestHandler('elicitation/create', ({ params }) => elicit(params.message));
  if (sample) {
    client.setRequestHandler('sampling/createMessage', ({ params }) =>
      spoken(sample(promptIn(params.messages[0]?.content))),
    );
  }
  await client.connect(Array.isArray(transport) ? new StreamableHTTPClientTransport(...transport) : transport);
  closing.push(() => client.close());
  return textIn(await client.callTool({ name: 'ask' }));
}

function stdioOf(handler: Handler): Transport {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const connection = serveStdio(serverOf(handler), { transport: theirs });
  closing.push(() => connection.close());
  return ours;
}

/** Each request gets its own server, as if a load balancer sent it to another process. */
function httpOf(handler: Handler): ConstructorParameters<typeof StreamableHTTPClientTransport> {
  const serve = async (url: string | URL, init?: RequestInit) => {
    const process = createMcpHandler(serverOf(handler));
    return process.fetch(new Request(url, init));
  };
  return [new URL('http://localhost/mcp'), { fetch: serve }];
}

const ways = [
  ['2025-11-25 over stdio', (handler: Handler, answering: Answering) => callLegacy(stdioOf(handler), answering)],
  ['2026-07-28 over stdio', (handler: Handler, answering: Answering) => callModern(stdioOf(handler), answering)],
  ['2026-07-28 over HTTP', (handler: Handler, answering: Answering) => callModern(httpOf(handler), answering)],
] as const;

const age = { message: 'How old?', requestedSchema: z.object({ years: z.int().min(0) }) };

describe.each(ways)('a client of %s', (_way, call) => {
  test('the client shows the form, and the handler gets the values that the person entered', async () => {
    const asked: string[] = [];
    const elicit = (message: string): Answer => {
      asked.push(message);
      return { action: 'accept', content: { years: 41 } };
    };
    const handler: Handler = async (client) => JSON.stringify(await client.elicit('age', age));
    expect(await call(handler, { elicit })).toBe('{"action":"accept","content":{"years":41}}');
    expect(asked).toEqual(['How old?']);
  });

  test.each(['decline', 'cancel'] as const)('the handler learns that the person chose to %s', async (action) => {
    const handler: Handler = async (client) => JSON.stringify(await client.elicit('age', age));
    expect(await call(handler, { elicit: () => ({ action }) })).toBe(`{"action":"${action}"}`);
  });

  test('if the answer does not match the schema, the client is asked again', async () => {
    const entered = [-1, 7];
    const elicit = (): Answer => ({ action: 'accept', content: { years: entered.shift() ?? 0 } });
    const handler: Handler = async (client) => JSON.stringify(await client.elicit('age', age));
    expect(await call(handler, { elicit })).toBe('{"action":"accept","content":{"years":7}}');
  });

  test('the client gets the questions one after the other, and each question only once', async () => {
    const asked: string[] = [];
    const elicit = (message: string): Answer => {
      asked.push(message);
      return { action: 'accept', content: message === 'How old?' ? { years: 5 } : { sure: true } };
    };
    const sample = (prompt: string) => {
      asked.push(prompt);
      return 'a poem';
    };
    const handler: Handler = async (client) => {
      const first = await client.elicit('age', age);
      const poem = await client.sample('poem', { prompt: 'A poem!', maxTokens: 10 });
      const last = await client.elicit('sure', { message: 'Sure?', requestedSchema: z.object({ sure: z.boolean() }) });
      return JSON.stringify([first, poem, last]);
    };
    expect(JSON.parse((await call(handler, { elicit, sample })) ?? '')).toEqual([
      { action: 'accept', content: { years: 5 } },
      'a poem',
      { action: 'accept', content: { sure: true } },
    ]);
    expect(asked).toEqual(['How old?', 'A poem!', 'Sure?']);
  });

  test('a client without elicitation and sampling gets no question', async () => {
    const handler: Handler = async (client) =>
      `${await client.elicit('age', age)} ${await client.sample('poem', { prompt: 'A poem!', maxTokens: 10 })}`;
    expect(await call(handler, {})).toBe('undefined undefined');
  });
});

test('a client of 2025 over HTTP without a session gets no question, because its answer could not be delivered', async () => {
  const process = createMcpHandler(serverOf(async (client) => `${await client.elicit('age', age)}`));
  const response = await process.fetch(
    new Request('http://localhost/mcp', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'ask' } }),
    }),
  );
  expect(await response.text()).toContain('"text":"undefined"');
});

test('a request state that the server did not create is refused', async () => {
  const url = new URL('http://localhost/mcp');
  const handle = createMcpHandler(serverOf(async () => 'answered'));
  const forge = async (_url: string | URL, init?: RequestInit) => {
    const body = JSON.parse(String(init?.body ?? '{}'));
    if (body.method === 'tools/call') body.params.requestState = '{"half';
    return handle.fetch(new Request(url, { ...init, body: init?.body ? JSON.stringify(body) : null }));
  };
  await expect(callModern([url, { fetch: forge }], {})).rejects.toThrow('Invalid requestState');
});

describe('S: a request state and the answers that belong to it', () => {
  const sure = { message: 'Sure?', requestedSchema: z.object({ sure: z.boolean() }) };
  const handler: Handler = async (client) => JSON.stringify(await client.elicit('sure', sure));
  const yes = { sure: { action: 'accept', content: { sure: true } } };
  let caller = 'ann';

  /** Sends one request of the 2026 revision. Each request gets a server of its own, which knows the caller. */
  async function send(params: Record<string, unknown>) {
    const served = createMcpHandler(serverOf(handler, () => caller));
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': info,
      'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
    };
    const response = await served.fetch(
      new Request('http://localhost/mcp', {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Accept: 'application/json, text/event-stream',
          'MCP-Protocol-Version': '2026-07-28',
          'Mcp-Method': 'tools/call',
          'Mcp-Name': 'ask',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'ask', ...params, _meta },
        }),
      }),
    );
    const text = await response.text();
    return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text);
  }
  const stateFor = async (params: Record<string, unknown> = {}): Promise<string> => {
    const { result } = await send(params);
    expect(result).toMatchObject({ resultType: 'input_required', inputRequests: { sure: expect.anything() } });
    return result.requestState;
  };
  beforeEach(() => {
    caller = 'ann';
  });

  test('an answer counts if it comes back with the state of its question', async () => {
    const requestState = await stateFor({ arguments: { a: 1, b: 2 } });
    const { result } = await send({ arguments: { b: 2, a: 1 }, requestState, inputResponses: yes });
    expect(result.content[0].text).toBe('{"action":"accept","content":{"sure":true}}');
  });

  test("a client cannot make up a person's yes: without the state of the question, the question is asked", async () => {
    const { result } = await send({ inputResponses: yes });
    expect(result).toMatchObject({ resultType: 'input_required' });
  });

  test('a state is refused if it was changed, or used by another caller or with other arguments', async () => {
    const requestState = await stateFor({ arguments: { a: 1 } });
    const refused = { error: { code: -32602, message: expect.stringContaining('Invalid requestState') } };
    const [version, body = '', mac] = requestState.split('.');
    const payload = JSON.parse(Buffer.from(body, 'base64url').toString());
    const edited = Buffer.from(JSON.stringify({ ...payload, p: { asked: 'other', answers: yes } })).toString(
      'base64url',
    );
    const base = { arguments: { a: 1 }, inputResponses: yes };
    expect(await send({ ...base, requestState: `${version}.${edited}.${mac}` })).toMatchObject(refused);
    expect(await send({ ...base, requestState: JSON.stringify(yes) })).toMatchObject(refused);
    expect(await send({ ...base, arguments: { a: 2 }, requestState })).toMatchObject(refused);
    caller = 'bob';
    expect(await send({ ...base, requestState })).toMatchObject(refused);
    caller = 'ann';
    expect(await send({ ...base, requestState })).toMatchObject({ result: { content: expect.anything() } });
  });
});
