import type { ExecutionList, ExecutionRow } from '../../shared/execution-row.ts';
import { type ComponentChild, html, useState } from '../html.ts';
import { useReading } from '../live/read.ts';
import { short } from '../show/format.ts';
import { Mark, wordOf } from '../show/status.ts';
import type { Page } from './define-page.ts';
import { railPages } from './rail.ts';
import { go } from './route.ts';
import { type Opened, useModal } from './use-modal.ts';
import { useSettled } from './use-settled.ts';

interface Item {
  readonly to: string;
  readonly line: ComponentChild;
}

const MOST_RUNS = 8;

/** Goes to a page or an execution by words. The server searches all executions. */
export function Palette({ open, close, pages }: Opened & { pages: readonly Page[] }): ComponentChild {
  const dialog = useModal(open);
  return html`<dialog ref=${dialog} class="palette" onClose=${close} aria-label="Go to">${open && html`<${Search} close=${close} pages=${pages}/>`}</dialog>`;
}

function Search({ close, pages }: { close: () => void; pages: readonly Page[] }): ComponentChild {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const asked = useSettled(text.trim());
  const found = useReading<ExecutionList>(`executions?q=${encodeURIComponent(asked)}`);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const places = placesOf(pages, words);
  const runs = (found?.value?.rows ?? [])
    .filter((row) => fits(row, words))
    .slice(0, MOST_RUNS)
    .map(itemOf);
  const items = words.length > 0 ? [...runs, ...places] : [...places, ...runs];
  const pick = (item: Item | undefined) => {
    if (!item) return;
    close();
    go(item.to);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt(Math.min(items.length - 1, at + 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(0, at - 1));
    else if (event.key === 'Enter') pick(items[at]);
    else return;
    event.preventDefault();
  };
  const onInput = ({ currentTarget }: { currentTarget: HTMLInputElement }) => {
    setText(currentTarget.value);
    setAt(0);
  };
  return html`<input role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant=${items[at] && `palette-${at}`} aria-label="Go to a page or an execution" placeholder="Order, workflow, id, page…" value=${text} onInput=${onInput} onKeyDown=${onKeyDown} autofocus/>
    <ul id="palette-list" role="listbox" aria-label="Pages and executions">${items.map(
      (item, index) =>
        html`<li key=${item.to} id=${`palette-${index}`} role="option" aria-selected=${index === at} onClick=${() => pick(item)} onMouseMove=${() => setAt(index)}>${item.line}</li>`,
    )}</ul>
    ${items.length === 0 && html`<p class="empty">${found ? 'Nothing fits. Try a part of a name, of an id or of the input.' : 'Searching…'}</p>`}`;
}

function placesOf(pages: readonly Page[], words: readonly string[]): Item[] {
  const all = railPages(pages).flatMap(({ title, path, places = [] }) => [{ name: title, to: path }, ...places]);
  return all
    .filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)))
    .map(({ name, to }) => ({ to, line: html`<span>${name}</span><span class="dim">page</span>` }));
}

/** The answer to earlier letters may be older than what is typed now. The server also finds words of the input, which a row lacks. */
function fits({ workflow, correlation, id, status }: ExecutionRow, words: readonly string[]): boolean {
  if (words.length <= 1) return true;
  const text = `${workflow} ${correlation ?? ''} ${id} ${wordOf(status)}`.toLowerCase();
  return words.some((word) => text.includes(word));
}

function itemOf({ id, status, workflow, correlation }: ExecutionRow): Item {
  const line = html`<span class="row"><${Mark} status=${status}/>${workflow} <b>${correlation ?? short(id)}</b></span><span class="dim">${wordOf(status)}</span>`;
  return { to: `/executions/${id}`, line };
}
