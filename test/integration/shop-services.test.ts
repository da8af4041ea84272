import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, test } from 'vitest';
import { FleetError } from '../../core/errors.ts';
import { startShop } from '../../examples/shop/start-shop.ts';
import { send, shop } from '../support/shop.ts';

describe('weather, search and probes', () => {
  test('the shop always returns the same weather for a city', async () => {
    const dubai = { city: 'Dubai', temperatureCelsius: 38, conditions: 'clear' };
    expect((await send('GET', '/weather?city=Dubai')).body).toEqual(dubai);
    const made = await send('GET', '/weather?city=Entenhausen');
    expect((await send('GET', '/weather?city=Entenhausen')).body).toEqual(made.body);
  });

  test('the search lists the page with the most matching words first, and finds no page for nonsense', async () => {
    const { results } = (await send('GET', '/search?q=how+does+a+saga+use+compensation%3F')).body;
    expect(results).toMatchObject([{ title: 'Sagas and compensation', source: 'corpus:saga' }, {}]);
    expect((await send('GET', '/search?q=xyzzy')).body).toEqual({ results: [] });
  });

  test('the echo endpoint answers with the requested status code', async () => {
    for (const code of [200, 404, 503]) expect((await send('POST', `/echo/status/${code}`, {})).status).toBe(code);
    expect((await send('GET', '/echo/status/204')).body).toEqual({});
  });

  test('the index page names every endpoint, and /health names the service', async () => {
    expect((await send('GET', '/')).body.endpoints).toContainEqual(expect.objectContaining({ path: '/shipments' }));
    expect((await send('GET', '/health')).body).toMatchObject({ service: 'conductor-fleet-shop', status: 'UP' });
  });
});

describe('the scripted model', () => {
  const complete = (...messages: object[]) =>
    send('POST', '/llm/v1/chat/completions', { model: 'scripted-research-1', messages });

  async function ask(question: string, findings: object[] = []): Promise<string> {
    const { body } = await complete(
      { role: 'system', content: 'You research.' },
      { role: 'user', content: JSON.stringify({ question, round: findings.length + 1, findings }) },
      // Conductor adds this message to a request for JSON output.
      { role: 'user', content: 'Formatting instruction: return the response as json.' },
    );
    expect(body).toMatchObject({ object: 'chat.completion', model: 'scripted-research-1', usage: {} });
    const [choice] = body.choices as { finish_reason: string; message: { content: string } }[];
    expect(choice?.message.content).toContain('[scripted]');
    return choice?.message.content ?? '';
  }
  const decision = async (question: string, findings?: object[]) => JSON.parse(await ask(question, findings));

  test('the scripted model searches first, then requests the weather, and then answers from both', async () => {
    const question = 'What is a saga, and how is the weather in Abu Dhabi?';
    const first = await decision(question);
    expect(first).toMatchObject({ action: 'TOOL', tool: 'search', query: question, confidence: 0.3 });
    const found = { tool: 'search', query: question, text: (await send('GET', '/search?q=saga')).body };
    const second = await decision(question, [found]);
    expect(second).toMatchObject({ action: 'TOOL', tool: 'weather', query: 'Abu Dhabi', confidence: 0.6 });
    const report = JSON.stringify((await send('GET', '/weather?city=Abu+Dhabi')).body);
    const last = await decision(question, [found, { tool: 'weather', query: 'Abu Dhabi', text: report }]);
    expect(last).toMatchObject({ action: 'FINAL', confidence: 0.95 });
    expect(last.answer).toMatch(/undoes finished steps.*In Abu Dhabi it is -?\d+ °C/);
  });

  test('the scripted model assumes Dubai if the question names no city, and requests weather only for a weather question', async () => {
    const found = [{ tool: 'search', query: 'q', text: 'Something.' }];
    expect(await decision('What is the temperature?', found)).toMatchObject({ tool: 'weather', query: 'Dubai' });
    expect(await decision('What is a lease?', found)).toMatchObject({
      action: 'FINAL',
      answer: '[scripted] Something.',
    });
  });

  test('the scripted model uses the content that an MCP tool returned', async () => {
    const text = [{ type: 'text', text: '{"city":"Oslo","temperatureCelsius":4,"conditions":"fog"}' }];
    const { answer } = await decision('Hm?', [{ tool: 'search', query: 'q', text }]);
    expect(answer).toBe('[scripted] In Oslo it is 4 °C, fog.');
  });

  test('the scripted model never answers an unanswerable question', async () => {
    const found = { tool: 'search', query: 'q', text: 'Something.' };
    for (const findings of [[], [found], [found, found, found, found, found]]) {
      expect(await decision('An unanswerable question', findings)).toMatchObject({ action: 'TOOL', confidence: 0.2 });
    }
  });

  test('the first answer of the scripted model to a "malformed" question is not JSON', async () => {
    const question = 'A malformed question';
    const found = [{ tool: 'search', query: 'q', text: 'Something.' }];
    for (const _conversation of [1, 2]) {
      const first = await ask(question);
      expect(() => JSON.parse(first)).toThrow(SyntaxError);
      expect(await decision(question)).toMatchObject({ action: 'TOOL' });
      expect(await decision(question, found)).toMatchObject({ action: 'FINAL' });
    }
  });

  test("errors have the form of the model provider's API", async () => {
    const unknown = await send('POST', '/llm/v1/chat/completions', {
      model: 'm',
      messages: [{ role: 'user', content: 'x' }],
    });
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'model_not_found', param: null } } });
    const empty = await complete();
    expect(empty).toMatchObject({ status: 400, body: { error: { type: 'invalid_request_error' } } });
    expect((await send('GET', '/llm/v1/models')).body.data).toMatchObject([{ id: 'scripted-research-1' }]);
  });
});

