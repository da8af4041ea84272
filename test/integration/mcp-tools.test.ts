import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/client.ts';
import type { Tool } from '../../mcp/define.ts';
import createWorkflow from '../../mcp/tools/create-workflow.ts';
import { type FakeConductor, type FakeRequest, startFakeConductor } from '../support/fake-conductor.ts';
import { toolContext } from '../support/tool-calls.ts';

let fake: FakeConductor;

beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.fault = 'none';
  fake.faultAt = () => true;
  fake.routes = () => undefined;
});

/** Calls a tool's handler as the server would, on a client of the fake. */
async function call(tool: Tool, args: Record<string, unknown>, maxResponseBytes = 100 * 1024) {
  const config = { conductorServerUrl: fake.url, conductorAuthKey: undefined, conductorAuthSecret: undefined };
  const conductor = createConductor(createCaller({ ...config, requestTimeoutMs: 2000 }));
  const answer = await tool.handle(tool.input.parse(args), toolContext(conductor, { maxResponseBytes }));
  return { text: answer.text, structured: tool.output.parse(answer.structured) as Record<string, unknown> };
}

const respond =
  (path: string, body: unknown, status = 200) =>
  (request: FakeRequest) =>
    request.path === path ? { status, body } : undefined;

describe('create_workflow', () => {
  const tasks = [{ name: 'set', taskReferenceName: 'set', type: 'SET_VARIABLE' }];
  const accept = ({ method, path }: FakeRequest) =>
    method !== 'GET' && path.startsWith('/api/metadata/workflow') ? { body: '' } : undefined;

  test('the server is asked to validate before anything is stored', async () => {
    fake.routes = accept;
    const before = fake.requests.length;
    await call(createWorkflow, { name: 'new_flow', tasks, timeoutSeconds: 9 });
    const made = fake.requests.slice(before);
    expect(made.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /api/metadata/workflow/validate',
      'POST /api/metadata/workflow',
    ]);
    expect(made[1]?.body).toEqual({
      name: 'new_flow',
      version: 1,
      schemaVersion: 2,
      tasks,
      timeoutSeconds: 9,
      timeoutPolicy: 'TIME_OUT_WF',
    });
  });

  test('an existing version is a conflict that names the two ways on', async () => {
    fake.routes = (request) =>
      respond('/api/metadata/workflow', { status: 409, message: 'exists' }, 409)(request) ?? accept(request);
    await expect(call(createWorkflow, { name: 'old_flow', tasks, version: 3 })).rejects.toMatchObject({
      code: 'conflict',
      remedy: 'Call create_workflow with "version":4 for a new version, or with "overwrite":true to replace this one.',
    });
  });

  test('a definition over 100,000 characters is refused before it is sent', async () => {
    const before = fake.requests.length;
    const large = [{ ...tasks[0], inputParameters: { text: 'x'.repeat(100_000) } }];
    await expect(call(createWorkflow, { name: 'large_flow', tasks: large })).rejects.toMatchObject({ code: 'input' });
    expect(fake.requests).toHaveLength(before);
  });

  test.each(['', 'a b', 'a/b', '../x', 'x'.repeat(101)])('a name that is not allowed is refused: %j', (name) => {
    expect(createWorkflow.input.safeParse({ name, tasks }).success).toBe(false);
  });
});
