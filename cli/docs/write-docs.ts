import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadWorkflows } from '../load-content.ts';
import { loadPrompts, loadResources, loadTools } from '../load-mcp-content.ts';
import { configurationMarkdown } from './configuration-page.ts';
import { lintMarkdown } from './lint-page.ts';
import { llmsText } from './llms-text.ts';
import { type Chapter, readReference, referencePages } from './reference/reference-pages.ts';
import { toolsMarkdown } from './tools-page.ts';
import { workflowPages } from './workflow-pages.ts';

/** A file that `npm run docs` writes. */
export interface GeneratedFile {
  /** The path from the root of the repository. */
  path: string;
  text: string;
}

const root = new URL('../../', import.meta.url);

/** Every generated file. A unit test compares them with the files on disk. */
export async function generatedFiles(reference: readonly Chapter[] = readReference()): Promise<GeneratedFile[]> {
  const pages = await generatedPages(reference);
  return [...pages, { path: 'llms.txt', text: llmsText(withWritten(pages)) }];
}

async function generatedPages(reference: readonly Chapter[]): Promise<GeneratedFile[]> {
  const [tools, resources, prompts] = await Promise.all([
    loadTools({ mcpToolsets: [], mcpTools: [], mcpToolsDeny: [] }),
    loadResources(),
    loadPrompts(),
  ]);
  return [
    { path: 'docs/configuration.md', text: configurationMarkdown() },
    { path: 'docs/lint.md', text: lintMarkdown() },
    { path: 'docs/tools.md', text: toolsMarkdown({ tools, resources, prompts }) },
    ...workflowPages(await loadWorkflows()).map(({ name, text }) => ({ path: `docs/workflows/${name}`, text })),
    ...referencePages(reference).map(({ name, text }) => ({ path: `docs/reference/${name}`, text })),
  ];
}

/** The documents of the package, generated or written by people, by path. */
function withWritten(pages: readonly GeneratedFile[]): GeneratedFile[] {
  const generated = new Set(pages.map(({ path }) => path));
  const written = globSync('{README.md,CHANGELOG.md,docs/*.md,docs/adr/*.md}', { cwd: fileURLToPath(root) })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !generated.has(path))
    .map((path) => ({ path, text: readFileSync(new URL(path, root), 'utf8') }));
  return [...written, ...pages].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Folders that hold only generated files. `npm run docs` deletes every other file in them. */
export const GENERATED_FOLDERS = ['docs/workflows', 'docs/reference'];

/** Prints the names of the files whose text changes. */
async function writeAll(): Promise<void> {
  const files = await generatedFiles();
  for (const folder of GENERATED_FOLDERS) {
    mkdirSync(new URL(folder, root), { recursive: true });
    const made = new Set(files.map(({ path }) => path));
    for (const name of readdirSync(new URL(folder, root))) {
      if (!made.has(`${folder}/${name}`)) rmSync(new URL(`${folder}/${name}`, root));
    }
  }
  for (const { path, text } of files) {
    const file = new URL(path, root);
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    mkdirSync(new URL(dirname(path), root), { recursive: true });
    writeFileSync(file, text);
    process.stderr.write(`wrote ${path}\n`);
  }
}

if (import.meta.main) await writeAll();