describe('the MCP endpoint', () => {
  test('the MCP endpoint answers a tools/call without an initialize', async () => {
    const response = await fetch(`${shop.url}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'get_weather', arguments: { city: 'Dubai' } },
      }),
    });
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('38')]);
  });

  test.each(['legacy', 'auto'] as const)(
    'the MCP endpoint serves a real client with the version negotiation "%s"',
    async (mode) => {
      const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
      await client.connect(new StreamableHTTPClientTransport(new URL(`${shop.url}/mcp`)));
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name)).toEqual(['get_weather', 'search']);
      const { content } = await client.callTool({ name: 'search', arguments: { query: 'saga' } });
      expect(content).toMatchObject([{ type: 'text', text: expect.stringContaining('Sagas and compensation') }]);
      expect(await client.callTool({ name: 'get_weather', arguments: {} })).toMatchObject({ isError: true });
      await client.close();
    },
  );

  test('the MCP endpoint refuses a request from a web page of another origin', async () => {
    const answer = await send(
      'POST',
      '/mcp',
      { jsonrpc: '2.0', id: 1, method: 'tools/list' },
      { origin: 'http://evil.example' },
    );
    expect(answer.status).toBe(403);
  });
});

describe('opening and closing', () => {
  test('if the port is taken, the error names it', async () => {
    const error = await startShop({ port: shop.port }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FleetError);
    expect(error).toMatchObject({
      code: 'environment',
      message: expect.stringContaining(`port ${shop.port} is taken`),
    });
  });

  test('the shop closes without waiting for idle connections or slow answers', async () => {
    const other = await startShop();
    const agent = new Agent({ keepAlive: true });
    const idle = httpRequest(`${other.url}/health`, { agent }).end();
    await once(idle, 'response').then(([response]) => response.resume());
    const ordered = { method: 'POST', body: JSON.stringify({ path: '/flaky/x', delayMs: 60_000 }) };
    await fetch(`${other.url}/faults`, ordered);
    const slow = fetch(`${other.url}/flaky/x`).catch((error: unknown) => error);
    await expect.poll(() => fetch(`${other.url}/faults`).then((response) => response.text())).toContain('"met":1');
    const start = performance.now();
    await other.close();
    expect(performance.now() - start).toBeLessThan(1000);
    expect(await slow).toBeInstanceOf(Error);
    agent.destroy();
  });
});

describe('fleet demo', () => {
  const demo = (url: string) => {
    const child = spawn(process.execPath, ['cli/main.ts', 'demo', '--shop-url', url], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    return { child, output: () => output };
  };

  test('fleet demo opens the shop at the configured address and closes it on Ctrl-C', async () => {
    const free = await startShop();
    await free.close();
    const { child, output } = demo(free.url);
    await expect.poll(output, { timeout: 10_000 }).toContain(`The shop is open at ${free.url}`);
    expect((await fetch(`${free.url}/health`)).status).toBe(200);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('fleet demo exits with 0 if a shop already uses the port, and with an error if another program does', async () => {
    const again = demo(shop.url);
    expect(await once(again.child, 'exit')).toEqual([0, null]);
    expect(again.output()).toContain('Another process has already opened the shop at');

    const stranger = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as { port: number };
    const refused = demo(`http://127.0.0.1:${port}`);
    expect(await once(refused.child, 'exit')).toEqual([1, null]);
    expect(refused.output()).toContain(`port ${port} is taken`);
    stranger.close();
  });
});
