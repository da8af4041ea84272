import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const here = import.meta.dirname;
const root = join(here, '../..');
/** Below this folder, so that the relative imports of the fixture hold. */
const scratch = mkdtempSync(join(here, '.scratch-'));
const wrong = fixture('wiring.ts');
const mistakes = [...wrong.matchAll(/@ts-expect-error (([^:]+): .*)/g)].map(([, mistake = '', kind = ''], index) => ({
  mistake,
  kind,
  index,
}));

/** As issue 3 lists them. */
const EIGHT_KINDS = [
  'wrong type',
  'unknown output',
  'missing input',
  'extra input',
  'optional into required',
  'unhandled case',
  'wrong workflow output',
  'wrong worker output',
];

/** The codes of the compiler's complaints, by the file they are about. */
let complaints: Map<string, string[]>;
beforeAll(() => {
  const files = mistakes.map(({ index }) => ({ name: `mistake-${index}`, text: withoutPin(index) }));
  complaints = compile([
    { name: 'pinned', text: wrong },
    { name: 'right', text: fixture('wiring-right.ts') },
    ...files,
  ]);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function fixture(name: string): string {
  return readFileSync(join(here, name), 'utf8').replaceAll("'../../", "'../../../");
}

/** The wrong wiring with one mistake unpinned. */
function withoutPin(index: number): string {
  let seen = -1;
  return wrong.replace(/^ *\/\/ @ts-expect-error.*\n(.*)\n/gm, (pin, statement: string) => {
    seen++;
    return seen === index ? `${statement}\n` : pin;
  });
}

/** One run of the compiler over all of them: most of its time goes into the libraries, which they share. */
function compile(files: { name: string; text: string }[]): Map<string, string[]> {
  for (const { name, text } of files) writeFileSync(join(scratch, `${name}.ts`), text);
  writeFileSync(
    join(scratch, 'tsconfig.json'),
    JSON.stringify({ extends: '../../../tsconfig.json', include: ['./*.ts'], compilerOptions: { noEmit: true } }),
  );
  const found = new Map<string, string[]>(files.map(({ name }) => [name, []]));
  for (const [, name = '', code = ''] of tsc().matchAll(/([\w-]+)\.ts\(\d+,\d+\): error (TS\d+)/g)) {
    found.set(name, [...(found.get(name) ?? []), code]);
  }
  return found;
}

function tsc(): string {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  try {
    return execFileSync(process.execPath, [compiler, '-p', scratch, '--pretty', 'false'], { encoding: 'utf8' });
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout);
  }
}

describe('wiring mistakes', () => {
  test('there are eight kinds that the issue lists, each pinned', () => {
    expect(EIGHT_KINDS).toHaveLength(8);
    expect(mistakes.map(({ kind }) => kind)).toEqual(expect.arrayContaining(EIGHT_KINDS));
  });

  test('each is a compile error where it is pinned, and nothing else is', () => {
    expect(complaints.get('pinned')).toEqual([]);
  });

  test.each(mistakes)('$mistake: refused by the compiler', ({ index }) => {
    const codes = complaints.get(`mistake-${index}`);
    expect(codes).toHaveLength(1);
    expect(codes?.[0]).toMatch(/^TS(2322|2339|2345|2353|2551|2561|2741|2769)$/);
  });

  test('right wiring compiles', () => {
    expect(complaints.get('right')).toEqual([]);
  });
});
