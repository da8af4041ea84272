import { lazy } from '../../core/lazy.ts';
import { hasWordOf, wordSearch } from '../shared/word-search.ts';
import { loadPages, type Section } from './pages.ts';

/** The text of a section, or the part of it that fits an answer. */
export interface Excerpt {
  readonly section: Section;
  readonly text: string;
  readonly isWhole: boolean;
}

const CODE = /^```[\s\S]*?^```/gm;

const search = lazy(() => {
  const sections = loadPages().flatMap((page) => page.sections);
  return wordSearch(sections, ({ page, headings, text }) => [
    { weight: 4, text: headings.at(-1) ?? '' },
    { weight: 2, text: `${page} ${headings.slice(0, -1).join(' ')}` },
    { weight: 2, text: firstParagraph(text) },
    { weight: 1, text: text.replaceAll(CODE, '') },
    { weight: 0.5, text: (text.match(CODE) ?? []).join('\n') },
  ]);
});

/** The sections of all documents that have words of the query, best match first. */
export function searchSections(query: string): Section[] {
  return search()(query);
}

/** The section, or its lines from the first line with a word of the query, up to `limit` characters. */
export function excerptOf(section: Section, query: string, limit: number): Excerpt {
  const { text } = section;
  if (text.length <= limit) return { section, text, isWhole: true };
  const lines = text.split('\n');
  const first = lines.findIndex((line, at) => at > 0 && hasWordOf(query, line));
  return { section, text: wholeLines(lines.slice(Math.max(0, first)), limit), isWhole: false };
}

/** As many lines as fit. Of a first line that is too long, its beginning. */
function wholeLines(lines: readonly string[], limit: number): string {
  let text = lines[0]?.slice(0, limit) ?? '';
  for (const line of lines.slice(1)) {
    if (text.length + line.length + 1 > limit) break;
    text += `\n${line}`;
  }
  return text.trimEnd();
}

function firstParagraph(text: string): string {
  return text.split('\n\n')[1] ?? '';
}
