import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { discover } from '../../core/content/discover.ts';
import { isTool, type Tool } from '../../mcp/engine/define-tool.ts';
import { listingOf } from '../../mcp/engine/tool-listing.ts';
import { type FakeConductor, type Fault, startFakeConductor } from '../support/fake-conductor.ts';
import { type Answer, connect, type McpClient } from '../support/mcp-clients.ts';
import { stdioTarget } from '../support/mcp-process.ts';
import { TEST_STATE_KEY } from '../support/tool-calls.ts';
import { examples } from '../support/tool-examples.ts';

type Json = Record<string, unknown>;

const tools = await discover(new URL('../../mcp/tools/', import.meta.url), isTool, 'tool');
const byName = new Map(tools.map((tool) => [tool.name, tool]));
const named = tools.map((tool) => [tool.name, tool] as const);
const online = named.filter(([name]) => !examples[name]?.needsNoServer);

let fake: FakeConductor;
let client: McpClient;
let offline: McpClient;

const settings = (url: string) => ({
  CONDUCTOR_SERVER_URL: url,
  CONDUCTOR_REQUEST_TIMEOUT_MS: '300',
  MCP_TOOLSETS: 'all',
  RATE_LIMIT_RPM: '1000000',
  MCP_STATE_KEY: TEST_STATE_KEY,
});

beforeAll(async () => {
  fake = await startFakeConductor();
  [client, offline] = await Promise.all([
    connect('2025-11-25', stdioTarget(settings(fake.url))),
    connect('2025-11-25', stdioTarget(settings('http://127.0.0.1:9/api'))),
  ]);
}, 60_000);
afterAll(async () => {
  await Promise.all([client.close(), offline.close()]);
  await fake.close();
});
beforeEach(() => {
  fake.fault = 'none';
  fake.routes = () => undefined;
});

/** Returns the parameters of a tool as clients see them. */
function parametersOf(tool: Tool): [name: string, schema: Json][] {
  return Object.entries(listingOf(tool).inputSchema.properties as Record<string, Json>);
}

const requiredBy = (tool: Tool) => (listingOf(tool).inputSchema.required ?? []) as string[];
const exampleOf = (name: string): Json => {
  const example = examples[name];
  if (!example) throw new Error(`test/support/tool-examples.ts has no example for ${name}. Add one.`);
  return { ...example.args };
};

/** Expects that the answer says that the call failed, what kind of failure it is, and what to do next. */
function mustHaveFailed({ isError, text }: Answer, code: RegExp): void {
  expect(isError, text).toBe(true);
  expect(text).toMatch(code);
  expect(text).toMatch(/You can fix this|The person who|This call cannot succeed|You may repeat|Check whether/);
  expect(text.length).toBeLessThan(6000);
  for (const [, name = '', json = ''] of text.matchAll(/\b([a-z]+(?:_[a-z]+)+) (\{.*\})/g)) {
    const advised = byName.get(name);
    if (advised) expect(advised.input.safeParse(JSON.parse(json)).error?.issues, `${name} ${json}`).toBeUndefined();
  }
}

const WRONG: Readonly<Record<string, unknown>> = {
  string: { an: 'object' },
  integer: 'many',
  number: 'many',
  boolean: 'perhaps',
  array: 17,
  object: 17,
};

describe.each(named)('%s refuses arguments that', (name, tool) => {
  const refused = async (args: Json) => mustHaveFailed(await client.call(name, args), /^Error \(input\)/);

  test('have a wrong type', async () => {
    for (const [parameter, schema] of parametersOf(tool)) {
      const wrong = WRONG[String(schema.type)];
      if (wrong !== undefined) await refused({ ...exampleOf(name), [parameter]: wrong });
    }
  });

  test('lack a required parameter', async () => {
    for (const parameter of requiredBy(tool)) {
      const { [parameter]: _, ...rest } = exampleOf(name);
      await refused(rest);
    }
  });

  test('have an unknown parameter', async () => {
    await refused({ ...exampleOf(name), no_such_parameter: 1 });
  });

  test('are too long', async () => {
    const long = 'x'.repeat(1_500_000);
    const texts = parametersOf(tool).filter(([, { type, enum: values }]) => type === 'string' && values === undefined);
    for (const [parameter] of texts) await refused({ ...exampleOf(name), [parameter]: long });
  });
});

const ELSEWHERE = '../metadata/taskdefs/hidden?x=';

test.each(named)('the arguments of %s cannot change the path of its requests', async (name, tool) => {
  const before = fake.requests.length;
  const texts = parametersOf(tool).filter(([, { type, enum: values }]) => type === 'string' && values === undefined);
  for (const [parameter] of texts) {
    await client.call(name, { ...exampleOf(name), [parameter]: ELSEWHERE });
    await client.call(name, { ...exampleOf(name), [parameter]: '..' });
  }
  const paths = fake.requests.slice(before).map(({ path }) => path);
  expect(paths.filter((path) => path.includes('taskdefs/hidden') || !path.startsWith('/api/'))).toEqual([]);
});

describe('a tool returns an error if the server fails', () => {
  test.each(online)('%s returns an error if the server answers 404 to every request', async (name) => {
    fake.routes = () => ({ status: 404, body: { status: 404, message: 'No such thing', retryable: false } });
    mustHaveFailed(await client.call(name, exampleOf(name)), /^Error \((not-found|input|conflict)\)/);
  });

  const faults: Fault[] = ['html', 'error-500', 'bad-json', 'wrong-shape', 'slow', 'hang-up'];
  test.each(online.flatMap(([name]) => faults.map((fault) => [name, fault] as const)))(
    '%s returns an error if the server has the fault %s',
    async (name, fault) => {
      fake.fault = fault;
      mustHaveFailed(await client.call(name, exampleOf(name)), /^Error \(upstream\)/);
    },
  );

  test.each(online)('%s returns an error without a server', async (name) => {
    const answer = await offline.call(name, exampleOf(name));
    mustHaveFailed(answer, /^Error \(upstream\): .*http:\/\/127\.0\.0\.1:9\/api/);
  });
});
