import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { discover } from '../../core/content/discover.ts';
import { isTool } from '../../mcp/engine/define-tool.ts';
import { listingOf } from '../../mcp/engine/tool-listing.ts';
import { toolNames } from '../../mcp/workflow-tools/tool-names.ts';
import { tokensOf } from '../support/tokens.ts';

const TOKENS_PER_TOOL = 450;
const TOKENS_BY_DEFAULT = 6000;
const TOOLS_BY_DEFAULT = 18;

const tools = await discover(new URL('../../mcp/tools/', import.meta.url), isTool, 'tool');

test(`the default list has at most ${TOOLS_BY_DEFAULT} tools and ${TOKENS_BY_DEFAULT} tokens`, () => {
  const listed = tools.filter(({ byDefault }) => byDefault).map(listingOf);
  expect(listed.length).toBeLessThanOrEqual(TOOLS_BY_DEFAULT);
  expect(tokensOf(listed)).toBeLessThanOrEqual(TOKENS_BY_DEFAULT);
});

test('M11: every tool name has at most 64 characters with the longest prefix that a client puts before it', () => {
  const plugin = (file: string) => JSON.parse(readFileSync(new URL(`../../plugin/${file}`, import.meta.url), 'utf8'));
  const [server = ''] = Object.keys(plugin('.mcp.json').mcpServers);
  const prefixes = [
    `mcp__plugin_${plugin('.claude-plugin/plugin.json').name}_${server}__`, // Claude Code, for a server of a plugin
    'mcp__conductor-fleet__', // Claude Code
    'mcp_conductor-fleet_', // VS Code, Gemini CLI
    'conductor-fleet__', // several agents
  ];
  for (const prefix of prefixes) {
    for (const { name } of tools) expect(`${prefix}${name}`.length, name).toBeLessThanOrEqual(64);
    const workflows = [
      'A'.repeat(200),
      'a'.repeat(200),
      'ALongNameWithManyWordsThatDescribeEverything',
      ...tools.map(({ name }) => name),
    ];
    const taken = new Set(tools.map(({ name }) => name));
    for (const name of toolNames(workflows, taken).values()) expect(`${prefix}${name}`.length).toBeLessThanOrEqual(64);
  }
});

test('every tool has a stored definition, and every stored definition has a tool', () => {
  const stored = readdirSync(new URL('tool-definitions/', import.meta.url)).sort();
  expect(stored).toEqual(tools.map(({ name }) => `${name}.json`).sort());
});

describe.each(tools.map((tool) => [tool.name, tool] as const))('%s', (_name, tool) => {
  const listing = listingOf(tool);
  const parameters = Object.entries(listing.inputSchema.properties as Record<string, Record<string, unknown>>);

  test('the definition for clients equals the stored file; `vitest -u` stores a change', async () => {
    await expect(`${JSON.stringify(listing, null, 2)}\n`).toMatchFileSnapshot(`tool-definitions/${tool.name}.json`);
  });

  test('the tool has a snake_case name, a title and a description', () => {
    expect(tool.name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(tool.title).not.toBe('');
    expect(tool.description).toMatch(/\.$/);
  });

  test('the tool states all four hints', () => {
    const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = tool.annotations;
    for (const hint of [readOnlyHint, destructiveHint, idempotentHint, openWorldHint])
      expect(hint).toBeTypeOf('boolean');
    expect(readOnlyHint && destructiveHint).toBe(false);
    // invoke_api is an exception: its permission depends on the operation that it calls.
    if (tool.name !== 'invoke_api') expect(tool.permission.endsWith(':read')).toBe(readOnlyHint);
  });

  test('the tool describes every parameter', () => {
    for (const [name, schema] of parameters) expect(schema.description, name).toBeTruthy();
  });

  test('the tool refuses unknown parameters', () => {
    expect(listing.inputSchema.additionalProperties).toBe(false);
    expect(tool.input.safeParse({ no_such_parameter: 1 }).error?.issues).toContainEqual(
      expect.objectContaining({ code: 'unrecognized_keys' }),
    );
  });

  test('the tool has an output schema with fields', () => {
    expect(Object.keys(listing.outputSchema.properties as object)).not.toHaveLength(0);
  });

  test(`the tool takes at most ${TOKENS_PER_TOOL} tokens in the list`, () => {
    expect(tokensOf(listing)).toBeLessThanOrEqual(TOKENS_PER_TOOL);
  });
});
