import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Tool } from '../../mcp/engine/define-tool.ts';
import createTaskDefinition from '../../mcp/tools/create-task-definition.ts';
import createWorkflow from '../../mcp/tools/create-workflow.ts';
import getWorkflowTemplate from '../../mcp/tools/get-workflow-template.ts';
import { listTemplates } from '../../workflows/templates/registry/templates.ts';
import { DefinitionStore } from '../support/definition-store.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { callTool } from '../support/tool-calls.ts';

let fake: FakeConductor;
beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());

const template = (args: Record<string, unknown> = {}, changes = {}) =>
  callTool(fake.url, getWorkflowTemplate, args, changes);

type Json = Record<string, unknown>;

const authorTools: Record<string, Tool> = {
  create_task_definition: createTaskDefinition,
  create_workflow: createWorkflow,
};

/** Finds the suggested calls in a text. */
function callsIn(text: string): { tool: string; args: Record<string, unknown> }[] {
  return text.split('\n').flatMap((line) => {
    const [, tool, args] = /(?:^|: )(\w+) (\{.*\})$/.exec(line) ?? [];
    return tool === undefined || args === undefined ? [] : [{ tool, args: JSON.parse(args) }];
  });
}

test('get_workflow_template lists the templates, and suggests the call that shows the first one', async () => {
  const { structured, text } = await template();
  const names = (await listTemplates()).map(({ name }) => name);
  expect(structured.templates).toMatchObject(names.map((name) => ({ name })));
  expect(callsIn(text)).toEqual([{ tool: 'get_workflow_template', args: { name: names[0] } }]);
});

test.each((await listTemplates()).map(({ name }) => name))(
  'the calls in the answer register the template %s, and the last call starts it',
  async (name) => {
    const server = new DefinitionStore();
    fake.routes = server.routes;
    const { structured, text } = await template({ name });
    const calls = callsIn(text);
    expect(calls.pop()).toEqual({
      tool: 'execute_workflow',
      args: { name: (structured.definitions as { name: string }[]).at(-1)?.name, input: structured.exampleInput },
    });
    for (const { tool, args } of calls) await callTool(fake.url, authorTools[tool] as Tool, args);
    expect([...server.tasks.keys()]).toEqual((structured.taskDefinitions as { name: string }[]).map((def) => def.name));
    const whatRuns = ({ name: of, tasks, outputParameters }: Json) => ({ of, tasks, outputParameters });
    expect([...server.workflows.values()].map(whatRuns)).toEqual((structured.definitions as Json[]).map(whatRuns));
  },
);

test('with format "typescript", the answer contains one file with the definition', async () => {
  const { structured, text } = await template({ name: 'sequential', format: 'typescript' });
  expect(structured.source).toMatch(/^import .*defineWorkflow/ms);
  expect(text).toContain(String(structured.source));
  expect(structured).not.toHaveProperty('definitions');
});

test('the answer does not show a definition that is too long for it', async () => {
  const { text } = await template({ name: 'sequential' }, { maxResponseBytes: 300 });
  expect(callsIn(text).map(({ tool }) => tool)).not.toContain('create_workflow');
});

test('for an unknown template, the error suggests the call that lists the templates', async () => {
  await expect(template({ name: 'nonsense' })).rejects.toMatchObject({
    code: 'not-found',
    remedy: expect.stringContaining('get_workflow_template {}'),
  });
});
