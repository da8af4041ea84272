import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { offerOf } from '../../core/content/mcp-offer.ts';
import { listingOf } from '../../mcp/engine/tool-listing.ts';
import { chooseWorkflows } from '../../mcp/workflow-tools/choose-workflows.ts';
import { inputSchemaOf } from '../../mcp/workflow-tools/input-schema.ts';
import { toolNames } from '../../mcp/workflow-tools/tool-names.ts';
import { workflowTool } from '../../mcp/workflow-tools/workflow-tool.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { tokensOf } from '../support/tokens.ts';

const stored = (name: string, more: Record<string, unknown> = {}) => ({ name, version: 1, tasks: [], ...more });
const offered = (name: string, mcp: Record<string, unknown> = {}) =>
  stored(name, { metadata: { mcp: { purpose: `Does ${name}.`, ...mcp } } });
const names = (allow: string[], deny: string[] = [], most = 20) =>
  chooseWorkflows([offered('Marked'), offered('PayOut'), stored('Plain'), stored('Pay_Plain')], {
    allow,
    deny,
    most,
  }).offered.map(({ def }) => def.name);

describe('which workflows are tools', () => {
  test('without an allow list, the server offers the marked workflows as tools', () => {
    expect(names([])).toEqual(['Marked', 'PayOut']);
  });

  test('with an allow list, the server offers only the workflows on it, marked or not', () => {
    expect(names(['Plain', 'Pay*'])).toEqual(['PayOut', 'Pay_Plain', 'Plain']);
    expect(names(['*'])).toHaveLength(4);
  });

  test('a workflow on the deny list is never offered', () => {
    expect(names([], ['Pay*'])).toEqual(['Marked']);
    expect(names(['PayOut'], ['PayOut'])).toEqual([]);
    expect(names([], ['*'])).toEqual([]);
  });

  test('the only wildcard in a pattern is `*`', () => {
    expect(names(['P.y*', 'Plai?', '(Plain)'])).toEqual([]);
  });

  test('the server offers at most the given number of workflows, and counts those left out', () => {
    const choice = { allow: ['*'], deny: [], most: 1 };
    expect(chooseWorkflows([stored('B'), stored('A')], choice)).toMatchObject({
      offered: [{ def: { name: 'A' } }],
      leftOut: 1,
    });
  });

  test('a mark that cannot be parsed is ignored', () => {
    expect(offerOf({ metadata: { mcp: { purpose: 3 } } })).toBeUndefined();
    expect(offerOf({ metadata: { mcp: 'yes' } })).toBeUndefined();
    expect(offerOf({})).toBeUndefined();
  });
});

describe('the names of the tools', () => {
  test('the names of workflow tools are snake_case, unique, and different from all other tools', () => {
    const taken = new Set(['get_workflow']);
    const all = [...toolNames(['GetWeather', 'get_weather', 'get-workflow', 'Überweisung 1', '***'], taken).values()];
    expect(new Set(all).size).toBe(all.length);
    for (const name of all) expect(name).toMatch(/^[a-z0-9_]{1,64}$/);
    expect(all).toEqual(expect.arrayContaining(['get_weather', 'get_weather_2', 'run_get_workflow', 'workflow']));
  });

  test('the names of workflow tools do not depend on the order of the workflows', () => {
    const taken = new Set<string>();
    expect(toolNames(['b', 'B'], taken).get('b')).toBe(toolNames(['B', 'b'], taken).get('b'));
  });
});

describe('the listing of a workflow tool', () => {
  const workflow = defineWorkflow({
    name: 'PayOrder',
    version: 3,
    description: 'Pays.',
    input: z.object({ orderId: z.string().describe('Which order'), amount: z.number().optional() }),
    output: z.object({}),
    mcp: { purpose: 'Pays an order', idempotencyKey: 'pay-{orderId}', waitSeconds: 5 },
  }).build(() => ({}));
  const def = { ...workflow.def, description: 'Pays.' };
  const offer = offerOf(def);

  test('a workflow tool shows the input schema, purpose, version and hints of its workflow', () => {
    if (!offer) throw new Error('not offered');
    expect(listingOf(workflowTool({ def, offer }, 'pay_order'))).toMatchObject({
      name: 'pay_order',
      title: 'PayOrder',
      description: 'Pays an order. (Workflow, version 3; waits up to 5 s, then returns an executionId.)',
      inputSchema: {
        type: 'object',
        properties: { orderId: { type: 'string', description: 'Which order' }, amount: { type: 'number' } },
        required: ['orderId'],
      },
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
    });
  });

  test('two dates keep their formats, without the long patterns of zod', () => {
    const input = z.object({ from: z.iso.date(), to: z.iso.date().optional(), code: z.string().regex(/^x$/) });
    const schema = inputSchemaOf(stored('Dates', { inputSchema: { data: z.toJSONSchema(input) } }));
    expect(schema.properties).toEqual({
      from: { type: 'string', format: 'date' },
      to: { type: 'string', format: 'date' },
      code: { type: 'string', pattern: '^x$' },
    });
  });

  test('if the workflow has no input schema, its tool shows the names of the inputs', () => {
    const foreign = stored('F', { inputParameters: ['a', 'b'], inputTemplate: { b: 2 } });
    expect(inputSchemaOf(foreign)).toEqual({ type: 'object', properties: { a: {}, b: { default: 2 } } });
  });

  test('a workflow tool has at most 300 tokens, even with a large schema and a long purpose', () => {
    const fields = Array.from({ length: 80 }, (_, i) => [
      `field_${i}`,
      { type: 'string', description: 'x '.repeat(50) },
    ]);
    const data = { type: 'object', properties: Object.fromEntries(fields), required: ['field_0'] };
    const large = offered('Large', { purpose: 'word '.repeat(190).trim() });
    const known = offerOf(large);
    if (!known) throw new Error('not offered');
    const tool = workflowTool({ def: { ...large, inputSchema: { data } }, offer: known }, 'large');
    expect(tokensOf(listingOf(tool))).toBeLessThanOrEqual(300);
  });
});
