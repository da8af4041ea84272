import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { sectionsOf } from '../../../mcp/docs/sections.ts';
import { type Declaration, declarationsOf } from './declarations.ts';
import { docstringMarkdown, firstSentence } from './docstring-markdown.ts';
import { emitTypes } from './emit-types.ts';
import { type Member, membersOf } from './members.ts';

interface Topic {
  readonly page: string;
  readonly title: string;
  readonly entry: string;
  /** What a reader finds on the page, in a sentence. */
  readonly about: string;
  /** Modules whose names are on this page. Default: all others of the entry. */
  readonly modules?: RegExp;
}

const TOPICS: readonly Topic[] = [
  {
    page: 'workflows',
    about: 'Workflows, sagas, schedules and event handlers as code, and every method of the builder `wf`.',
    title: 'Workflows',
    entry: 'index',
    modules: /^workflows\/dsl\/|mcp-offer/,
  },
  {
    page: 'dry-runs',
    about: 'Scenarios of dry runs: given answers of tasks, and the expected result.',
    title: 'Dry runs',
    entry: 'index',
    modules: /^workflows\/scenario\//,
  },
  {
    page: 'mcp',
    about: 'Tools, resources and prompts of your own for the MCP server.',
    title: 'Tools, resources and prompts',
    entry: 'index',
    modules: /^mcp\//,
  },
  {
    page: 'tasks',
    about: 'Task definitions and their workers, the errors they throw, side effects that happen once, and zod.',
    title: 'Tasks, workers and errors',
    entry: 'index',
  },
  { page: 'testing', about: 'What the tests of workers and workflows use.', title: 'Testing', entry: 'testing' },
  {
    page: 'workers',
    about: 'Worker pools inside a program of your own.',
    title: 'Workers in a process of your own',
    entry: 'workers',
  },
  {
    page: 'mcp-server',
    about: 'The MCP server inside an HTTP server of your own.',
    title: 'The MCP server in a process of your own',
    entry: 'mcp',
  },
];

/** A class with more members than this shows each of them under its own heading. */
const MOST_IN_ONE_BLOCK = 10;

/** A name that can be imported. */
interface PublicName extends Declaration {
  /** Of a class. */
  readonly members: readonly Member[];
}

/** What one page of the reference shows. */
export interface Chapter extends Topic {
  readonly names: readonly PublicName[];
}

/** Reads every name that can be imported, by topic, from the types that the compiler writes. */
export function readReference(): Chapter[] {
  const types = mkdtempSync(join(tmpdir(), 'fleet-types-'));
  try {
    emitTypes(types);
    return chaptersIn(types);
  } finally {
    rmSync(types, { recursive: true, force: true });
  }
}

function chaptersIn(types: string): Chapter[] {
  const entries = [...new Set(TOPICS.map(({ entry }) => entry))];
  const all = entries.flatMap((entry) =>
    declarationsOf(join(types, `entry/${entry}.d.ts`)).map((one) => ({
      ...one,
      topic: topicOf(entry, relative(types, one.module)),
    })),
  );
  const isPublic = (name: string) => all.some((one) => one.name === name);
  return TOPICS.map((topic) => ({
    ...topic,
    names: all.filter((one) => one.topic === topic).map((one) => ({ ...one, members: membersOf(one, isPublic) })),
  }));
}

function topicOf(entry: string, module: string): Topic | undefined {
  const path = module.replaceAll('\\', '/');
  return TOPICS.find((topic) => topic.entry === entry && (topic.modules?.test(path) ?? true));
}

/** The pages of `docs/reference/`: one page per topic, and one page that lists all names. */
export function referencePages(chapters: readonly Chapter[]): { name: string; text: string }[] {
  const pages = chapters.map((chapter) => ({ name: `${chapter.page}.md`, text: page(chapter) }));
  return [{ name: 'README.md', text: overview(chapters, pages) }, ...pages];
}

function overview(chapters: readonly Chapter[], pages: readonly { name: string; text: string }[]): string {
  const lists = chapters.flatMap(({ title, entry, names }, at) => {
    const { name: file = '', text = '' } = pages[at] ?? {};
    const sections = sectionsOf(file, text);
    const anchorOf = (name: string) => sections.find(({ headings }) => headings.at(-1) === name)?.anchor;
    const rows = names.map(
      ({ name, kind, docstring }) =>
        `| [\`${name}\`](${file}#${anchorOf(name)}) | ${kind} | ${cell(firstSentence(docstring))} |`,
    );
    return [
      `## ${title}`,
      '',
      `From \`${importName(entry)}\`.`,
      '',
      '| name | kind | what it is |',
      '| --- | --- | --- |',
      ...rows,
      '',
    ];
  });
  return [
    '# Reference',
    '',
    MADE,
    '',
    'Everything that a project can import. No other module of the package can be imported.',
    '',
    ...lists,
  ].join('\n');
}

const MADE = '`npm run docs` makes this page from the docstrings of the names in `entry/`; do not edit it.';

function page({ title, about, entry, names }: Chapter): string {
  const sections = names.map((one) => section(one));
  return [
    `# Reference: ${title}`,
    about,
    `${MADE} [All names](README.md).`,
    `\`import { … } from '${importName(entry)}'\``,
    ...sections,
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

function section({ name, kind, docstring, text, members }: PublicName): string {
  const head = [`## \`${name}\``, docstringMarkdown(docstring)];
  if (members.length <= MOST_IN_ONE_BLOCK) return [...head, code(text)].join('\n\n');
  const list = `A ${kind} with the members ${members.map((member) => `\`${member.name}\``).join(', ')}.`;
  const parts = members.map((member) =>
    [`### \`${name}.${member.name}\``, docstringMarkdown(member.docstring), code(member.text)]
      .filter((part) => part !== '')
      .join('\n\n'),
  );
  return [...head, list, ...parts].join('\n\n');
}

function code(text: string): string {
  return ['```ts', text, '```'].join('\n');
}

function importName(entry: string): string {
  return entry === 'index' ? 'conductor-fleet' : `conductor-fleet/${entry}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
