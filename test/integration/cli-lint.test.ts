import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runFleetCommand } from '../support/product.ts';

const folder = mkdtempSync(join(tmpdir(), 'lint-'));
const nowhere = { FLEET_DIR: join(folder, 'none') };
const fleet = (...args: string[]) => runFleetCommand(['lint', ...args], nowhere);

const right = { name: 'right', version: 1, tasks: [{ name: 'a', taskReferenceName: 'a', type: 'NOOP' }] };
const http = {
  name: 'h',
  taskReferenceName: 'h',
  type: 'HTTP',
  inputParameters: { http_request: { uri: 'http://x', method: 'GET' } },
};
const reader = {
  name: 'b',
  taskReferenceName: 'b',
  type: 'SIMPLE',
  inputParameters: { x: '${h.response.statusCode}' },
};
const wrong = { name: 'wrong', version: '1', tasks: [http, reader] };
const risky = { ...right, name: 'risky', timeoutSeconds: 60 };

function file(name: string, content: unknown, indent = 2): string {
  const path = join(folder, name);
  writeFileSync(path, `${JSON.stringify(content, null, indent)}\n`);
  return path;
}

describe('fleet lint', () => {
  test('fleet lint without arguments checks every shipped definition, and finds no mistake', async () => {
    const { code, stdout } = await fleet('--strict');
    expect(stdout).toMatch(/^\d+ workflows, \d+ task definitions: nothing found\n$/);
    expect(code).toBe(0);
  });

  test('fleet lint shows the place, mistake, reason and repair of each finding, and exits with 1', async () => {
    const { code, stdout } = await fleet(file('wrong.json', wrong));
    expect(code).toBe(1);
    expect(stdout).toContain('wrong.json: workflow wrong');
    expect(stdout).toMatch(/error +unknown-task-field +\/tasks\/1\/inputParameters\/x \(task b\)/);
    for (const word of ['why: ', 'repair: Write ${h.output.response.statusCode}.', '1 error, 1 warning'])
      expect(stdout).toContain(word);
  });

  test('fleet lint --json prints JSON; warnings cause exit code 1 only with --strict', async () => {
    const path = file('risky.json', [right, risky]);
    const { code, stdout } = await fleet(path, '--json');
    expect(code).toBe(0);
    const { definitions, errors, warnings, findings } = JSON.parse(stdout);
    expect({ definitions, errors, warnings }).toEqual({ definitions: 2, errors: 0, warnings: 1 });
    expect(findings).toEqual([
      expect.objectContaining({
        source: path,
        name: 'risky',
        rule: 'timeout-without-effect',
        pointer: '/timeoutPolicy',
      }),
    ]);
    expect((await fleet(path, '--strict')).code).toBe(1);
  });

  test('fleet lint --fix makes safe corrections, keeps the indentation of the file, and lists the corrections', async () => {
    const path = file('fixable.json', [right, wrong], 4);
    const { code, stdout } = await fleet(path, '--fix');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('fixed    unknown-task-field') });
    const [first, second] = [
      right,
      { ...wrong, version: 1, tasks: [http, { ...reader, inputParameters: { x: '${h.output.response.statusCode}' } }] },
    ];
    expect(readFileSync(path, 'utf8')).toBe(`${JSON.stringify([first, second], null, 4)}\n`);
  });

  test('--rule and --ignore choose the rules to check; an unknown rule is refused', async () => {
    const path = file('chosen.json', wrong);
    expect((await fleet(path, '--rule', 'coerced-type')).stdout).toContain('0 errors, 1 warning');
    expect((await fleet(path, '--ignore', 'coerced-type')).stdout).toContain('1 error, 0 warnings');
    expect(await fleet(path, '--rule', 'nope')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no rule "nope"'),
    });
    expect((await fleet('--list')).stdout).toContain('unknown-task-field');
  });

  test('fleet lint checks the workflow and task definitions in a folder, and ignores other files', async () => {
    mkdirSync(join(folder, 'many'), { recursive: true });
    file('many/package.json', { name: 'x', scripts: {} });
    file('many/flow.json', right);
    file('many/tasks.json', [{ name: 'slow', timeoutSeconds: 10, retryCount: 3 }]);
    const { code, stdout } = await fleet(join(folder, 'many'));
    expect(stdout).toContain('tasks.json#0: task definition slow');
    expect(stdout).toMatch(
      /task-def-timeouts[\s\S]*(1 workflow, 1 task definition|2 task definitions): 1 error, 0 warnings/,
    );
    expect(code).toBe(1);
  });

  test('fleet lint checks a definition in a TypeScript file', async () => {
    const { code, stdout } = await fleet('workflows/definitions/order-processing.ts');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+ workflows?(, \d+ task definitions?)?: nothing found/),
    });
  });

  test('fleet lint refuses a missing file and a file that is not JSON', async () => {
    expect(await fleet(join(folder, 'nope.json'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no file or folder'),
    });
    writeFileSync(join(folder, 'broken.json'), '{');
    expect(await fleet(join(folder, 'broken.json'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is not JSON'),
    });
  });
});
