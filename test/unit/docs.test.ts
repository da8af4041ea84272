import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readReference } from '../../cli/docs/reference/reference-pages.ts';
import { exampleInput, retriesOf, workflowPages } from '../../cli/docs/workflow-pages.ts';
import { GENERATED_FOLDERS, generatedFiles } from '../../cli/docs/write-docs.ts';
import { loadWorkflows } from '../../cli/load-content.ts';
import { exampleOf, fieldsOf } from '../../cli/printing/schema-fields.ts';
import { checkInput } from '../../core/conductor/start-checked.ts';
import { inputSchemaOf } from '../../core/contract.ts';

const workflows = await loadWorkflows();
const reference = readReference();
const files = await generatedFiles(reference);

describe('the generated docs', () => {
  test.each(files.map(({ path, text }) => [path, text]))(
    '%s is up to date; if not, run `npm run docs`',
    (path, text) => {
      expect(existsSync(path) ? readFileSync(path, 'utf8') : 'missing').toBe(text);
    },
  );

  test('the folders of generated files contain no other file', () => {
    const found = GENERATED_FOLDERS.flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`));
    expect(found.filter((path) => !files.some((file) => file.path === path))).toEqual([]);
  });

  test('every workflow has a page and is on the list of workflows', () => {
    const [list] = workflowPages(workflows);
    for (const { name } of workflows) {
      expect(files.map(({ path }) => path)).toContain(`docs/workflows/${name}.md`);
      expect(list?.text).toContain(`[${name}](${name}.md)`);
    }
  });

  test.each(workflows.map((workflow) => [workflow.name, workflow] as const))(
    'the example input on the page of %s is valid',
    (_, workflow) => {
      const input = exampleInput(workflow);
      expect(checkInput({ ...workflow.def, tasks: [] }, input)).toMatchObject(input);
      expect(workflow.input.safeParse(input)).toMatchObject({ success: true });
    },
  );
});

describe('P5: the reference', () => {
  const names = reference.flatMap((chapter) => chapter.names.map((one) => ({ entry: chapter.entry, ...one })));
  const exportsOf = (entry: string) =>
    [...readFileSync(`entry/${entry}.ts`, 'utf8').matchAll(/^export (?:type )?\{([^}]*)\} from/gm)].flatMap(
      ([, list = '']) => list.split(',').flatMap((part) => /(\w+)\s*$/.exec(part)?.[1] ?? []),
    );
  const entries = readdirSync('entry').map((file) => file.replace('.ts', ''));

  test.each(entries)('it has every name of entry/%s.ts once', (entry) => {
    const own = names.filter((one) => one.entry === entry).map(({ name }) => name);
    expect(own.sort()).toEqual(exportsOf(entry).sort());
    expect(own).not.toEqual([]);
  });

  test('every public name has a docstring, which begins with a sentence', () => {
    expect(names.filter(({ docstring }) => !/^[A-Za-z`].*[.:]/s.test(docstring)).map(({ name }) => name)).toEqual([]);
  });

  test('it shows the methods of the builder, also those of the classes that it extends', () => {
    const scope = names.find(({ name }) => name === 'Scope');
    expect(scope?.members.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['switch', 'llmChat', 'http', 'forEach']),
    );
    const page = files.find(({ path }) => path === 'docs/reference/workflows.md')?.text;
    for (const { name, docstring } of scope?.members ?? []) {
      expect(page).toContain(`### \`Scope.${name}\``);
      expect(docstring, name).not.toBe('');
    }
  });
});

test('P5: llms.txt lists every document once, with a sentence about it', () => {
  const listed = [...readFileSync('llms.txt', 'utf8').matchAll(/^- \[.+?\]\((.+?)\)(: .+)?$/gm)];
  const paths = listed.map(([, path]) => path).sort();
  expect(paths).toEqual(globSync('{README.md,CHANGELOG.md,docs/**/*.md}').sort());
  const silent = listed.filter(([, path = '', about]) => about === undefined && !path.startsWith('docs/adr/'));
  expect(silent.map(([, path]) => path)).toEqual([]);
});

