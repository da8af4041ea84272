import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadPrompts, loadResources, loadTools } from '../../cli/load-mcp-content.ts';
import { findRoute } from '../../mcp/api/catalogue.ts';
import { CONDUCTOR_MCP_TOOLS, DOCUMENTED_NAMES } from '../support/conductor-mcp-names.ts';

const page = readFileSync('docs/coming-from-conductor-mcp.md', 'utf8');
const tools = await loadTools({ mcpToolsets: [], mcpTools: [], mcpToolsDeny: [] });
const toolNames = new Set(tools.map(({ name }) => name));
const rows = [...page.matchAll(/^\| `(\w+)` \| `(\w+)` \| (\w+), (on|off) \|(.*)\|$/gm)].map(
  ([, theirs = '', ours = '', toolset = '', isOn = '', note = '']) => ({ theirs, ours, toolset, isOn, note }),
);

test('the page has one row for each of the 19 tools and for each documented name', () => {
  expect(CONDUCTOR_MCP_TOOLS).toHaveLength(19);
  expect(rows.map(({ theirs }) => theirs).sort()).toEqual([...CONDUCTOR_MCP_TOOLS, ...DOCUMENTED_NAMES].sort());
});

test.each(rows)('$theirs leads to $ours, which exists in the toolset $toolset and is $isOn', (row) => {
  const tool = tools.find(({ name }) => name === row.ours);
  expect(tool).toMatchObject({ toolset: row.toolset });
  expect(tool?.byDefault ?? false).toBe(row.isOn === 'on');
});

test.each(rows.filter(({ note }) => note.includes('`')))('the note about $theirs names only what exists', (row) => {
  const ours = tools.find(({ name }) => name === row.ours);
  const known = new Set([...toolNames, ...Object.keys(ours?.input.shape ?? {})]);
  const words = [...row.note.matchAll(/`(\w+)`/g)].map(([, word = '']) => word);
  const unknown = words.filter((word) => !known.has(word) && row.ours !== 'invoke_api');
  expect(unknown).toEqual([]);
  for (const [, json = ''] of row.note.matchAll(/`(\{.*?\})`/g)) {
    const { operation } = JSON.parse(json.replaceAll('…', 'x'));
    expect(ours?.input.safeParse(JSON.parse(json))).toMatchObject({ success: true });
    expect(findRoute(operation).refused).toBeUndefined();
  }
});

test('the resources and prompts on the right of the last table exist', async () => {
  const [resources, prompts] = await Promise.all([loadResources(), loadPrompts()]);
  const known = new Set([
    ...toolNames,
    ...resources.map(({ uriTemplate }) => uriTemplate),
    ...prompts.map(({ name }) => name),
  ]);
  const [, section = ''] = page.split('## Resources and prompts');
  const right = [...section.matchAll(/^\| .*? \| (.*) \|$/gm)].map(([, cell = '']) => cell);
  const named = right.flatMap((cell) => [...cell.matchAll(/`([\w:/{}]+)`/g)].map(([, name = '']) => name));
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !known.has(name) && name !== 'status')).toEqual([]);
});
