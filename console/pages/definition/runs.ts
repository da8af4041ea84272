import { type ComponentChild, html } from '../../parts/html.ts';
import { useNow, useTopic } from '../../parts/live/topics.ts';
import { duration, exact, short, when } from '../../parts/show/format.ts';
import { Mark, wordOf } from '../../parts/show/status.ts';
import type { WorkflowRuns } from '../../shared/definition-detail.ts';
import type { ExecutionRow } from '../../shared/execution-row.ts';

/** The last executions of all versions of the workflow. */
export function Runs({ name }: { name: string }): ComponentChild {
  const { value, problem } = useTopic<WorkflowRuns>(`workflow-runs?${new URLSearchParams({ name })}`);
  const now = useNow();
  const line = ({ id, status, correlation, version, start, end, ms }: ExecutionRow) =>
    html`<li key=${id}><a href=${`/executions/${id}`}><${Mark} status=${status}/><span class="sr">${wordOf(status)}</span><span class="clip1 grow">${correlation ?? short(id)} <span class="dim">v${version}</span></span><span class="num dim" title=${exact(start)}>${when(start, now)}</span><span class="num dim w6">${duration(end === undefined ? now - start : ms)}</span></a></li>`;
  return html`<section class="card" aria-labelledby="h-runs"><h2 id="h-runs">Last runs ${value && value.total > 0 && html`<a class="more" href=${`/executions?q=${encodeURIComponent(name)}`}>all ${value.total.toLocaleString('en')}</a>`}</h2>
    ${!value && html`<p class="dim">${problem ? problem.message : 'Asking Conductor…'}</p>`}
    ${value?.rows.length === 0 && html`<p class="dim">It has never run.</p>`}
    <ul class="lines">${value?.rows.map(line)}</ul></section>`;
}
