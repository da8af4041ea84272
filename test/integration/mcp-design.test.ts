import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { callerOf, isAllowed } from '../../mcp/admission/permissions.ts';
import type { Tool, ToolContext } from '../../mcp/engine/define-tool.ts';
import designAndExecute from '../../mcp/tools/design-and-execute-workflow.ts';
import { EXAMPLE_STEPS } from '../../workflows/steps/step-format.ts';
import { errorOf, replies, madeSince as requestsSince } from '../support/fake-calls.ts';
import { type FakeConductor, type FakeRequest, fakeExecution, startFakeConductor } from '../support/fake-conductor.ts';
import { callTool } from '../support/tool-calls.ts';

let fake: FakeConductor;

beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.routes = replies({});
});

const call = (tool: Tool, args: Record<string, unknown>, changes: Partial<ToolContext> = {}) =>
  callTool(fake.url, tool, args, changes);
const madeSince = (before: number) => requestsSince(fake, before);

const dryRun = (changes: Record<string, unknown> = {}) => fakeExecution({ workflowId: 'dry-1', tasks: [], ...changes });

describe('design_and_execute_workflow', () => {
  const working = (own: Record<string, unknown> = {}) =>
    replies({
      'POST /api/workflow/test': dryRun(),
      'GET /api/workflow/fresh_dry_run/correlated/x': [],
      'GET /api/tasks/queue/polldata': [],
      ...own,
    });
  const args = { name: 'fresh', steps: EXAMPLE_STEPS, input: { prices: [1] } };
  const stored = () =>
    fake.requests.filter(({ method, path }) => method === 'POST' && path === '/api/metadata/workflow').length;

  test('the tool checks the definition, dry-runs it, registers it and starts it, in this order', async () => {
    fake.routes = working();
    const before = fake.requests.length;
    const { structured } = await call(designAndExecute, args);
    expect(structured).toMatchObject({ name: 'fresh', version: 1, executionId: 'exec-1', status: 'COMPLETED' });
    expect(madeSince(before).filter((one) => one.startsWith('POST'))).toEqual([
      'POST /api/metadata/workflow/validate',
      'POST /api/workflow/test',
      'POST /api/metadata/workflow',
      'POST /api/workflow',
    ]);
  });

  test('if only the start fails, the error says that the workflow is registered', async () => {
    fake.routes = working({
      'POST /api/workflow': () => ({ status: 500, body: { status: 500, message: 'no', retryable: false } }),
    });
    const error = await errorOf(call(designAndExecute, args));
    expect(error.message).toContain('fresh version 1 is registered, but its start failed');
    expect(error.remedy).toContain('execute_workflow {"name":"fresh","version":1');
  });

  test('the tool refuses an existing name before it sends any other request to the server', async () => {
    fake.routes = working({
      'GET /api/metadata/workflow/names-and-versions': { fresh: [{ name: 'fresh', version: 1 }] },
    });
    const before = fake.requests.length;
    expect((await errorOf(call(designAndExecute, args))).code).toBe('conflict');
    expect(madeSince(before)).toEqual(['GET /api/metadata/workflow/names-and-versions']);
  });

  test('the tool refuses a caller who may not start workflows, and registers nothing', async () => {
    const caller = callerOf('viewer');
    const before = stored();
    const error = await errorOf(
      call(designAndExecute, args, { allows: (permission) => isAllowed(caller, permission) }),
    );
    expect(error).toMatchObject({ code: 'denied', remedy: expect.stringContaining('"execute":false') });
    expect(stored()).toBe(before);
  });

  test('a call that is cancelled during the dry run registers nothing and leaves no execution behind', async () => {
    const stopping = new AbortController();
    fake.routes = working({
      'POST /api/workflow/test': () => {
        stopping.abort(new Error('the client is gone'));
        return { body: dryRun({ status: 'RUNNING' }) };
      },
      'DELETE /api/workflow/dry-1': '',
      'DELETE /api/workflow/dry-1/remove': '',
    });
    const over = fake.routes;
    fake.routes = (request) =>
      request.path.includes('/fresh_dry_run/correlated/')
        ? { body: [fakeExecution({ workflowId: 'dry-1', status: 'RUNNING', tasks: [] })] }
        : over(request);
    const before = fake.requests.length;
    const storedBefore = stored();
    await expect(call(designAndExecute, args, { signal: stopping.signal })).rejects.toThrow('the client is gone');
    const made = madeSince(before);
    expect(made.filter((one) => one.startsWith('DELETE'))).toEqual([
      'DELETE /api/workflow/dry-1',
      'DELETE /api/workflow/dry-1/remove',
    ]);
    expect(stored()).toBe(storedBefore);
  });

  const describing = { name: 'fresh', description: 'Sum up prices.', execute: false };

  test("the client's model writes the steps, and gets one chance to correct a mistake", async () => {
    fake.routes = working();
    const prompts: string[] = [];
    const answers = [
      '{"steps":[{"id":"a","type":"sum"}]}',
      `Here:\n\`\`\`json\n${JSON.stringify({ steps: EXAMPLE_STEPS })}\n\`\`\``,
    ];
    const sample: ToolContext['sample'] = async (_, { prompt }) => {
      prompts.push(prompt);
      return answers[prompts.length - 1];
    };
    const { structured } = await call(designAndExecute, describing, { sample });
    expect(structured).toMatchObject({ name: 'fresh', version: 1 });
    expect(prompts[0]).toContain('"Sum up prices."');
    expect(prompts[1]).toContain('there is no type "sum"');
  });

  test('if the model writes no valid steps, nothing is registered and the error shows the format', async () => {
    const before = stored();
    const error = await errorOf(call(designAndExecute, describing, { sample: async () => 'I would rather not.' }));
    expect(error).toMatchObject({
      code: 'input',
      remedy: expect.stringContaining('design_and_execute_workflow {"name":"fresh","steps":['),
    });
    expect(error.message).toContain('Write the steps yourself.');
    expect(stored()).toBe(before);
  });

  describe('M5: tools_required', () => {
    const charge = { name: 'charge_card', description: 'Charges a card.', inputKeys: ['amount'] };
    const known = { 'GET /api/metadata/taskdefs/charge_card': charge };
    const stepsOf = (task: string) => [{ id: 'pay', type: 'worker', task, input: {} }];
    const nested = [
      {
        id: 'all',
        type: 'parallel',
        branches: [stepsOf('charge_card'), stepsOf('other_task').map((step) => ({ ...step, id: 'b' }))],
      },
    ];
    const given = (steps: unknown[], more = {}) => ({
      name: 'fresh',
      steps,
      execute: false,
      tools_required: ['charge_card'],
      ...more,
    });

    test('steps that call something else are refused by name, in any branch, and nothing is registered', async () => {
      fake.routes = working(known);
      const before = stored();
      for (const steps of [
        stepsOf('other_task'),
        nested,
        [{ id: 'w', type: 'workflow', name: 'other_task' }],
        [{ id: 'm', type: 'mcp_tool', server: 'http://m/mcp', tool: 'other_task' }],
      ]) {
        const error = await errorOf(call(designAndExecute, given(steps)));
        expect(error).toMatchObject({ code: 'input', message: expect.stringContaining('The steps call "other_task"') });
      }
      expect(
        (await errorOf(call(designAndExecute, given(stepsOf('charge_card'), { tools_required: [] })))).message,
      ).toContain('allows only none');
      expect(stored()).toBe(before);
      await call(designAndExecute, given(stepsOf('charge_card')));
      await call(designAndExecute, given([{ id: 'n', type: 'jq', query: '1' }], { tools_required: [] }));
      expect(stored()).toBe(before + 2);
    });

    test('a model learns what it may call, and corrects a call of something else', async () => {
      fake.routes = working(known);
      const prompts: string[] = [];
      const sample: ToolContext['sample'] = async (_, { prompt }) => {
        prompts.push(prompt);
        return JSON.stringify({ steps: stepsOf(prompts.length === 1 ? 'made_up' : 'charge_card') });
      };
      await call(designAndExecute, { ...describing, tools_required: ['charge_card', 'send_mail'] }, { sample });
      expect(prompts[0]).toContain('worker step with task "charge_card": "Charges a card."; input: "amount"');
      expect(prompts[0]).toContain('"send_mail": neither a task definition nor a workflow');
      expect(prompts[1]).toContain('The steps call "made_up"');
      expect(prompts).toHaveLength(2);
    });
  });

  test("if the client has no model, an execution of an unregistered workflow calls the Conductor server's model", async () => {
    const asked: Record<string, unknown>[] = [];
    fake.routes = working({
      'POST /api/workflow': ({ body }: FakeRequest) => {
        asked.push(body as Record<string, unknown>);
        return { body: 'exec-1' };
      },
      'GET /api/workflow/exec-1': fakeExecution({ output: { write: { steps: EXAMPLE_STEPS } } }),
    });
    await call(designAndExecute, describing, { model: { provider: 'anthropic', model: 'm-1' } });
    expect(asked).toHaveLength(1);
    const [{ workflowDef }] = asked as [{ workflowDef: { tasks: { inputParameters: Record<string, unknown> }[] } }];
    const input = workflowDef.tasks[0]?.inputParameters;
    expect(input).toMatchObject({ llmProvider: 'anthropic', model: 'm-1' });
    // The prompt contains references. The server must not resolve them.
    expect(JSON.stringify(input)).toContain('$${id.body.x}');
    expect(JSON.stringify(input)).not.toMatch(/[^$]\$\{/);
  });
});
