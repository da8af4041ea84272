import { go } from '../../parts/frame/route.ts';
import { type ComponentChild, html, useEffect, useState } from '../../parts/html.ts';

/** The fields of the search, in the order in which they are shown. The address holds them under the same names. */
const FIELDS = [
  ['tool', 'Tool, resource or method'],
  ['caller', 'Caller'],
  ['execution', 'Id of an execution'],
] as const;
const DECISIONS = [
  ['', 'All outcomes'],
  ['allowed', 'Allowed'],
  ['refused', 'Refused'],
] as const;
const TIMES = [
  ['', 'Any time'],
  ['1h', 'Last hour'],
  ['24h', 'Last day'],
  ['7d', 'Last week'],
] as const;
export const NAMES = [...FIELDS.map(([name]) => name), 'decision', 'since'] as const;

/** The search of the address, as a query: only known fields, and none that is empty. */
export function asked(query: URLSearchParams): URLSearchParams {
  const out = new URLSearchParams();
  for (const name of NAMES) {
    const value = query.get(name)?.trim();
    if (value) out.set(name, value);
  }
  return out;
}

export function SearchForm({ query, isBusy }: { query: URLSearchParams; isBusy: boolean }): ComponentChild {
  const [typed, setTyped] = useState(query);
  const here = query.toString();
  useEffect(() => setTyped(query), [here]);
  const changed = (name: string, value: string) => {
    const next = new URLSearchParams(typed);
    if (value === '') next.delete(name);
    else next.set(name, value);
    return next;
  };
  const show = (next: URLSearchParams) => go(asked(next).size > 0 ? `/audit?${asked(next)}` : '/audit');
  const onSubmit = (event: Event) => {
    event.preventDefault();
    show(typed);
  };
  const field = ([name, label]: (typeof FIELDS)[number], at: number) =>
    html`<input class="search" type="search" data-search=${at === 0 ? '' : undefined} aria-label=${label} placeholder=${label} value=${typed.get(name) ?? ''} maxlength="200" onInput=${(event: InputEvent) => setTyped(changed(name, (event.target as HTMLInputElement).value))}/>`;
  const choice = (name: string, label: string, all: readonly (readonly [string, string])[]) =>
    html`<select class="choice" aria-label=${label} value=${typed.get(name) ?? ''} onChange=${(event: Event) => show(changed(name, (event.target as HTMLSelectElement).value))}>${optionsOf(all, typed.get(name)).map(([value, word]) => html`<option value=${value} selected=${value === (typed.get(name) ?? '')}>${word}</option>`)}</select>`;
  return html`<form class="bar audit-search" role="search" onSubmit=${onSubmit}>${FIELDS.map(field)}${choice('decision', 'Outcome', DECISIONS)}${choice('since', 'Time', TIMES)}<button class="btn" disabled=${isBusy}>Search</button></form>`;
}

/** A value that only the address can have, such as one reason of a refusal, is a choice too. */
function optionsOf(all: readonly (readonly [string, string])[], value: string | null) {
  return value === null || all.some(([known]) => known === value) ? all : [...all, [value, value] as const];
}
