import { type ComponentChild, html } from '../html.ts';

interface TabsProps<T extends string> {
  /** Names the list of tabs, and begins the ids of the tabs. */
  readonly label: string;
  readonly id: string;
  readonly tabs: readonly (readonly [name: T, word: string])[];
  readonly chosen: T;
  choose(name: T): void;
}

/** A list of tabs. The arrow keys move in it. The chosen tab controls the element with the id `<id>-panel`. */
export function Tabs<T extends string>({ label, id, tabs, chosen, choose }: TabsProps<T>): ComponentChild {
  const onKeyDown = (event: KeyboardEvent) => {
    const at = tabs.findIndex(([name]) => name === chosen);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    const next = to === undefined ? undefined : tabs[(to + tabs.length) % tabs.length];
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    choose(next[0]);
    document.getElementById(`${id}-${next[0]}`)?.focus();
  };
  return html`<div class="tabs" role="tablist" aria-label=${label} onKeyDown=${onKeyDown}>${tabs.map(
    ([name, word]) =>
      html`<button type="button" role="tab" key=${name} id=${`${id}-${name}`} aria-selected=${name === chosen} aria-controls=${`${id}-panel`} tabindex=${name === chosen ? 0 : -1} onClick=${() => choose(name)}>${word}</button>`,
  )}</div>`;
}
