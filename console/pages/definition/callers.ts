import { type ComponentChild, html } from '../../parts/html.ts';
import { count } from '../../parts/show/format.ts';
import type { CallerRow, DefinitionDetail } from '../../shared/definition-detail.ts';

/** Which workflows start this one, and which ones it starts. */
export function Callers({ seen }: { seen: DefinitionDetail }): ComponentChild {
  const { callers, calls, unsearched } = seen;
  return html`<section class="card" aria-labelledby="h-callers"><h2 id="h-callers">Callers</h2>
    ${callers.length === 0 && html`<p class="dim">No workflow starts this one.</p>`}
    <ul class="callers">${callers.map((row) => html`<${Caller} row=${row}/>`)}</ul>
    ${unsearched > 0 && html`<p class="dim">${count(unsearched, 'other workflow was', 'other workflows were')} not searched.</p>`}
    ${calls.length > 0 && html`<h3>It starts</h3><ul class="callers">${calls.map((row) => html`<${Caller} row=${row}/>`)}</ul>`}</section>`;
}

function Caller({ row: { name, how, version } }: { row: CallerRow }): ComponentChild {
  const words = how === 'failure-workflow' ? 'after a failure' : 'as a sub-workflow';
  const which = version === undefined ? 'highest version' : `v${version}`;
  const isKnown = !name.includes('${');
  return html`<li>${isKnown ? html`<a class="link" href=${`/definitions/${encodeURIComponent(name)}`}>${name}</a>` : html`<code>${name}</code>`} <span class="dim">${words}, ${which}</span></li>`;
}
