import type { z } from 'zod';
import { FleetError } from '../../core/errors.ts';
import type { ToolAnswer } from '../engine/define-tool.ts';
import { callOf } from '../shared/quote.ts';
import type { output } from '../tools/search-docs.ts';
import { findPage, findSection, loadPages, type Page, type Section } from './pages.ts';
import { excerptOf, searchSections } from './search-sections.ts';

/** Characters of the best section; the others get fewer. */
const BEST_SECTION = 3_000;
const OTHER_SECTION = 500;
/** Bytes that one section of an answer needs for its names and a short text. */
const BYTES_PER_SECTION = 1_500;
/** Characters of a section that was asked for by its name. */
const ONE_SECTION = 30_000;

type Answer = ToolAnswer<z.input<typeof output>>;

interface Search {
  readonly query: string;
  /** A section that is read instead, by its name. */
  readonly section?: string | undefined;
  readonly limit: number;
}

/** The answer of the tool `search_docs`. */
export function searchDocs({ query, section, limit }: Search, maxResponseBytes: number): Answer {
  if (loadPages().length === 0) {
    throw new FleetError('not-found', 'This installation has no documents: its folder docs is missing.', {
      remedy: 'Install the package conductor-fleet, which contains them.',
    });
  }
  // The answer holds each text twice, and some characters take several bytes.
  const most = Math.floor(maxResponseBytes / 5);
  if (section !== undefined) return readSection(section, Math.min(ONE_SECTION, most));
  const found = query.trim() === '' ? [] : searchSections(query);
  if (found.length === 0) return listPages(query);
  const sections = Math.min(limit, Math.floor(maxResponseBytes / BYTES_PER_SECTION));
  const shown = found.slice(0, sections).map((one, at) => {
    const characters = at === 0 ? BEST_SECTION : OTHER_SECTION;
    return excerptOf(one, query, Math.min(characters, Math.floor(most / (sections + 1))));
  });
  const lines = shown.flatMap(({ section: one, text, isWhole }) => [
    `--- ${idOf(one)}${isWhole ? '' : ' (a part)'}: ${titleOf(one)}`,
    text,
  ]);
  const cut = shown.find(({ isWhole }) => !isWhole);
  return {
    text: [
      `${shown.length} of ${found.length} sections, the best match first:`,
      ...lines,
      ...(cut ? [`--- Read a whole section: ${callOf('search_docs', { section: idOf(cut.section) })}`] : []),
    ].join('\n'),
    structured: { sections: shown.map((one) => rowOf(one.section, one)), total: found.length },
  };
}

function readSection(id: string, most: number): Answer {
  const [name = '', anchor] = id.split('#', 2);
  const page = findPage(name);
  if (anchor === undefined) return listSections(page);
  const one = findSection(page, anchor);
  const { text, isWhole } = excerptOf(one, '', most);
  const rest = isWhole
    ? []
    : [`--- Cut after ${text.length} of ${one.text.length} characters. The rest: ${uriOf(one)}`];
  return {
    text: [text, ...rest].join('\n'),
    structured: { sections: [rowOf(one, { text, isWhole })], total: 1 },
  };
}

function listSections({ sections }: Page): Answer {
  const rows = sections.map((one) => `${idOf(one)} | ${one.headings.at(-1)}`);
  const [first] = sections;
  const next = first ? [`Read one: ${callOf('search_docs', { section: idOf(first) })}`] : [];
  const listed = sections.map((one) => rowOf(one, { text: '', isWhole: false }));
  return {
    text: ['section | title', ...rows, ...next].join('\n'),
    structured: { sections: listed, total: rows.length },
  };
}

/** The answer if there is nothing to search for, or nothing was found. */
function listPages(query: string): Answer {
  const pages = loadPages();
  const rows = pages.map(({ name, title }) => `${name} | ${title}`);
  return {
    text: [
      query.trim() === '' ? 'document | title' : 'No section has these words. Try other words, or see a document:',
      ...rows,
      `Its sections: ${callOf('search_docs', { section: 'guide' })}`,
    ].join('\n'),
    structured: { sections: [], total: 0 },
  };
}

const idOf = ({ page, anchor }: Section) => `${page}#${anchor}`;
const titleOf = ({ headings }: Section) => headings.join(' > ');
const uriOf = ({ page, anchor }: Section) => `conductor://docs/${page}?section=${encodeURIComponent(anchor)}`;

function rowOf(section: Section, { text, isWhole }: { text: string; isWhole: boolean }) {
  return { section: idOf(section), title: titleOf(section), uri: uriOf(section), text, isWhole };
}
