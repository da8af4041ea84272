import { type ComponentChild, html } from '../../parts/html.ts';
import { exact, when } from '../../parts/show/format.ts';

const DAY_MS = 86_400_000;
/** The line reaches at least this far, so that a dot near its left end is soon. */
const SHORTEST_MS = 3_600_000;
/** The dots stay this many per cent away from both ends. */
const MARGIN = 1.5;

/** The next times as dots on a line from now to the last of them. */
export function Dots({ next, now, name }: { next: readonly number[]; now: number; name: string }): ComponentChild {
  const coming = next.filter((at) => at > now);
  const [soonest] = coming;
  const last = coming.at(-1);
  if (soonest === undefined || last === undefined) return null;
  const span = Math.max(SHORTEST_MS, last - now);
  const place = (at: number) => `${MARGIN + ((100 - 2 * MARGIN) * (at - now)) / span}%`;
  const label = `Next times of ${name}: ${coming.map((at) => when(at, now)).join(', ')}`;
  return html`<div class="dots" role="img" aria-label=${label}>${coming.map((at) => html`<i key=${at} style=${{ left: place(at) }} title=${exact(at)}></i>`)}</div>
    <div class="dots-ends dim" aria-hidden="true"><span>now</span><span>in ${spanWords(span)}</span></div>`;
}

function spanWords(ms: number): string {
  const days = Math.round(ms / DAY_MS);
  if (days >= 2) return `${days} days`;
  const hours = Math.round(ms / 3_600_000);
  return hours >= 2 ? `${hours} hours` : `${Math.round(ms / 60_000)} min`;
}
