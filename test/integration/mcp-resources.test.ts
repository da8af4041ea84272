import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { discover } from '../../core/content/discover.ts';
import { isTool } from '../../mcp/engine/define-tool.ts';
import { readTemplate } from '../../mcp/reading/address.ts';
import { isPrompt } from '../../mcp/reading/define-prompt.ts';
import { isResource } from '../../mcp/reading/define-resource.ts';
import { executionWatcher } from '../../mcp/subscriptions/execution-watcher.ts';
import { type FakeConductor, fakeExecution, fakeTask, startFakeConductor } from '../support/fake-conductor.ts';
import { connect, type McpClient } from '../support/mcp-clients.ts';
import { stdioTarget } from '../support/mcp-process.ts';
import { conductorAt } from '../support/tool-calls.ts';

const folder = (name: string) => new URL(`../../mcp/${name}/`, import.meta.url);
const resources = await discover(folder('resources'), isResource, 'resource');
const prompts = await discover(folder('prompts'), isPrompt, 'prompt');
const tools = await discover(folder('tools'), isTool, 'tool');

let fake: FakeConductor;
let client: McpClient;

beforeAll(async () => {
  fake = await startFakeConductor();
  client = await connect('2025-11-25', stdioTarget({ CONDUCTOR_SERVER_URL: fake.url, RATE_LIMIT_RPM: '100000' }));
});
afterAll(async () => {
  await client.close();
  await fake.close();
});
beforeEach(() => {
  fake.fault = 'none';
  fake.routes = () => undefined;
});

const part = z.looseObject({ uri: z.string(), mimeType: z.string(), text: z.string() });
const read = async (uri: string) =>
  z.object({ contents: z.array(part) }).parse(await client.reads.readResource({ uri })).contents;

describe.each(resources.map((resource) => [resource.name, resource] as const))('the resource %s', (_name, resource) => {
  test('the resource has a parameter for every name in its address, and completions only for these', () => {
    const names = [...readTemplate(resource.uriTemplate).names].sort();
    expect(Object.keys(resource.params.shape).sort()).toEqual(names);
    expect(names).toEqual(expect.arrayContaining(Object.keys(resource.complete ?? {})));
    expect(resource.description).toMatch(/\.$/);
  });
});

describe.each(prompts.map((prompt) => [prompt.name, prompt] as const))('the prompt %s', (name, prompt) => {
  test('describes its arguments', async () => {
    const { prompts: listed } = z
      .object({ prompts: z.array(z.looseObject({ name: z.string(), arguments: z.array(z.looseObject({})) })) })
      .parse(await client.reads.listPrompts());
    for (const argument of listed.find((one) => one.name === name)?.arguments ?? []) {
      expect(argument).toMatchObject({ description: expect.stringMatching(/./) });
    }
    expect(prompt.description).toMatch(/\.$/);
  });

  test('the prompt suggests only calls that exist, with valid arguments', async () => {
    const args: Record<string, string> = { goal: 'Greets.', executionId: 'exec-1', hours: '24' };
    const own = Object.fromEntries(Object.keys(prompt.arguments.shape).map((key) => [key, args[key] ?? '']));
    const { messages } = z
      .object({ messages: z.array(z.object({ content: z.looseObject({ text: z.string().optional() }) })) })
      .parse(await client.reads.getPrompt({ name, arguments: own }));
    const text = messages.map(({ content }) => content.text ?? '').join('\n');
    const calls = [...text.matchAll(/\b([a-z]+(?:_[a-z]+)+) (\{.*?\})(?=[\s.;:,]|$)/g)];
    expect(calls.length).toBeGreaterThan(1);
    for (const [call, toolName, json = ''] of calls) {
      const tool = tools.find((one) => one.name === toolName);
      if (tool) expect(tool.input.safeParse(JSON.parse(json)).error, call).toBeUndefined();
    }
  });
});

