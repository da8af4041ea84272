import { type ComponentChild, html, useState } from '../html.ts';
import { count } from './format.ts';

/** More entries, and longer texts, are shown only when somebody asks. */
const MANY = 50;
const MORE = 500;
const LONG = 400;

interface TreeProps {
  readonly value: unknown;
  /** The name of the field. Absent for the whole value. */
  readonly name?: string;
  /** How many levels are open at first. */
  readonly open?: number;
}

/** A value as a tree. Everything in it is text. */
export function Tree({ value, name, open = 1 }: TreeProps): ComponentChild {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length === 0) return html`<${Leaf} value=${value} name=${name}/>`;
  return html`<${Branch} entries=${entries} isList=${Array.isArray(value)} name=${name} open=${open}/>`;
}

function Leaf({ value, name }: { value: unknown; name?: string }): ComponentChild {
  const [isWhole, setWhole] = useState(false);
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  const isCut = text.length > LONG && !isWhole;
  const type = value === null ? 'null' : typeof value;
  return html`<div class="tl">${name !== undefined && html`<span class="tk">${name}</span>`}<span class=${`tv t-${type}`}>${isCut ? text.slice(0, LONG) : text}</span>${isCut && html`<button type="button" class="link" onClick=${() => setWhole(true)}>all ${count(text.length, 'character')}</button>`}</div>`;
}

interface BranchProps {
  readonly entries: readonly (readonly [string, unknown])[];
  readonly isList: boolean;
  readonly name?: string;
  readonly open: number;
}

function Branch({ entries, isList, name, open }: BranchProps): ComponentChild {
  const [isOpen, setOpen] = useState(open > 0 && entries.length <= MANY);
  const [most, setMost] = useState(MANY);
  const isRoot = name === undefined;
  const rows = entries
    .slice(0, most)
    .map(([key, inner]) => html`<${Tree} key=${key} name=${key} value=${inner} open=${open - 1}/>`);
  const rest = entries.length - most;
  const size = count(entries.length, isList ? 'item' : 'field');
  return html`<div class="tb">${!isRoot && html`<button type="button" class="tt" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}><span class="tri" aria-hidden="true">${isOpen ? '▾' : '▸'}</span><span class="tk">${name}</span> <span class="dim">${size}</span></button>`}
    ${(isOpen || isRoot) && html`<div class=${isRoot ? '' : 'ti'}>${rows}${rest > 0 && html`<button type="button" class="link" onClick=${() => setMost(most + MORE)}>${rest} more</button>`}</div>`}</div>`;
}
