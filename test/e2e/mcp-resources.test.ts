import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { z } from 'zod';
import { connect, eras, type McpClient } from '../support/mcp-clients.ts';
import { stdioTarget } from '../support/mcp-process.ts';
import { realConductor, unique } from '../support/product.ts';

/** On a busy machine, vitest's default of one second is too short. */
const PATIENT = { timeout: 20_000 };

const env = { CONDUCTOR_SERVER_URL: inject('conductorServerUrl'), RATE_LIMIT_RPM: '100000' };
const conductor = realConductor();
const name = unique('res_waits');
const large = 'x'.repeat(150_000);
/** Executions that the clean-up after the tests terminates. */
const open: string[] = [];

const contents = z.object({
  contents: z.array(z.looseObject({ uri: z.string(), mimeType: z.string(), text: z.string() })),
});
const completion = z.object({ completion: z.object({ values: z.array(z.string()) }) });

beforeAll(async () => {
  await conductor.createWorkflowDef({
    name,
    version: 1,
    schemaVersion: 2,
    tasks: [
      {
        name: 'big',
        taskReferenceName: 'big',
        type: 'JSON_JQ_TRANSFORM',
        inputParameters: { queryExpression: '"x" * 150000' },
      },
      { name: 'wait', taskReferenceName: 'wait', type: 'WAIT', inputParameters: {} },
    ],
    outputParameters: { big: '${big.output.result}' },
  });
});
afterAll(() => Promise.all(open.map((id) => conductor.terminate(id, 'end of test'))));

describe.each(eras)('a client of %s', (era) => {
  let client: McpClient;
  let id: string;
  beforeAll(async () => {
    client = await connect(era, stdioTarget(env));
    id = await conductor.startWorkflow({ name, version: 1, input: {} });
    open.push(id);
    await vi.waitFor(async () => expect((await conductor.getExecution(id)).tasks).toHaveLength(2), PATIENT);
  });
  afterAll(() => client.close());

  const read = async (uri: string) => contents.parse(await client.reads.readResource({ uri })).contents;
  const first = async (uri: string) => (await read(uri))[0]?.text ?? '';

  test('the client reads a definition, its diagram, an execution and its parts', async () => {
    expect(JSON.parse(await first(`conductor://workflows/${name}/1`))).toMatchObject({ name, version: 1 });
    expect(await first(`conductor://workflows/${name}/diagram`)).toMatch(/^<svg /);
    expect(await first(`conductor://workflows/${name}/diagram?format=mermaid`)).toContain('flowchart');
    const view = JSON.parse(await first(`conductor://executions/${id}`));
    expect(view).toMatchObject({ executionId: id, status: 'RUNNING', taskCounts: { COMPLETED: 1, IN_PROGRESS: 1 } });
    expect(view.tasks.map(({ ref }: { ref: string }) => ref)).toEqual(['big', 'wait']);
    expect(await first(`conductor://executions/${id}/diagram?format=text`)).toContain('wait');
  });

  test('the client reads a large output in parts, which together are the whole output', async () => {
    let uri: string | undefined = `conductor://executions/${id}/tasks/big/output`;
    let whole = '';
    while (uri !== undefined) {
      const [part, rest]: z.output<typeof contents>['contents'] = await read(uri);
      whole += part?.text;
      uri = rest?.uri;
    }
    expect(JSON.parse(whole)).toMatchObject({ result: large });
  });

  test('the client gets completions for names, versions, ids and task references', async () => {
    const complete = async (uri: string, argument: { name: string; value: string }, args = {}) =>
      completion.parse(
        await client.reads.complete({ ref: { type: 'ref/resource', uri }, argument, context: { arguments: args } }),
      ).completion.values;
    expect(await complete('conductor://workflows/{name}', { name: 'name', value: name.slice(0, -2) })).toEqual([name]);
    expect(await complete('conductor://workflows/{name}/{version}', { name: 'version', value: '' }, { name })).toEqual([
      '1',
    ]);
    expect(
      await complete(
        'conductor://executions/{executionId}/tasks/{taskRef}/output',
        { name: 'taskRef', value: 'w' },
        { executionId: id },
      ),
    ).toEqual(['wait']);
    await expect
      .poll(() => complete('conductor://executions/{executionId}', { name: 'executionId', value: id.slice(0, 12) }))
      .toContain(id);
  });

  test('the client gets prompts that contain the current state of the server', async () => {
    const text = async (prompt: string, args: Record<string, string>) =>
      JSON.stringify(await client.reads.getPrompt({ name: prompt, arguments: args }));
    expect(await text('diagnose_execution', { executionId: id })).toContain(name);
    expect(await text('operations_report', { hours: '1' })).toContain('RUNNING | ');
    expect(await text('author_workflow', { goal: 'Greets.' })).toContain('A step is');
  });

  test('the client is notified when an execution that it subscribed to has changed', async () => {
    let updates = 0;
    await client.reads.onUpdate(`conductor://executions/${id}`, () => (updates += 1));
    // If our server first reads the execution after the first change, it sees no difference. So change it repeatedly.
    let paused = false;
    const change = async () => {
      await (paused ? conductor.resume(id) : conductor.pause(id));
      paused = !paused;
      return updates;
    };
    await expect.poll(change, { timeout: 20_000, interval: 3000 }).toBeGreaterThan(0);
    const before = updates;
    await conductor.terminate(id, 'end of test');
    await expect.poll(() => updates, { timeout: 10_000 }).toBeGreaterThan(before);
    expect(JSON.parse(await first(`conductor://executions/${id}`))).toMatchObject({ status: 'TERMINATED' });
    open.splice(open.indexOf(id), 1);
  });
});
