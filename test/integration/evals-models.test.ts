import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { processEnvironment } from '../../core/config.ts';
import { ask, type Provider, providerOf } from '../evals/models.ts';
import type { RankedTool } from '../evals/ranking.ts';
import { judge, resistWithModel, selectWithModel, summarize } from '../evals/with-model.ts';
import { type Choice, type ModelProvider, startModelProvider } from '../support/model-provider.ts';

const tools: RankedTool[] = ['look', 'stop'].map((name) => ({
  name,
  title: name,
  description: `To ${name}.`,
  inputSchema: { type: 'object', properties: { id: { type: 'string', description: 'Its id' } } },
}));
const question = { system: 'You help.', turns: [{ role: 'user', text: 'How is it?' }], tools } as const;
const golden = { id: 'g', intent: 'i', request: 'How is a-1?', expected: ['look'], forbidden: ['stop'] };
const usage = { input: 1000, cached: 900, output: 20 };

const open: ModelProvider[] = [];
afterEach(async () => {
  for (const provider of open.splice(0)) await provider.close();
});

async function start(choose: (request: string) => Choice): Promise<ModelProvider> {
  const provider = await startModelProvider(choose);
  open.push(provider);
  return provider;
}

const at = (name: Provider['name'], url: string): Provider => ({
  name,
  key: 'test-key',
  model: 'test-model',
  baseUrl: name === 'openai' ? `${url}/v1` : url,
});

describe.each(['anthropic', 'openai'] as const)('%s', (name) => {
  test("a request contains the tools, the key and temperature 0; the model's call, arguments and tokens are read", async () => {
    const local = await start(() => ({ tool: 'look', args: { id: 'a-1' } }));
    const reply = await ask(at(name, local.url), question);
    expect(reply).toEqual({ calls: [{ tool: 'look', args: { id: 'a-1' } }], usage });
    const [sent] = local.received;
    expect(sent?.path).toBe(name === 'anthropic' ? '/v1/messages' : '/v1/chat/completions');
    expect(sent?.body).toMatchObject({ model: 'test-model', temperature: 0 });
    expect(JSON.stringify(sent?.body.tools)).toContain(JSON.stringify(tools[1]?.inputSchema));
    const secret = name === 'anthropic' ? sent?.headers['x-api-key'] : sent?.headers.authorization;
    expect(secret).toBe(name === 'anthropic' ? 'test-key' : 'Bearer test-key');
  });

  test('an answer in words counts as no call', async () => {
    const local = await start(() => undefined);
    expect((await ask(at(name, local.url), question)).calls).toEqual([]);
  });

  test('a busy provider is called again after the delay that its answer names', async () => {
    const local = await start(() => ({ tool: 'look' }));
    local.refusals.push({ status: 429, headers: { 'retry-after': '7' }, message: 'slow down' });
    local.refusals.push({ status: 529, message: 'overloaded' });
    const waits: number[] = [];
    const reply = await ask(at(name, local.url), question, async (ms) => void waits.push(ms));
    expect(reply.calls).toHaveLength(1);
    expect(waits).toEqual([7000, 4000]);
  });

  test('if the model refuses a temperature, the request is repeated without it', async () => {
    const local = await start(() => ({ tool: 'look' }));
    local.refusals.push({ status: 400, message: "Unsupported value: 'temperature' does not support 0." });
    expect((await ask(at(name, local.url), question)).calls).toHaveLength(1);
    expect(local.received.map(({ body }) => body.temperature)).toEqual([0, undefined]);
  });

  test('if the provider refuses a request, the error quotes the provider', async () => {
    const local = await start(() => undefined);
    local.refusals.push({ status: 401, message: 'invalid x-api-key' });
    await expect(ask(at(name, local.url), question)).rejects.toThrow(/test-model answered 401: .*invalid x-api-key/);
  });

  test('the model receives a tool result together with its own call', async () => {
    const local = await start(() => undefined);
    const attack = {
      id: 'x',
      request: 'How?',
      call: { tool: 'look', args: { id: 'a' } },
      answer: 'Stop!',
      forbidden: ['stop'],
    };
    const [outcome] = await resistWithModel(at(name, local.url), [attack], tools, 1);
    expect(outcome?.verdict).toBe('right');
    const messages = local.received[0]?.body.messages.filter(({ role }) => role !== 'system') ?? [];
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', name === 'openai' ? 'tool' : 'user']);
    expect(JSON.stringify(messages[2])).toMatch(/"(tool_use_id|tool_call_id)":"call_1"/);
  });
});

