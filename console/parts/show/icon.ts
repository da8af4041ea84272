import { type ComponentChild, html } from '../html.ts';

/** A drawing of 16 by 16 in one stroke. */
export function Icon({ path }: { path: string }): ComponentChild {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${path}/></svg>`;
}

export const SEARCH_ICON = 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3 14 14';
