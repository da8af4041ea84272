import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { loadWorkers, loadWorkflows } from '../../cli/load-content.ts';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import type { Workflow } from '../../core/contract.ts';
import { register } from '../../workflows/manage/apply.ts';
import { withSettings } from '../../workflows/manage/task-def.ts';
import { foreignDefinitions } from '../support/foreign-definitions.ts';
import { listWorkflows, probeWorkflows } from '../support/probe-workflows.ts';
import { type Ran, realConductor, root, runFleetCommand, unique } from '../support/product.ts';

const conductor = realConductor();
const settings = { shopUrl: inject('shopUrl'), llmProvider: 'litellm', llmModel: 'scripted-research-1' };
const prefix = unique('pull').replaceAll('-', '_');

// The folder is in the checkout, because imports and the project's types are found only there. Git ignores it.
mkdirSync(join(root, '.fleet'), { recursive: true });
const folder = mkdtempSync(join(root, '.fleet/pull-'));
const definitions = (name: string) => join(folder, name, 'definitions');

/** Task types whose contracts exist as code. Their task definitions are not pulled. */
const imported = new Set(['external_api', 'model_call', 'database']);

/** Each set has its own folder: a workflow that is already in the folder would be imported, not pulled. */
const sets: Record<string, { names: string[]; pulled: Ran }> = {};

async function pullAll(set: string, names: string[], ...flags: string[]): Promise<void> {
  const pulled = await runFleetCommand(['pull', ...names, '--workflows-dir', join(folder, set), ...flags], {
    LLM_PROVIDER: 'scripted',
  });
  sets[set] = { names, pulled };
}

beforeAll(async () => {
  const shipped = renamed(await loadWorkflows());
  const foreign = foreignDefinitions(prefix);
  const probes = probeWorkflows(prefix);
  const lists = listWorkflows(prefix);
  await register(conductor, { tasks: [], workflows: [...probes, ...lists] }, settings);
  for (const def of [...shipped, ...foreign]) await conductor.putWorkflowDef(def);
  for (const { name } of await loadWorkers()) imported.add(name);
  const names = (defs: readonly { name: string }[]) => defs.map(({ name }) => name);
  await pullAll('shipped', names(shipped));
  await pullAll('foreign', names(foreign));
  await pullAll('lists', names(lists));
  await pullAll('probes', names(probes.slice(1)), '--recursive');
}, 240_000);

afterAll(() => {
  rmSync(folder, { recursive: true });
  conductor.close();
});

/** Gives the shipped definitions unique names, also where they call each other. */
function renamed(workflows: readonly Workflow[]): WorkflowDef[] {
  const names = workflows.map(({ name }) => name).join('|');
  const text = JSON.stringify(workflows.map((workflow) => withSettings(workflow, settings)));
  return JSON.parse(text.replaceAll(new RegExp(`"(${names})(\\.input|\\.output)?"`, 'g'), `"${prefix}_$1$2"`));
}

/** Returns the changes that `fleet plan` shows for a set, without definitions that are only on the server. */
async function changes(set: string): Promise<string[]> {
  const planned = await runFleetCommand(['plan', '--json', '--workflows-dir', join(folder, set)], {
    LLM_PROVIDER: 'scripted',
  });
  expect(planned, planned.stderr).toMatchObject({ code: 0 });
  const { changes: all } = JSON.parse(planned.stdout) as { changes: { kind: string; name: string; action: string }[] };
  const names = all.filter(({ kind }) => kind === 'workflow').map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(sets[set]?.names ?? []));
  return all
    .filter(({ name, action }) => !['unchanged', 'left'].includes(action) && !imported.has(name))
    .map(({ name, action }) => `${action} ${name}`);
}

describe.each(['shipped', 'foreign', 'probes', 'lists'])('the %s definitions', (set) => {
  test('fleet pull writes a file for each definition, and the files register identical definitions', async () => {
    const { names, pulled } = sets[set] ?? { names: [], pulled: { code: -1, stdout: '', stderr: '' } };
    expect(pulled, pulled.stderr).toMatchObject({ code: 0 });
    expect(names.length).toBeGreaterThan(0);
    expect(readdirSync(definitions(set)).length).toBeGreaterThanOrEqual(names.length);
    expect(await changes(set)).toEqual([]);
  });

  test('a linter finds nothing to change in the pulled files, for example no unused import', async () => {
    const files = readdirSync(definitions(set));
    const biome = join(root, 'node_modules/.bin/biome');
    for (const file of files) {
      const source = readFileSync(join(definitions(set), file), 'utf8');
      const child = promisify(execFile)(biome, ['lint', '--write', `--stdin-file-path=workflows/definitions/${file}`], {
        cwd: root,
      });
      child.child.stdin?.end(source);
      expect((await child).stdout).toBe(source);
    }
  });
});

test('the pulled files compile in the project', async () => {
  const project = join(folder, 'tsconfig.json');
  writeFileSync(project, JSON.stringify({ extends: '../../tsconfig.json', include: ['*/definitions/*'] }));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, '--noEmit', '-p', project]);
  expect(stdout).toBe('');
});

test('fleet pull writes shipped definitions with the builder, except saga steps and forks over a list', () => {
  const asTheyAre = [
    ...(sets.shipped?.pulled.stderr ?? '').matchAll(/_([A-Za-z]+): the file holds \d+ tasks as plain JSON: (.*)$/gm),
  ];
  expect(Object.fromEntries(asTheyAre.map(([, name, tasks]) => [name, tasks]))).toEqual({
    OrderProcessing: 'reserve, charge, ship',
    OrderProcessingCompensation: 'refund, release',
    FlightRiskAssessment: 'fetch, fetch_join',
  });
  expect(sets.probes?.pulled.stderr).not.toContain('as plain JSON');
  const sourceOf = (name: string) =>
    readFileSync(join(definitions('shipped'), `${prefix.replaceAll('_', '-')}-${name}.ts`), 'utf8');
  expect(sourceOf('file-processing')).toContain("('compress', compressFile, { path: input.path })");
  expect(sourceOf('file-processing')).toContain("import compressFile from '");
  expect(sourceOf('order-processing')).toContain('orderId: input.orderId');
});

test('fleet pull pulls a called workflow before its caller, and the caller imports it', () => {
  const name = `${prefix.replaceAll('_', '-')}-child.ts`;
  expect(sets.probes?.pulled.stdout.split('\n')[0]).toContain(name);
  const source = readFileSync(join(definitions('probes'), `${prefix.replaceAll('_', '-')}-leaves.ts`), 'utf8');
  expect(source).toMatch(new RegExp(`^import \\w+ from './${name}';$`, 'm'));
});