describe('resources/read', () => {
  test.each([
    ['conductor://nothing', /There is no resource/],
    ['conductor://executions/exec-404', /There is no execution exec-404/],
    ['conductor://workflows/nope', /There is no workflow named "nope"/],
    ['conductor://workflows/fake_flow/9', /fake_flow has no version 9.*\n.*\nNext: Its versions are 1\./],
    ['conductor://executions/exec-1/tasks/nope/output', /has no task "nope".*\n.*\nNext: Its tasks are first\./],
    ['conductor://workflows/%2E%2E', /There is no resource/],
    ['conductor://workflows/%', /There is no resource/],
  ])('for %s, the error says that it is not found and what to do next', async (uri, sentence) => {
    if (uri.includes('fake_flow/9')) {
      fake.routes = ({ path, query }) =>
        path === '/api/metadata/workflow/fake_flow' && query.get('version') === '9'
          ? { status: 404, body: { status: 404, message: 'none' } }
          : undefined;
    }
    await expect(client.reads.readResource({ uri })).rejects.toMatchObject({
      code: -32602,
      message: expect.stringMatching(sentence),
      data: { uri },
    });
  });

  test.each([
    ['conductor://executions/..%2Fsearch', /executionId must be an id/],
    ['conductor://executions/exec-1/diagram?format=png', /format must be one of svg, mermaid, text/],
    ['conductor://executions/exec-1?more=1', /no parameter "more"/],
    ['conductor://executions/exec-1?offset=-1', /offset must be/],
  ])('the MCP server refuses %s without a request to Conductor', async (uri, sentence) => {
    const before = fake.requests.length;
    await expect(client.reads.readResource({ uri })).rejects.toThrow(sentence);
    expect(fake.requests).toHaveLength(before);
  });

  test('a name with a space, a percent sign and a question mark reaches Conductor as one segment of the path', async () => {
    const name = 'b c%2F?';
    fake.routes = ({ path }) =>
      path === `/api/metadata/workflow/${encodeURIComponent(name)}`
        ? { body: { name, version: 1, tasks: [] } }
        : undefined;
    const [content] = await read(`conductor://workflows/${encodeURIComponent(name)}`);
    expect(JSON.parse(content?.text ?? '')).toMatchObject({ name });
  });

  test('D8: a name with a slash is refused before Conductor is called', async () => {
    const uri = `conductor://workflows/${encodeURIComponent('a/../b c')}`;
    const before = fake.requests.length;
    await expect(read(uri)).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('it contains "/"'),
    });
    expect(fake.requests).toHaveLength(before);
  });

  test.each(['html', 'error-500', 'bad-json', 'wrong-shape', 'hang-up'] as const)(
    'a read fails if Conductor answers with the fault %s',
    async (fault) => {
      fake.fault = fault;
      for (const uri of ['conductor://executions/exec-1', 'conductor://executions/exec-1/output']) {
        await expect(client.reads.readResource({ uri })).rejects.toMatchObject({
          code: -32603,
          message: expect.stringMatching(/Error \(upstream\)/),
        });
      }
    },
  );

  test('a long text is sent in parts within the limit, which together are the whole text', async () => {
    const output = { text: 'é"\\'.repeat(60_000) };
    fake.routes = ({ path }) => (path === '/api/workflow/exec-1' ? { body: fakeExecution({ output }) } : undefined);
    let uri: string | undefined = 'conductor://executions/exec-1/output';
    let whole = '';
    while (uri !== undefined) {
      const contents: z.output<typeof part>[] = await read(uri);
      expect(Buffer.byteLength(JSON.stringify(contents))).toBeLessThan(100 * 1024);
      whole += contents[0]?.text;
      uri = contents[1]?.uri;
    }
    expect(JSON.parse(whole)).toEqual(output);
  });

  test('the resource of an execution shows its tasks, and contains addresses instead of large values', async () => {
    const tasks = [fakeTask({ status: 'FAILED', reasonForIncompletion: 'Out of stock.' })];
    const execution = fakeExecution({ status: 'FAILED', output: { text: 'x'.repeat(5000) }, tasks });
    fake.routes = ({ path }) => (path === '/api/workflow/exec-1' ? { body: execution } : undefined);
    const [content] = await read('conductor://executions/exec-1');
    expect(JSON.parse(content?.text ?? '')).toMatchObject({
      status: 'FAILED',
      error: { taskRef: 'first', reason: 'Out of stock.' },
      outputUri: 'conductor://executions/exec-1/output',
      tasks: [{ ref: 'first', status: 'FAILED', reason: 'Out of stock.' }],
    });
  });
});

test('the list always contains resources without parameters, and contains definitions while Conductor answers', async () => {
  const uris = async () =>
    z
      .object({ resources: z.array(z.looseObject({ uri: z.string() })) })
      .parse(await client.reads.listResources())
      .resources.map(({ uri }) => uri);
  expect(await uris()).toEqual(expect.arrayContaining(['conductor://workflows', 'conductor://workflows/fake_flow']));
  fake.fault = 'hang-up';
  // The cache uses its index of versions for two seconds.
  await expect.poll(uris, { timeout: 5000 }).not.toContain('conductor://workflows/fake_flow');
  expect(await uris()).toContain('conductor://workflows');
});

test('a completion for an unknown prompt fails', async () => {
  await expect(
    client.reads.complete({ ref: { type: 'ref/prompt', name: 'nope' }, argument: { name: 'a', value: '' } }),
  ).rejects.toThrow(/There is no prompt "nope"/);
});

test('the MCP server reads an execution repeatedly only while it has a subscriber', async () => {
  let status = 'RUNNING';
  fake.routes = ({ path }) =>
    path === '/api/workflow/exec-1' ? { body: fakeExecution({ status, tasks: [] }) } : undefined;
  const conductor = conductorAt(fake.url);
  const watcher = executionWatcher(async () => conductor);
  expect(watcher.watch('conductor://workflows', () => {})).toBeUndefined();
  const looks = () => fake.requests.filter(({ path }) => path === '/api/workflow/exec-1').length;
  const before = looks();
  let told = 0;
  const end = watcher.watch('conductor://executions/exec-1', () => (told += 1));
  await expect.poll(looks).toBe(before + 1);
  await expect.poll(looks, { timeout: 5000 }).toBe(before + 2);
  expect(told).toBe(0);
  status = 'PAUSED';
  await expect.poll(() => told, { timeout: 5000 }).toBe(1);
  end?.();
  conductor.close();
});
