import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../core/config.ts';
import { mayUse } from '../../mcp/admission/may-use.ts';
import { callerOf, type Permission } from '../../mcp/admission/permissions.ts';
import { defineTool, type Tool } from '../../mcp/engine/define-tool.ts';
import { checkChoice, choiceFrom, chosenTools, type Toolset } from '../../mcp/engine/toolsets.ts';

function tool(name: string, toolset: Toolset, byDefault = false, permission: Permission = 'workflows:read'): Tool {
  const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
  const spec = { name, title: name, description: `${name}.`, toolset, byDefault, permission, annotations };
  return defineTool({ ...spec, input: z.strictObject({}), output: z.object({}) }).handler(async () => ({
    text: '',
    structured: {},
  }));
}

const tools = [
  tool('search_api', 'api'),
  tool('skip_task', 'operate', false, 'workflows:execute'),
  tool('pause_workflow', 'operate', true, 'workflows:execute'),
  tool('get_workflow', 'workflows', true),
  tool('create_workflow', 'author', true, 'workflows:write'),
];
const names = (toolsets: string[], single: string[] = []) =>
  chosenTools({ toolsets, tools: single }, tools).map(({ name }) => name);
const lists = { mcpToolsets: [], mcpTools: [], mcpToolsDeny: [] };
const headers = (toolsets: string, single = '') => new Headers({ 'X-MCP-Toolsets': toolsets, 'X-MCP-Tools': single });

describe('which tools are offered', () => {
  test('without a choice, the server offers the default tools, in the order of the toolsets', () => {
    expect(names([])).toEqual(['get_workflow', 'pause_workflow', 'create_workflow']);
  });

  test('a choice can name whole toolsets, also in addition to the default tools', () => {
    expect(names(['operate'])).toEqual(['skip_task', 'pause_workflow']);
    expect(names(['default', 'api'])).toEqual(['get_workflow', 'pause_workflow', 'create_workflow', 'search_api']);
    expect(names(['all'])).toHaveLength(tools.length);
  });

  test('a choice can name single tools, alone or in addition to toolsets', () => {
    expect(names([], ['skip_task'])).toEqual(['skip_task']);
    expect(names(['workflows'], ['skip_task'])).toEqual(['get_workflow', 'skip_task']);
  });

  test('a misspelled toolset or tool in the settings is an error that suggests the right name', () => {
    expect(() => checkChoice({ ...lists, mcpToolsets: ['operat'] }, tools)).toThrow('no toolset called "operat"');
    expect(() => checkChoice({ ...lists, mcpTools: ['skip_tasks'] }, tools)).toThrow(
      expect.objectContaining({ code: 'config', remedy: 'Did you mean skip_task?' }),
    );
    expect(() => checkChoice({ ...lists, mcpToolsDeny: ['skip_tasks'] }, tools)).toThrow('no tool called "skip_tasks"');
    const right = { mcpToolsets: ['default', 'all', 'api'], mcpTools: ['skip_task'], mcpToolsDeny: ['skip_task'] };
    expect(() => checkChoice(right, tools)).not.toThrow();
  });
});

describe('a choice in headers', () => {
  const through = (config: { mcpToolsets: string[]; mcpTools: string[] }, given: Headers) =>
    chosenTools(choiceFrom(config, given), tools).map(({ name }) => name);

  test('a choice in headers replaces the default tools', () => {
    expect(through({ mcpToolsets: [], mcpTools: [] }, headers('api, workflows'))).toEqual([
      'get_workflow',
      'search_api',
    ]);
    expect(through({ mcpToolsets: [], mcpTools: [] }, new Headers())).toEqual(names([]));
  });

  test('a choice in headers never adds a tool that the settings of the server exclude', () => {
    const config = { mcpToolsets: ['workflows', 'operate'], mcpTools: [] };
    expect(through(config, headers('operate,api'))).toEqual(['skip_task', 'pause_workflow']);
    expect(through(config, headers('all'))).toEqual(['get_workflow', 'skip_task', 'pause_workflow']);
    expect(through(config, headers('', 'search_api'))).toEqual([]);
  });

  test('unknown names in headers are ignored, even hundreds of them', () => {
    const odd = Array.from({ length: 500 }, (_, i) => `toolset${i}`).join(',');
    expect(through({ mcpToolsets: [], mcpTools: [] }, headers('no_such_set'))).toEqual([]);
    expect(choiceFrom({ mcpToolsets: [], mcpTools: [] }, headers(odd)).toolsets).toEqual([]);
  });
});

test('a caller sees only the tools that its role may use', () => {
  const of = (role: 'viewer' | 'operator' | 'admin') =>
    tools.filter((tool) => mayUse(tool, callerOf(role), loadConfig({ env: {} }).config)).map(({ name }) => name);
  expect(of('viewer')).toEqual(['search_api', 'get_workflow']);
  expect(of('operator')).toEqual(['search_api', 'skip_task', 'pause_workflow', 'get_workflow']);
  expect(of('admin')).toHaveLength(tools.length);
});