/** All documents except the guide. The guide also names files that the reader writes. */
const DOCUMENTS = ['AGENTS.md', 'README.md', 'CONTRIBUTING.md', ...globSync('docs/{*.md,adr/*.md}')].filter(
  (path) => path !== 'docs/guide.md',
);
const FOLDERS = 'entry|core|workers|workflows|mcp|cli|examples|test|docs|plugin|deploy';
/** Folders that do not exist before their first file. */
const NOT_YET = ['workflows/event-handlers/'];

test.each(DOCUMENTS)('every file and folder that %s names exists', (document) => {
  const named = readFileSync(document, 'utf8').matchAll(new RegExp(`\`((?:${FOLDERS})/[\\w./-]*)\``, 'g'));
  const missing = [...named].map(([, path = '']) => path).filter((path) => !existsSync(path));
  expect(missing.filter((path) => !NOT_YET.includes(path))).toEqual([]);
});

describe('fieldsOf and exampleOf', () => {
  test.each<[z.ZodType, object]>([
    [z.string().min(1), { type: 'string', required: true, meaning: 'not empty' }],
    [
      z.string().max(5).describe('A code.').default('x'),
      { type: 'string', required: false, default: 'x', meaning: 'A code.; characters at most 5' },
    ],
    [z.int().positive(), { type: 'integer', required: true, meaning: 'more than 0' }],
    [z.number().min(0).max(1).optional(), { type: 'number', required: false, meaning: 'at least 0; at most 1' }],
    [z.enum(['a', 'b']), { type: '"a" or "b"' }],
    [z.literal('x'), { type: '"x"' }],
    [z.union([z.string(), z.null()]), { type: 'string or null' }],
    [z.array(z.int()).min(1), { type: 'array of integer', meaning: 'items at least 1' }],
    [z.object({ a: z.string(), b: z.number() }), { type: 'object with a, b' }],
    [z.unknown(), { type: 'anything' }],
    [z.url(), { type: 'string', meaning: 'format uri' }],
  ])('fieldsOf describes the schema of case %# in words', (schema, field) => {
    expect(fieldsOf(inputSchemaOf(z.object({ x: schema })))).toMatchObject([{ name: 'x', ...field }]);
  });

  test("an example contains only the required fields, and uses the author's example for a field if there is one", () => {
    const schema = z.object({
      path: z.string().meta({ examples: ['README.md'] }),
      id: z.string().min(4),
      url: z.url(),
      count: z.int().min(3),
      share: z.number().positive(),
      kind: z.enum(['a', 'b']),
      on: z.boolean(),
      list: z.array(z.object({ name: z.string(), left: z.string().optional() })),
      some: z.string().optional(),
      late: z.string().default('x'),
    });
    const example = exampleOf(inputSchemaOf(schema));
    expect(example).toEqual({
      path: 'README.md',
      id: 'id--',
      url: 'https://example.com/',
      count: 3,
      share: 1,
      kind: 'a',
      on: true,
      list: [{ name: 'name' }],
    });
    expect(schema.safeParse(example).success).toBe(true);
  });
});

test.each([
  [{ retryCount: 0 }, 'none'],
  [{ retryCount: 3, retryLogic: 'EXPONENTIAL_BACKOFF', retryDelaySeconds: 2 }, '3, after 2, 4, 8 s'],
  [
    { retryCount: 3, retryLogic: 'EXPONENTIAL_BACKOFF', retryDelaySeconds: 2, maxRetryDelaySeconds: 5 },
    '3, after 2, 4, 5 s',
  ],
  [{ retryCount: 3, retryLogic: 'LINEAR_BACKOFF', retryDelaySeconds: 1, backoffScaleFactor: 2 }, '3, after 2, 4, 6 s'],
  [{ retryCount: 2, retryLogic: 'FIXED', retryDelaySeconds: 7 }, '2, after 7, 7 s'],
  [{ retryCount: 9, retryLogic: 'FIXED', retryDelaySeconds: 1 }, '9, after 1, 1, 1, 1, 1, 1, … s'],
])('the retries of %j are described as %s', (def, text) => {
  expect(retriesOf({ name: 'x', ...def })).toBe(text);
});
