import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const here = import.meta.dirname;
const root = join(here, '../..');
/** Below this folder, so that the relative imports of the fixtures hold. */
const scratch = mkdtempSync(join(here, '.scratch-'));
const WRONG = ['wiring', 'wiring-language'];
const PIN = /^ *\/\/ @ts-expect-error (([^:]+): .*)$/;
const mistakes = WRONG.flatMap((name) =>
  fixture(name)
    .split('\n')
    .flatMap((line, index) => {
      const [, mistake, kind] = PIN.exec(line) ?? [];
      return mistake === undefined ? [] : [{ mistake, kind, name, line: index + 2 }];
    }),
);

/** Those that must never compile, whatever else changes. */
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

/** The compiler's complaints as `file:line` and their codes. */
let complaints: { place: string; code: string }[];
beforeAll(() => {
  complaints = compile([
    ...WRONG.map((name) => ({ name: `pinned-${name}`, text: fixture(name) })),
    ...WRONG.map((name) => ({ name: `unpinned-${name}`, text: fixture(name).replaceAll('@ts-expect-error', '') })),
    { name: 'right', text: fixture('wiring-right') },
  ]);
}, 120_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function fixture(name: string): string {
  return readFileSync(join(here, `${name}.ts`), 'utf8').replaceAll("'../../", "'../../../");
}

/** One run of the compiler over all of them: most of its time goes into the libraries, which they share. */
function compile(files: { name: string; text: string }[]): { place: string; code: string }[] {
  for (const { name, text } of files) writeFileSync(join(scratch, `${name}.ts`), text);
  writeFileSync(
    join(scratch, 'tsconfig.json'),
    JSON.stringify({ extends: '../../../tsconfig.json', include: ['./*.ts'], compilerOptions: { noEmit: true } }),
  );
  const found = tsc().matchAll(/([\w-]+)\.ts\((\d+),\d+\): error (TS\d+)/g);
  return [...found].map(([, name, line, code = '']) => ({ place: `${name}:${line}`, code }));
}

function tsc(): string {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  try {
    return execFileSync(process.execPath, [compiler, '-p', scratch, '--pretty', 'false'], { encoding: 'utf8' });
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout);
  }
}

function about(file: string): string[] {
  return complaints.map(({ place }) => place).filter((place) => place.startsWith(file));
}

describe('wiring mistakes', () => {
  test('there are eight kinds that the issue lists, each pinned', () => {
    expect(EIGHT_KINDS).toHaveLength(8);
    expect(mistakes.map(({ kind }) => kind)).toEqual(expect.arrayContaining(EIGHT_KINDS));
  });

  test('each is a compile error where it is pinned, and nothing else is', () => {
    expect(about('pinned-')).toEqual([]);
    expect(about('unpinned-')).toHaveLength(mistakes.length);
  });

  test.each(mistakes)('$mistake: refused by the compiler', ({ name, line }) => {
    const codes = complaints.filter(({ place }) => place === `unpinned-${name}:${line}`).map(({ code }) => code);
    expect(codes).toHaveLength(1);
    expect(codes[0]).toMatch(/^TS(2322|2339|2345|2353|2551|2561|2741|2769)$/);
  });

  test('right wiring compiles', () => {
    expect(about('right')).toEqual([]);
  });
});
