import { type ComponentChild, html } from '../../parts/html.ts';
import { useReading } from '../../parts/live/read.ts';
import { Copy } from '../../parts/show/copy.ts';
import { Tree } from '../../parts/show/tree.ts';
import type { ExecutionData, ExecutionDetail } from '../../shared/execution-detail.ts';

const PARTS = [
  ['input', 'Input'],
  ['output', 'Output'],
  ['variables', 'Variables'],
] as const;
const LEVELS_OPEN = 2;

const json = (value: unknown) => JSON.stringify(value, null, 2);

/** Reads the input, output and variables when this view opens, and again after each change of the execution. */
function useData(seen: ExecutionDetail) {
  return useReading<ExecutionData>(`execution-data?id=${encodeURIComponent(seen.id)}`, seen.mark);
}

export function PayloadView({ seen }: { seen: ExecutionDetail }): ComponentChild {
  const read = useData(seen);
  const { value, problem } = read ?? {};
  if (!value) return html`<p class="empty">${problem?.message ?? 'Reading…'}</p>`;
  return PARTS.map(([name, title]) => {
    const part = value[name];
    const isEmpty = typeof part === 'object' && part !== null && Object.keys(part).length === 0;
    return html`<section key=${name} class="card" aria-label=${title}><h2>${title} <${Copy} what=${`the ${name}`} text=${() => json(part)}/></h2>
      ${isEmpty ? html`<p class="dim">Empty.</p>` : html`<${Tree} value=${part} open=${LEVELS_OPEN}/>`}</section>`;
  });
}

export function JsonView({ seen }: { seen: ExecutionDetail }): ComponentChild {
  const { value, problem } = useData(seen) ?? {};
  if (!value) return html`<p class="empty">${problem?.message ?? 'Reading…'}</p>`;
  return html`<section class="card" aria-label="JSON"><h2>As the server has it, without the tasks <${Copy} what="the JSON" text=${() => json(value.raw)}/></h2><pre class="code" tabindex="0">${json(value.raw)}</pre></section>`;
}
