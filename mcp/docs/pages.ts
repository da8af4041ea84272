import { globSync, readFileSync } from 'node:fs';
import { FleetError } from '../../core/errors.ts';
import { lazy } from '../../core/lazy.ts';
import { nearNames } from '../shared/near-names.ts';
import { callOf, quote } from '../shared/quote.ts';
import { sectionsOf } from './sections.ts';

/** A part of a page, from one heading to the next. */
export interface Section {
  readonly page: string;
  /** The anchor of its heading, e.g. `2-a-workflow`. */
  readonly anchor: string;
  /** The headings above it, then its own. */
  readonly headings: readonly string[];
  /** Markdown, with its own heading. */
  readonly text: string;
}

/** A document of this package, in the order of its sections. */
export interface Page {
  /** Path below `docs/` with `-` for `/`, e.g. `guide` or `workflows-GetWeather`. `readme` is the README. */
  readonly name: string;
  readonly title: string;
  readonly text: string;
  readonly sections: readonly Section[];
}

/** Decisions say why this program is as it is. They do not help a reader who uses it. */
const LEFT_OUT = /^adr\//;

/** In the source tree, `docs/` is two folders above this one. In the installed package it is three, because of `dist/`. */
const ROOTS = ['../../', '../../../'].map((path) => new URL(path, import.meta.url));

/** Every document, the README first. Without documents, as in a copy of `dist/` alone, the list is empty. */
export const loadPages = lazy((): readonly Page[] => {
  for (const root of ROOTS) {
    const files = globSync('docs/**/*.md', { cwd: root }).map((file) =>
      file.replaceAll('\\', '/').slice('docs/'.length),
    );
    if (files.length === 0) continue;
    const shown = files.filter((file) => !LEFT_OUT.test(file)).sort();
    return [
      readPage('readme', new URL('README.md', root)),
      ...shown.map((file) => readPage(nameOf(file), new URL(`docs/${file}`, root))),
    ];
  }
  return [];
});

/** @throws FleetError `not-found` with similar names */
export function findPage(name: string): Page {
  const pages = loadPages();
  const found = pages.find((page) => page.name === name);
  if (found) return found;
  const near = nearNames(
    name,
    pages.map((page) => page.name),
  );
  throw new FleetError('not-found', `There is no document named ${quote(name, 100)}.`, {
    remedy: near[0] ? `Similar ones are ${near.join(', ')}.` : `See all: ${callOf('search_docs', {})}`,
  });
}

/** @throws FleetError `not-found` with the anchors of the page */
export function findSection(page: Page, anchor: string): Section {
  const found = page.sections.find((section) => section.anchor === anchor);
  if (found) return found;
  const anchors = nearNames(
    anchor,
    page.sections.map((section) => section.anchor),
    10,
  );
  throw new FleetError('not-found', `The document ${page.name} has no section ${quote(anchor, 100)}.`, {
    remedy: `Similar ones are ${anchors.join(', ')}.`,
  });
}

function nameOf(file: string): string {
  return file.replace(/\.md$/, '').replaceAll('/', '-');
}

function readPage(name: string, file: URL): Page {
  const text = readFileSync(file, 'utf8');
  const sections = sectionsOf(name, text);
  return { name, title: sections[0]?.headings[0] ?? name, text, sections };
}
