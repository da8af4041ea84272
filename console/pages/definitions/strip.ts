import { type ComponentChild, html } from '../../parts/html.ts';
import { kindOf, wordOf } from '../../parts/show/status.ts';

/** The last runs as marks, the newest at the right. A mark that needs a person is taller, so colour is not the only sign. */
export function Strip({ statuses }: { statuses: readonly string[] }): ComponentChild {
  const counts = new Map<string, number>();
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  const words = [...counts].map(([status, n]) => `${n} ${wordOf(status).toLowerCase()}`).join(', ');
  const label = `Last ${statuses.length} runs: ${words}`;
  return html`<span class="strip" role="img" aria-label=${label} title=${label}>${statuses.map((status) => html`<i class=${`k-${kindOf(status)}`}></i>`)}</span>`;
}
