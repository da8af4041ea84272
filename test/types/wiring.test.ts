import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const here = import.meta.dirname;
const root = join(here, '../..');
/** Below this folder, so that the relative imports of the fixture hold. */
const scratch = mkdtempSync(join(here, '.scratch-'));
const source = readFileSync(join(here, 'wiring.ts'), 'utf8').replaceAll("'../../", "'../../../");
const mistakes = [...source.matchAll(/@ts-expect-error ([^:]+):/g)].map(([, kind]) => kind);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** The compiler's complaints about the fixture, as `TSnnnn` with the line's text. */
function compile(name: string, text: string): { code: string; line: string }[] {
  const file = join(scratch, `${name}.ts`);
  writeFileSync(file, text);
  writeFileSync(
    join(scratch, 'tsconfig.json'),
    JSON.stringify({ extends: '../../../tsconfig.json', include: [`./${name}.ts`], compilerOptions: { noEmit: true } }),
  );
  try {
    execFileSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', scratch, '--pretty', 'false'],
      {
        encoding: 'utf8',
        stdio: 'pipe',
      },
    );
    return [];
  } catch (error) {
    const output = String((error as { stdout?: unknown }).stdout);
    const lines = text.split('\n');
    return [...output.matchAll(/\((\d+),\d+\): error (TS\d+)/g)].map(([, line, code]) => ({
      code: code ?? '',
      line: lines[Number(line) - 1] ?? '',
    }));
  }
}

describe('wiring mistakes', () => {
  test('there are eight kinds of them', () => {
    expect(new Set(mistakes).size).toBe(8);
  });

  test('each is a compile error where it is pinned', () => {
    expect(compile('pinned', source)).toEqual([]);
  });

  test.each(mistakes.map((kind, index) => ({ kind, index })))('$kind is refused by the compiler', ({ index }) => {
    let seen = -1;
    const onlyThis = source.replace(/^ *\/\/ @ts-expect-error.*\n(.*)\n/gm, (pin, statement: string) => {
      seen++;
      return seen === index ? `${statement}\n` : pin;
    });
    const complaints = compile(`mistake-${index}`, onlyThis);
    expect(complaints).toHaveLength(1);
    expect(complaints[0]?.code).toMatch(/^TS(2322|2339|2345|2353|2551|2561|2741|2769)$/);
  });

  test('right wiring compiles', () => {
    const right = readFileSync(join(here, 'wiring-right.ts'), 'utf8').replaceAll("'../../", "'../../../");
    expect(compile('right', right)).toEqual([]);
  });
});
