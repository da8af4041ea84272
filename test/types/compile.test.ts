import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listTemplates, templateFiles } from '../../workflows/templates/registry/templates.ts';
import { writeFilesOf } from '../support/written-files.ts';

/*
 * These tests check which code the compiler refuses and which it accepts. One run of the compiler reads all fixtures, because it
 * spends most of its time on the libraries, which every run has to read.
 */

const here = import.meta.dirname;
const root = join(here, '../..');
const scratch = mkdtempSync(join(here, '.scratch-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Fixtures with mistakes, each pinned by `@ts-expect-error`, and fixtures without mistakes. */
const WRONG = ['wiring', 'wiring-language', 'saga', 'embedding'];
const RIGHT = ['wiring-right', 'saga-right', 'embedding-right'];
/** Pages that show complete files, each with the number of its files. */
const PAGES: Record<string, number> = {
  'README.md': 3,
  'docs/guide.md': 4,
  'docs/embedding.md': 2,
  'plugin/skills/writing-workflows/SKILL.md': 3,
};
/** The kinds of mistakes that must never compile. */
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

const fixture = (name: string) => readFileSync(join(here, `${name}.ts`), 'utf8').replaceAll("'../../", "'../../../../");
const mistakes = WRONG.flatMap((name) =>
  fixture(name)
    .split('\n')
    .flatMap((line, index) => {
      const [, mistake, kind] = /^ *\/\/ @ts-expect-error (([^:]+).*)$/.exec(line) ?? [];
      return mistake === undefined ? [] : [{ mistake, kind, place: `unpinned/${name}.ts:${index + 2}` }];
    }),
);

const files: string[] = [];
const templates: string[] = [];
const pages = new Map<string, { folder: string; paths: readonly string[] }>();
/** The errors that the compiler reported, each with its file and line. */
let complaints: { place: string; code: string }[] = [];

function put(path: string, text: string): string {
  const file = join(scratch, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  files.push(file);
  return file;
}

beforeAll(async () => {
  for (const name of WRONG) {
    put(`pinned/${name}.ts`, fixture(name));
    put(`unpinned/${name}.ts`, fixture(name).replaceAll('@ts-expect-error', ''));
  }
  for (const name of RIGHT) put(`right/${name}.ts`, fixture(name));
  for (const { name } of await listTemplates()) {
    for (const file of await templateFiles(name, `Another_${name}`)) {
      const text = file.text((module) => `../../../../../${module}.ts`);
      templates.push(put(join('templates', file.folder, file.name), text));
    }
  }
  for (const page of Object.keys(PAGES)) {
    const { folder, paths } = writeFilesOf(page, scratch);
    pages.set(page, { folder: basename(folder), paths });
    files.push(...paths.map((path) => join(folder, path)));
  }
  complaints = compile();
}, 120_000);

function compile(): { place: string; code: string }[] {
  const config = { extends: '../../../tsconfig.json', files };
  writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify({ ...config, include: [] }));
  const said = node('typescript/bin/tsc', '-p', scratch, '--pretty', 'false');
  return [...said.matchAll(/^(\S.*?)\((\d+),\d+\): error (TS\d+)/gm)].map(([, file = '', line, code = '']) => ({
    place: `${relative(scratch, join(root, file))}:${line}`,
    code,
  }));
}

/** Runs a program of an installed package and returns its output, even if the program fails. */
function node(program: string, ...args: string[]): string {
  try {
    const command = [join(root, 'node_modules', program), ...args];
    return execFileSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout);
  }
}

const about = (folder: string) => complaints.filter(({ place }) => place.startsWith(`${folder}/`));

describe('mistakes in definitions', () => {
  test('the fixtures contain every kind of mistake', () => {
    expect(EIGHT_KINDS).toHaveLength(8);
    expect(mistakes.map(({ kind }) => kind)).toEqual(expect.arrayContaining(EIGHT_KINDS));
  });

  test('the compiler reports every pinned line and no other line', () => {
    expect(about('pinned')).toEqual([]);
    expect(about('unpinned')).toHaveLength(mistakes.length);
  });

  test.each(mistakes)('the compiler refuses this mistake: $mistake', ({ place }) => {
    const codes = complaints.filter((complaint) => complaint.place === place).map(({ code }) => code);
    expect(codes).toHaveLength(1);
    expect(codes[0]).toMatch(/^TS(2322|2339|2345|2353|2551|2561|2739|2740|2741|2769)$/);
  });
});

test('definitions without mistakes compile', () => {
  expect(about('right')).toEqual([]);
});

test('the files of every template compile under a new name and are formatted', () => {
  expect(templates.length).toBeGreaterThan(10);
  expect(about('templates')).toEqual([]);
  const checked = node('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', ...templates);
  expect(checked).toContain('No fixes applied');
});

test.each(Object.entries(PAGES))('the files shown on %s compile together', (page, number) => {
  const { folder = '', paths = [] } = pages.get(page) ?? {};
  expect(paths).toHaveLength(number);
  expect(about(folder)).toEqual([]);
});
