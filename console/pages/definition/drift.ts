import { type ComponentChild, html } from '../../parts/html.ts';
import { useReading } from '../../parts/live/read.ts';
import { count } from '../../parts/show/format.ts';
import type { DefinitionDetail, DefinitionDrift } from '../../shared/definition-detail.ts';

interface DriftProps {
  /** Which definition, as a query. */
  readonly asked: string;
  readonly seen: DefinitionDetail;
}

/** How the stored definition differs from the one in the code that the console loads. */
export function Drift({ asked, seen }: DriftProps): ComponentChild {
  const read = useReading<DefinitionDrift>(`definition-drift?${asked}`, seen.storedAt);
  const { value, problem } = read ?? {};
  return html`<section class="card" aria-labelledby="h-drift"><h2 id="h-drift">Drift against the code <span class="dim">${value?.codeVersion !== undefined && (value.total === 0 ? 'none' : count(value.total, 'difference'))}</span></h2>
    ${!read && html`<p class="dim">Comparing…</p>`}
    ${problem && html`<p class="error">${problem.message}</p>`}
    ${value && html`<${Compared} drift=${value} seen=${seen}/>`}</section>`;
}

function Compared({ drift, seen }: { drift: DefinitionDrift; seen: DefinitionDetail }): ComponentChild {
  const { codeVersion, total, changes, breaks } = drift;
  if (codeVersion === undefined)
    return html`<p class="dim">The code that this console loads has no workflow of this name, so there is nothing to compare with.</p>`;
  if (total === 0) return html`<p class="dim">Version ${seen.version} is what the code says.</p>`;
  const line = ({ path, before, after }: DefinitionDrift['changes'][number]) =>
    html`<tr key=${path}><th scope="row"><code>${path}</code></th><td><code>${shown(before)}</code></td><td><code>${shown(after)}</code></td></tr>`;
  return html`<p>Version ${seen.version} on the server is not what the code says. <code>fleet plan</code> shows what <code>fleet apply</code> would change.</p>
    ${breaks.length > 0 && html`<p>The code must not replace this version, because ${breaks.join('; ')}.</p>`}
    <div class="scroll" tabindex="0" role="group" aria-label="Differences"><table class="diff"><thead><tr><th scope="col">Field</th><th scope="col">Server</th><th scope="col">Code</th></tr></thead><tbody>${changes.map(line)}</tbody></table></div>
    ${total > changes.length && html`<p class="dim">And ${count(total - changes.length, 'other difference')}.</p>`}`;
}

function shown(value: unknown): string {
  return value === undefined ? '–' : JSON.stringify(value);
}
