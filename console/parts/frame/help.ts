import { type ComponentChild, html } from '../html.ts';
import type { Page } from './define-page.ts';
import { railPages } from './rail.ts';
import { KEYS } from './shortcuts.ts';
import { type Opened, useModal } from './use-modal.ts';

/** The list of all keys. */
export function Help({ open, close, pages }: Opened & { pages: readonly Page[] }): ComponentChild {
  const dialog = useModal(open);
  const chords = railPages(pages).map(({ rail, title }) => [`g ${rail.key}`, title] as const);
  return html`<dialog ref=${dialog} class="help" aria-labelledby="help-title" onClose=${close}><h2 id="help-title">Keys</h2>
    <dl>${[...chords, ...KEYS].map(
      ([keys, meaning]) =>
        html`<div key=${keys}><dt>${keys
          .split(' ')
          .filter(Boolean)
          .map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${meaning}</dd></div>`,
    )}</dl>
    <div class="row end"><button class="btn" onClick=${close}>Close</button></div></dialog>`;
}
