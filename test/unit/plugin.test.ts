import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/server/validators/ajv';
import { Command as Commander } from 'commander';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { makeManifest } from '../../cli/bundle/make-bundle.ts';
import { packageManifest } from '../../cli/bundle/package-manifest.ts';
import type { Command } from '../../cli/define-command.ts';
import { discover } from '../../core/content/discover.ts';
import { settingList } from '../../core/settings/settings.ts';
import { isTool } from '../../mcp/engine/define-tool.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { listTemplates } from '../../workflows/templates/registry/templates.ts';
import { root } from '../support/product.ts';

const text = (file: string) => readFileSync(join(root, file), 'utf8');
const json = (file: string) => JSON.parse(text(file));
const { name, version, license, author, scripts } = json('package.json');
const variables = new Set(settingList.map(([, { env }]) => env));

describe('the published manifests', () => {
  const plugin = json('plugin/.claude-plugin/plugin.json');
  const server = json('server.json');
  const marketplace = json('.claude-plugin/marketplace.json');

  test('the manifests have the name, the version and the authors of package.json', async () => {
    const bundle = await makeManifest();
    for (const one of [plugin, bundle]) expect(one).toMatchObject({ name, version, license, author });
    expect(server).toMatchObject({ version, packages: [{ identifier: name, version }] });
    expect(marketplace).toMatchObject({ owner: author, plugins: [{ name, source: './plugin' }] });
    expect(marketplace.plugins[0].version).toBeUndefined(); // this file has no version, so that a release does not change it
  });

  test('the manifests ask only for existing settings, and mark secret settings as secret', async () => {
    const { server: how, user_config } = await makeManifest();
    const secrets = new Set(settingList.filter(([, setting]) => setting.secret).map(([, { env }]) => env));
    for (const [variable, value] of Object.entries(how.mcp_config.env)) {
      expect(variables).toContain(variable);
      expect(value).toBe(`\${user_config.${variable.toLowerCase()}}`);
      expect(user_config[variable.toLowerCase()]?.sensitive ?? false).toBe(secrets.has(variable));
    }
    for (const variable of server.packages[0].environmentVariables) {
      expect(variables).toContain(variable.name);
      expect(variable.isSecret ?? false).toBe(secrets.has(variable.name));
    }
  });

  test('P5: server.json fits the schema of the registry, and the schema would refuse a mistake', () => {
    const schema = json('test/support/registry/server.schema.json');
    const fits = new AjvJsonSchemaValidator().getValidator(schema);
    expect(server.$schema).toBe(schema.$id);
    expect(fits(server)).toMatchObject({ valid: true });
    const [pack] = server.packages;
    const mistakes = [
      { ...server, name: 'conductor-fleet' },
      { ...server, description: 'x'.repeat(101) },
      { ...server, packages: [{ ...pack, version: 'latest' }] },
      { ...server, packages: [{ ...pack, packageArguments: [{ type: 'positional' }] }] },
    ];
    for (const mistake of mistakes) expect(fits(mistake)).toMatchObject({ valid: false });
  });

  test('P5: the published package names the entry of the registry, and npx finds the program that the entry starts', () => {
    const manifest = packageManifest(root);
    const [pack] = server.packages;
    expect(manifest).toMatchObject({ mcpName: server.name, name: pack.identifier, version: pack.version });
    expect(pack.runtimeHint).toBe('npx');
    expect(Object.values(manifest.bin ?? {})).toContain('cli/fleet.js');
  });
});

describe('the skill', () => {
  const file = 'plugin/skills/writing-workflows/SKILL.md';
  const skill = text(file);
  const prose = skill.replaceAll(/^```[\s\S]*?^```/gm, '');
  const quoted = [...prose.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

  test('the skill has the name of its folder and says when to use it', () => {
    const [, head = ''] = /^---\n([\s\S]*?)\n---\n/.exec(skill) ?? [];
    const fields = Object.fromEntries(head.split('\n').map((line) => line.split(/: (.*)/s)));
    expect(fields).toMatchObject({ name: 'writing-workflows', description: expect.stringContaining('Use when') });
    expect(fields.description.length).toBeLessThanOrEqual(1024);
  });

  test('every command and flag in the skill exists', async () => {
    const lines = quoted.filter((code) => code.startsWith('fleet '));
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) {
      const [, command = '', ...words] = line.replace(/'.*?'/, '').split(' ');
      const flags = await flagsOf(command);
      const unknown = words.filter((word) => word.startsWith('--') && !flags.includes(word));
      expect(unknown, line).toEqual([]);
    }
  }, 30_000); // the test loads every command

  test('every script, file and folder in the skill exists', () => {
    const named = quoted.flatMap((code) =>
      [...code.matchAll(/^npm run (?:-s )?(\w+)/g)].map(([, script = '']) => script),
    );
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
    const paths = quoted.filter((code) => /^[\w./-]+(\.ts|\.md|\/)$/.test(code) && !code.includes('://'));
    expect(paths.length).toBeGreaterThan(5);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('every template, tool and setting in the skill exists', async () => {
    const templates = (await listTemplates()).map((template) => template.name);
    const chosen = [...prose.matchAll(/--template (\w+)/g)].map(([, one = '']) => one);
    expect(chosen.filter((one) => !templates.includes(one))).toEqual([]);
    const tools = (await discover(new URL('../../mcp/tools/', import.meta.url), isTool, 'tool')).map(
      (tool) => tool.name,
    );
    const section = prose.split('## With the MCP server')[1] ?? '';
    const called = [...(section.split('\n## ')[0]?.matchAll(/`([a-z]+(?:_[a-z]+)+)`/g) ?? [])].map(
      ([, one = '']) => one,
    );
    expect(called.length).toBeGreaterThan(2);
    expect(called.filter((one) => !tools.includes(one))).toEqual([]);
    const settings = quoted.filter((code) => /^[A-Z]+(_[A-Z]+)+$/.test(code) && code !== 'TASK_ID');
    expect(settings.filter((one) => !variables.has(one))).toEqual([]);
  });

  test('every builder method in the skill exists', () => {
    const used = new Set([...skill.matchAll(/\bwf\.(\w+)/g)].map(([, method = '']) => method));
    expect(used.size).toBeGreaterThan(10);
    let missing: string[] = [];
    const about = { name: 'Probe', version: 1, description: 'For the names of methods.', timeoutSeconds: 60 };
    const schemas = { input: z.object({}), output: z.object({}), variables: z.object({ seen: z.boolean() }) };
    defineWorkflow({ ...about, ...schemas }).build((wf) => {
      missing = [...used].filter((method) => !(method in wf));
      wf.set('seen', { seen: true });
      return {};
    });
    expect(missing).toEqual([]);
  });
});

/** Returns the flags of a command: its own flags and the flags of its settings. */
async function flagsOf(command: string): Promise<string[]> {
  const known = globSync('cli/commands/*.ts', { cwd: root }).map((path) => basename(path, '.ts'));
  expect(known).toContain(command);
  const { default: found } = (await import(`../../cli/commands/${command}.ts`)) as { default: Command };
  const program = new Commander();
  found.configure?.(program);
  const own = program.options.map(({ long }) => long ?? '');
  const ofSettings = settingList.flatMap(([, { group, flag }]) =>
    flag && found.groups.includes(group) ? [flag.split(' ')[0] ?? ''] : [],
  );
  return [...own, ...ofSettings, '--help'];
}
