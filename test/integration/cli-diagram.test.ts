import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { START, step } from '../support/diagrams.ts';
import { runFleetCommand } from '../support/product.ts';

const folder = mkdtempSync(join(tmpdir(), 'cli-diagram-'));
/** Without a server, because no test in this file needs one. */
const nowhere = { FLEET_DIR: join(folder, 'none') };
const diagram = (...args: string[]) => runFleetCommand(['diagram', ...args], nowhere);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

test('fleet diagram draws a shipped workflow by its name, and names its failure workflow', async () => {
  const { code, stdout, stderr } = await diagram('OrderProcessing');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(
    /^OrderProcessing v1\non failure: OrderProcessingCompensation\n├─ reserve +SIMPLE reserve_inventory/,
  );
});

describe('a JSON file', () => {
  test('fleet diagram draws the definition in a JSON file, alone or in a list', async () => {
    const def = { name: 'Elsewhere', tasks: [step('a', 'PARALLEL'), { odd: true }] };
    const expected = 'Elsewhere v1\n├─ a               PARALLEL\n└─ (no reference)  SIMPLE\n';
    expect((await diagram(file('one.json', def))).stdout).toBe(expected);
    expect((await diagram(file('list.json', [def]))).stdout).toBe(expected);
  });

  test('fleet diagram shortens an execution of hundreds of tasks; --all draws every task', async () => {
    const refs = Array.from({ length: 300 }, (_, index) => `t${index}`);
    const run = {
      workflowId: 'id-1',
      workflowName: 'Long',
      status: 'COMPLETED',
      startTime: START,
      endTime: START + 1000,
      workflowDefinition: { name: 'Long', tasks: refs.map((ref) => step(ref)) },
      tasks: refs.map((ref, index) => ({
        taskId: ref,
        taskType: 'SIMPLE',
        referenceTaskName: ref,
        workflowInstanceId: 'id-1',
        status: 'COMPLETED',
        seq: index + 1,
        startTime: START,
        endTime: START + 1,
      })),
    };
    const path = file('run.json', run);
    const short = await diagram(path);
    expect(short.stdout.split('\n').length).toBeLessThan(12);
    expect(short.stdout).toContain('(294 more tasks, all COMPLETED)');
    expect(short.stderr).toContain('The diagram only counts 294 tasks. To draw every task, add --all.');
    const all = await diagram(path, '--all');
    expect(all.stdout).toMatch(/t150 +SIMPLE/);
    expect(all.stderr).toBe('');
    expect((await diagram(path, '--all', '--format', 'mermaid')).stderr).toBe('');
  });

  test('a diagram that is too large for Mermaid gets a warning', async () => {
    const long = { name: 'Long', tasks: Array.from({ length: 600 }, (_, index) => step(`t${index}`)) };
    expect((await diagram(file('long.json', long), '--format', 'mermaid')).stderr).toContain(
      'more than 500 connections',
    );
  });

  test.each([
    ['no JSON', '{', /".*broken\.json" is not JSON/],
    ['something else', { hello: 1 }, /neither one workflow definition nor one execution/],
    [
      'several definitions',
      [
        { name: 'A', tasks: [] },
        { name: 'B', tasks: [] },
      ],
      /a list of 2/,
    ],
  ])(
    'fleet diagram refuses a file with %s, and the error says what the file must contain',
    async (_, content, message) => {
      const { code, stdout, stderr } = await diagram(file('broken.json', content));
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(message);
    },
  );

  test('fleet diagram refuses a file that does not exist', async () => {
    expect(await diagram(join(folder, 'missing.json'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('missing.json'),
    });
  });
});

describe('formats', () => {
  test.each([
    ['picture.svg', /^<svg /],
    ['picture.mmd', /^flowchart TD\n/],
    ['picture.txt', /^FileProcessing v1\n/],
  ])('the extension of the file in --out %s chooses the format', async (name, content) => {
    const path = join(folder, name);
    const { code, stdout, stderr } = await diagram('FileProcessing', '--out', path);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: `Wrote ${path}.\n` });
    expect(readFileSync(path, 'utf8')).toMatch(content);
  });

  test('--format takes precedence over the extension of the file', async () => {
    const path = join(folder, 'odd.svg');
    await diagram('FileProcessing', '--out', path, '--format', 'mermaid');
    expect(readFileSync(path, 'utf8')).toMatch(/^flowchart TD\n/);
  });

  test('--ascii and --width', async () => {
    const { stdout } = await diagram('ResearchAgent', '--ascii', '--width', '60');
    expect(stdout).toMatch(/^[\x20-\x7e\n]+$/);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBe(60);
  });

  test('text that is written to a pipe has no colours and is not shortened', async () => {
    const { stdout } = await diagram('ResearchAgent');
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain("while $.research['iteration'] < 5 && !($.confidence >= 0.9)");
  });
});

describe('fleet diagram refuses wrong arguments with a clear error', () => {
  test.each([
    [['diagram'], /missing required argument/],
    [['diagram', 'X', '--format', 'png'], /--format must be one of .*, not "png"\./],
    [['diagram', 'X', '--width', 'wide'], /--width must be a number, not "wide"\./],
    [['diagram', 'X', '--workflow-version', '0'], /--workflow-version must be more than 0, not "0"\./],
  ])('%j', async (args, message) => {
    const { code, stderr } = await runFleetCommand(args, nowhere);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test('a file that cannot be written', async () => {
    const { code, stderr } = await diagram('FileProcessing', '--out', join(folder, 'no', 'such', 'folder.svg'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/Cannot write ".*folder\.svg"/);
  });

  test('an unknown name is an error if no server is configured', async () => {
    const { code, stderr } = await diagram('NobodysWorkflow');
    expect(code).toBe(1);
    expect(stderr).toContain('No Conductor server is configured');
  });
});

test('fleet diagram --help shows the flags and an example', async () => {
  const { stdout } = await diagram('--help');
  for (const word of ['--format <format>', '--out <file>', '--all', 'fleet diagram OrderProcessing --out order.svg']) {
    expect(stdout).toContain(word);
  }
});
