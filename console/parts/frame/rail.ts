import { type ComponentChild, html } from '../html.ts';
import { first } from '../live/first.ts';
import { Icon } from '../show/icon.ts';
import type { Page, RailEntry } from './define-page.ts';

/** The pages with a place in the rail, from the top. */
export function railPages(pages: readonly Page[]): (Page & { readonly rail: RailEntry })[] {
  return pages
    .flatMap((page) => (page.rail ? [{ ...page, rail: page.rail }] : []))
    .sort((a, b) => a.rail.order - b.rail.order);
}

export function Rail({ pages, current }: { pages: readonly Page[]; current: string | undefined }): ComponentChild {
  const { conductor, version } = first.session;
  return html`<nav class="rail" aria-label="Pages">${railPages(pages).map(
    ({ path, title, rail }) =>
      html`<a key=${path} href=${path} class="nav" aria-current=${path === current ? 'page' : undefined}><${Icon} path=${rail.icon}/><span>${title}</span>${rail.Badge && html`<${rail.Badge}/>`}</a>`,
  )}<span class="foot dim">${conductor && html`<span title="The Conductor server">${conductor}</span><br/>`}fleet ${version}</span></nav>`;
}
