import { type ComponentChild, html, useEffect, useRef } from '../html.ts';
import type { Page } from './define-page.ts';
import { railPages } from './rail.ts';
import { KEYS } from './shortcuts.ts';

/** The list of all keys. */
export function Help({
  open,
  close,
  pages,
}: {
  open: boolean;
  close: () => void;
  pages: readonly Page[];
}): ComponentChild {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open) dialog.current?.close();
  }, [open]);
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
