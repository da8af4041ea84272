import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type SettingName, settings } from '../../core/settings/settings.ts';

/** The options of `createWorkers` and `createMcpEndpoint`, with what their docstrings say about defaults. */
const DECLARED = ['core/settings/host-options.ts', 'workers/embed/workers.ts', 'mcp/embed/endpoint-options.ts'];
/** Options that are not settings. */
const OF_THE_HOST = ['env', 'log', 'tasks', 'callerFrom', 'tools', 'resources', 'prompts'];
/** Options whose default differs from that of the setting: a host's process writes no files that the host did not ask for. */
const OTHERWISE: Readonly<Record<string, unknown>> = { mcpAudit: false };

const options = DECLARED.flatMap((file) => {
  const declared = readFileSync(file, 'utf8').matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*readonly (\w+)\??: /g);
  return [...declared].map(([, text = '', name = '']) => ({ name, text: text.replace(/\s*\n\s*\*\s*/g, ' ').trim() }));
}).filter(({ name }) => !['types', 'state', 'workerId', ...OF_THE_HOST].includes(name));

test('the docstrings of many options are read', () => {
  expect(options.length).toBeGreaterThan(30);
});

test.each(options)(
  'the option $name is a setting, and its docstring gives the default of the setting',
  ({ name, text }) => {
    expect(Object.keys(settings)).toContain(name);
    const usual = OTHERWISE[name] ?? settings[name as SettingName].schema.parse(undefined); // cast: checked in the line above
    const stated = /Default: (\S+?)[.,;]?(?: |$)/.exec(text.replaceAll('`', ''))?.[1];
    if (typeof usual === 'object') expect(stated ?? 'none').toMatch(/^(none|all|default)$/);
    else if (usual !== undefined) expect(stated).toBe(String(usual));
  },
);

/** Code that only commands run, and the settings themselves. */
const ONLY_COMMANDS =
  /^core\/(settings\/|conductor\/(embedded\/|ensure-server)|audit\/verify)|^mcp\/transports\/(http|stdio|server\/)/;

test('no text that a program can get names only the variable of an option: `named` gives both names', () => {
  const reachable = globSync('{core,mcp,workers/{embed,runtime}}/**/*.ts');
  const variables = options.map(({ name }) => settings[name as SettingName].env); // cast: the test above checks it
  const named = new RegExp(`\\b(${[...variables, 'MCP_ROLE'].join('|')})\\b(?! \\(in code: )`);
  const offenders = reachable
    .filter((file) => !ONLY_COMMANDS.test(file) && file !== 'core/conductor/connection/credentials.ts') // which lists what the SDK reads
    .flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .map((line) => `${file}: ${line.trim()}`),
    )
    .filter((line) => named.test(line) && !/: (\/\/|\/?\*)/.test(line));
  expect(reachable.length).toBeGreaterThan(200);
  expect(offenders).toEqual([]);
});
