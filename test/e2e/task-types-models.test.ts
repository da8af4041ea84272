import { afterAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { externalApi, modelCall } from '../../workflows/dsl/policies.ts';
import { defineProbe, defineProbeTask, runProbe, settings } from '../support/probe.ts';
import { realConductor } from '../support/product.ts';

/** Tasks that call models and MCP servers. The shop provides both: the scripted model and an MCP server. */
const conductor = realConductor();
afterAll(() => conductor.close());

const question = z.object({ question: z.string() });
const model = { provider: 'litellm', model: 'scripted-research-1' } as const;
const getWeather = defineProbeTask(z.object({ city: z.string() }), z.object({ temperature: z.number() }));
const asked = { question: JSON.stringify({ question: 'What is durable execution?', round: 1, findings: [] }) };

describe.runIf(inject('scriptedLlm'))('models', () => {
  test.concurrent('a chat task returns the parsed JSON answer and the number of tokens', async () => {
    const workflow = defineProbe(question, z.object({})).build((wf, input) => {
      const { output } = wf.llmChat('ask', modelCall, {
        ...model,
        messages: [{ role: 'user', message: input.question }],
      });
      return { result: { answer: output.result, why: output.finishReason, tokens: output.tokenUsed } };
    });
    const { output } = await runProbe(conductor, [workflow], asked);
    expect(output.result).toMatchObject({ answer: { action: 'TOOL', tool: 'search' }, why: 'STOP' });
    expect((output.result as { tokens: number }).tokens).toBeGreaterThan(0);
  });

  test.concurrent('a chat task can ask for text', async () => {
    const workflow = defineProbe(question, z.object({})).build((wf, input) => {
      const messages = [{ role: 'user', message: input.question }] as const;
      const { output } = wf.llmChat('ask', modelCall, { ...model, messages, answer: 'text' });
      return { result: output.result };
    });
    const { output } = await runProbe(conductor, [workflow], asked);
    // The result is an object, because the scripted model answers in JSON and the server parses every JSON text.
    expect(output.result).toMatchObject({ action: 'TOOL' });
  });

  test.concurrent("the model requests a tool, and answers with the tool's result", async () => {
    const workflow = defineProbe(question, z.object({})).build((wf, input) => {
      const ask = { role: 'user', message: input.question } as const;
      const first = wf.llmChat('first', modelCall, { ...model, messages: [ask], tools: [getWeather], answer: 'text' });
      const calls = first.output.toolCalls;
      const results = wf.jq('results', {
        inputs: { calls },
        query: '[.calls[] | {taskReferenceName, name, output: {temperature: 38}}]',
        output: z.array(
          z.object({ taskReferenceName: z.string(), name: z.string(), output: z.record(z.string(), z.unknown()) }),
        ),
      });
      const asked = wf.jq('asked', {
        inputs: { calls },
        query: '.calls',
        output: z.array(
          z.object({
            taskReferenceName: z.string(),
            name: z.string(),
            inputParameters: z.record(z.string(), z.unknown()),
          }),
        ),
      });
      const second = wf.llmChat('second', modelCall, {
        ...model,
        messages: [
          ask,
          { role: 'tool_call', toolCalls: asked.output.result },
          { role: 'tool', toolCalls: results.output.result },
        ],
        answer: 'text',
      });
      return { result: { calls, why: first.output.finishReason, said: second.output.result } };
    });
    const text = `Please use ${getWeather.name} with {"city":"Dubai"}`;
    const { status, output, reasonForIncompletion } = await runProbe(conductor, [workflow], { question: text });
    expect({ status, reasonForIncompletion }).toMatchObject({ status: 'COMPLETED' });
    expect(output.result).toMatchObject({
      calls: [{ name: getWeather.name, inputParameters: { city: 'Dubai', method: getWeather.name } }],
      why: 'TOOL_CALLS',
      said: expect.stringMatching(/^The tool said: .*38/),
    });
  });

  test.concurrent('a completion task sends its prompt', async () => {
    const workflow = defineProbe(question, z.object({})).build((wf, input) => {
      const { output } = wf.llmText('ask', modelCall, { ...model, prompt: input.question, answer: 'text' });
      return { result: output.result };
    });
    const execution = await runProbe(conductor, [workflow], asked);
    const [task] = execution.tasks;
    expect(task?.inputData).toMatchObject({ prompt: asked.question, jsonOutput: false });
  });

  test.concurrent('in a loop, the model receives its earlier answers', async () => {
    const workflow = defineProbe(question, z.object({})).build((wf, input) => {
      wf.repeat('again', { rounds: 2, until: 'false', inputs: {} }, (scope) => {
        scope.llmChat('ask', modelCall, { ...model, messages: [{ role: 'user', message: input.question }] });
      });
      return { result: 1 };
    });
    const { tasks } = await runProbe(conductor, [workflow], asked);
    const roles = tasks
      .filter(({ taskType }) => taskType === 'LLM_CHAT_COMPLETE')
      .map(({ inputData }) => (inputData.messages as { role: string }[]).map(({ role }) => role));
    expect(roles[0]).not.toContain('assistant');
    expect(roles[1]?.slice(0, 2)).toEqual(['user', 'assistant']);
  });
});

describe.concurrent('models that cannot be reached', () => {
  const broken = { provider: 'nobody', model: 'none' } as const;
  const attempts = (placement: { retryCount?: number; optional?: true }) =>
    defineProbe(question, z.object({})).build((wf, input) => {
      const messages = [{ role: 'user', message: input.question }] as const;
      const asked = wf.llmChat('ask', modelCall, { ...broken, messages }, placement);
      wf.embed('embed', modelCall, { ...broken, text: input.question }, { retryCount: 0, optional: true });
      return { result: asked.status };
    });

  test('with 0 retries the model is called once; the workflow continues if the task is optional', async () => {
    const { status, output, tasks } = await runProbe(conductor, [attempts({ retryCount: 0, optional: true })], asked);
    expect({ status, output }).toEqual({ status: 'COMPLETED', output: { result: 'COMPLETED_WITH_ERRORS' } });
    expect(tasks.map(({ taskType }) => taskType)).toEqual(['LLM_CHAT_COMPLETE', 'LLM_GENERATE_EMBEDDINGS']);
  });

  test('with retries the model is called again after the delays of the policy', async () => {
    const { status, tasks } = await runProbe(conductor, [attempts({ retryCount: 2 })], asked);
    expect(status).toBe('FAILED');
    const gaps = tasks.slice(1).map(({ startTime }, before) => startTime - (tasks[before]?.endTime ?? 0));
    expect(gaps).toHaveLength(2);
    expect(gaps[0]).toBeGreaterThanOrEqual(2_000);
    expect(gaps[1]).toBeGreaterThanOrEqual(4_000);
  });
});

test.concurrent('the workflow lists the tools of an MCP server and calls one', async () => {
  const { shopUrl } = settings();
  const workflow = defineProbe(question, z.object({})).build((wf) => {
    const mcp = { server: `${shopUrl}/mcp`, headers: { 'X-Asked-By': 'test' } };
    const list = wf.listMcpTools('list', externalApi, mcp);
    const call = wf.callMcpTool('call', externalApi, { ...mcp, tool: 'get_weather', arguments: { city: 'Dubai' } });
    const bad = wf.callMcpTool('bad', externalApi, { ...mcp, tool: 'get_weather', arguments: { city: '' } });
    const none = { ...mcp, tool: 'no_such_tool', arguments: {} };
    const unknown = wf.callMcpTool('unknown', externalApi, none, { retryCount: 0, optional: true });
    const { tools } = list.output;
    return { result: { tools, said: call.output.content, refused: bad.output.isError, unknown: unknown.status } };
  });
  const { output } = await runProbe(conductor, [workflow], asked);
  expect(output.result).toMatchObject({
    tools: [{ name: 'get_weather', inputSchema: { type: 'object' } }, { name: 'search' }],
    said: [{ type: 'text', parsed: { city: 'Dubai' } }],
    refused: true,
    unknown: 'COMPLETED_WITH_ERRORS',
  });
});
