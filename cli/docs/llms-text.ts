import { sectionsOf } from '../../mcp/docs/sections.ts';
import type { GeneratedFile } from './write-docs.ts';

interface Group {
  readonly title: string;
  readonly has: RegExp;
}

/** The first fitting group takes a page. llmstxt.org gives the last title its meaning: what a reader may skip. */
const GROUPS: readonly Group[] = [
  { title: 'Guides', has: /^(README|docs\/(guide|architecture|coming-from-.*|working-.*|glossary))\.md$/ },
  { title: 'Optional', has: /^(CHANGELOG|docs\/adr\/.*)\.md$/ },
  { title: 'Workflows', has: /^docs\/workflows\// },
  { title: 'Reference', has: /^docs\// },
];
const ORDER = ['Guides', 'Reference', 'Workflows', 'Optional'];

/** The file `llms.txt` in the form of llmstxt.org: every document of the package with a sentence about it. The title of a decision says enough. */
export function llmsText(pages: readonly GeneratedFile[]): string {
  const readme = pages.find(({ path }) => path === 'README.md');
  const lists = ORDER.map((title) => {
    const own = pages.filter(({ path }) => GROUPS.find(({ has }) => has.test(path))?.title === title);
    return [`## ${title}`, '', ...own.map(line)].join('\n');
  });
  return `${['# conductor-fleet', `> ${firstSentenceOf(readme?.text ?? '')}`, ...lists].join('\n\n')}\n`;
}

function line({ path, text }: GeneratedFile): string {
  const title = sectionsOf(path, text)[0]?.headings[0] ?? path;
  const about = path.startsWith('docs/adr/') ? '' : firstSentenceOf(text);
  return `- [${title}](${path})${about === '' ? '' : `: ${about}`}`;
}

/** The first sentence of the first paragraph that says something about the content. */
function firstSentenceOf(markdown: string): string {
  const paragraphs = markdown.split('\n\n').map((text) => text.replaceAll('\n', ' ').trim());
  const says = paragraphs.find((text) => /^[A-Z*`]/.test(text) && !/^(\*\*|```|`npm run docs`)/.test(text)) ?? '';
  const plain = says.replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1').replaceAll('*', '');
  return /^.*?[.!?](?= |$)/.exec(plain)?.[0] ?? plain;
}