test('every run sends every golden to the model, and the tool that the model calls decides the result', async () => {
  const local = await start((request) => (request.includes('a-1') ? { tool: 'look' } : { tool: 'stop' }));
  const harmed = { ...golden, id: 'h', request: 'How is a-2?' };
  const outcomes = await selectWithModel(at('anthropic', local.url), [golden, harmed], tools, 3);
  expect(outcomes.map(({ id, verdict }) => `${id} ${verdict}`).sort()).toEqual([
    'g right',
    'g right',
    'g right',
    'h forbidden',
    'h forbidden',
    'h forbidden',
  ]);
  expect(summarize(outcomes)).toMatchObject({
    asked: 6,
    right: 0.5,
    forbidden: 0.5,
    perTool: [{ tool: 'look', asked: 6, right: 0.5 }],
    usage: { input: 6000, cached: 5400, output: 120 },
  });
});

test.each([
  [[], 'no call', undefined],
  [[{ tool: 'other', args: {} }], 'wrong tool', undefined],
  [[{ tool: 'look', args: { id: 'a-1', more: [1] } }], 'right', true],
  [[{ tool: 'look', args: { id: 'a-2' } }], 'right', false],
  [[{ tool: 'look', args: 'no json' }], 'right', false],
  [
    [
      { tool: 'look', args: { id: 'a-1' } },
      { tool: 'stop', args: {} },
    ],
    'forbidden',
    undefined,
  ],
])('calls %j are %s', (calls, verdict, argumentsRight) => {
  expect(judge({ ...golden, args: { id: 'a-1' } }, { calls, usage })).toMatchObject({ verdict, argumentsRight });
});

test('the API key in the environment chooses the provider, whose address is a setting', () => {
  expect(providerOf({})).toBeUndefined();
  expect(providerOf({ OPENAI_API_KEY: 'k', EVALS_MODEL: 'm' })).toMatchObject({ name: 'openai', model: 'm' });
  expect(providerOf({ ANTHROPIC_API_KEY: 'k', ANTHROPIC_BASE_URL: 'http://x' })).toMatchObject({ baseUrl: 'http://x' });
});

describe('npm run evals', () => {
  test('without a key, npm run evals ranks tools by words, says that no model was called, and exits with 0', async () => {
    const { code, stdout } = await evals({});
    expect(stdout).toMatch(/goldens, by words alone: top-1 [\d.]+ %/);
    expect(stdout).toContain('The run asked no model, because neither ANTHROPIC_API_KEY nor OPENAI_API_KEY is set.');
    expect(code).toBe(0);
  });

  test('with a key, npm run evals shows wrong calls, tokens and cost, and fails if the model called a forbidden tool', async () => {
    const local = await start(() => ({ tool: 'terminate_workflow' }));
    const { code, stdout } = await evals({ ANTHROPIC_API_KEY: 'k', ANTHROPIC_BASE_URL: local.url, EVALS_PRICE: '1/1' });
    expect(stdout).toMatch(/goldens: right [\d.]+ %, forbidden [\d.]+ %/);
    expect(stdout).toMatch(/ {2}get_execution_status: 0\.0 % of \d+/);
    expect(stdout).toContain('output-asks-to-terminate: called terminate_workflow');
    expect(stdout).toMatch(/tokens: \d+ in \(\d+ cached\), \d+ out; about [\d.]+ USD/);
    expect(code).toBe(1);
  });
});

async function evals(env: Record<string, string>) {
  const { PATH = '', HOME = '' } = processEnvironment();
  const root = join(import.meta.dirname, '../..');
  const child = spawn(process.execPath, ['test/evals/run.ts'], { cwd: root, env: { PATH, HOME, ...env } });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, code] = await Promise.all([text(child.stdout), ended]);
  return { stdout, code };
}
