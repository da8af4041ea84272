import type { ViewProps } from '../../parts/frame/define-page.ts';
import { go, withQuery } from '../../parts/frame/route.ts';
import { useKeys } from '../../parts/frame/shortcuts.ts';
import { type ComponentChild, html, useState } from '../../parts/html.ts';
import { useTopic } from '../../parts/live/topics.ts';
import { count } from '../../parts/show/format.ts';
import type { DefinitionList, DefinitionRow, RecentRuns } from '../../shared/definition-detail.ts';
import { Strip } from './strip.ts';

const NO_ROWS: readonly DefinitionRow[] = [];

const addressOf = (name: string) => `/definitions/${encodeURIComponent(name)}`;

export function Definitions({ query }: ViewProps): ComponentChild {
  const { value, problem } = useTopic<DefinitionList>('definitions');
  const { value: recent } = useTopic<RecentRuns>('recent-runs');
  const text = query.get('q') ?? '';
  const rows = (value?.rows ?? NO_ROWS).filter((row) => fits(row, text));
  const here = useRowKeys(rows);
  const { sampled } = recent ?? {};
  return html`<div class="head"><h1>Definitions</h1><span class="dim" aria-live="polite">${value && count(rows.length, 'workflow')}</span></div>
    <div class="bar"><input type="search" data-search class="search" aria-label="Search workflows" placeholder="Name or purpose   ( / )" value=${text} onInput=${search}/></div>
    <div class="table deftable" role="table" aria-label="Workflows" aria-rowcount=${rows.length + 1}>
      <div class="thead tr dr" role="row"><span role="columnheader">Workflow</span><span role="columnheader" class="d-about">Purpose</span><span role="columnheader" class="d-versions">Versions</span><span role="columnheader" class="d-runs">Last runs</span></div>
      ${!value && html`<p class="empty">${problem ? problem.message : 'Asking Conductor…'}</p>`}
      ${value && rows.length === 0 && html`<${Empty} isFiltered=${text.trim() !== ''}/>`}
      <div role="rowgroup">${rows.map((row, index) => html`<${Row} key=${row.id} row=${row} index=${index} isHere=${row.id === here} runs=${recent?.runs[row.id]} isSampled=${sampled !== undefined}/>`)}</div>
    </div>
    ${sampled && html`<p class="dim pad">The last runs are from the newest ${sampled.read.toLocaleString('en')} of ${sampled.total.toLocaleString('en')} executions. A workflow that ran longer ago shows none.</p>`}`;
}

function search({ currentTarget }: { currentTarget: HTMLInputElement }): void {
  go(withQuery({ q: currentTarget.value }), { replace: true });
}

function fits({ id, description = '' }: DefinitionRow, text: string): boolean {
  const where = `${id} ${description}`.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => where.includes(word));
}

/** `j` and `k` move, Enter opens. Returns the name of the row that the keyboard stands on. */
function useRowKeys(rows: readonly DefinitionRow[]): string | undefined {
  const [here, setHere] = useState<string>();
  const at = rows.findIndex(({ id }) => id === here);
  useKeys((key, { target }) => {
    const isFree = target instanceof Element && target.matches('body, main');
    if (key === 'j' || key === 'ArrowDown') setHere(rows[Math.min(rows.length - 1, at + 1)]?.id);
    else if (key === 'k' || key === 'ArrowUp') setHere(rows[Math.max(0, at - 1)]?.id);
    else if (key === 'Enter' && here !== undefined && at >= 0 && isFree) go(addressOf(here));
    else if (key === 'Escape' && here !== undefined) setHere(undefined);
    else return false;
    return true;
  });
  return at >= 0 ? here : undefined;
}

interface RowProps {
  readonly row: DefinitionRow;
  readonly index: number;
  readonly isHere: boolean;
  readonly runs: readonly string[] | undefined;
  readonly isSampled: boolean;
}

function Row({ row, index, isHere, runs, isSampled }: RowProps): ComponentChild {
  const { id, versions, description } = row;
  return html`<div role="row" aria-rowindex=${index + 2} class=${`tr dr ${isHere ? 'here' : ''}`}>
    <span role="cell" class="c-name"><a href=${addressOf(id)}>${id}</a></span>
    <span role="cell" class="d-about dim" title=${description}>${description}</span>
    <span role="cell" class="d-versions num dim">${versions.map((version) => `v${version}`).join(', ')}</span>
    <span role="cell" class="d-runs">${runs ? html`<${Strip} statuses=${runs}/>` : html`<span class="dim">${isSampled ? 'none lately' : 'never ran'}</span>`}</span></div>`;
}

function Empty({ isFiltered }: { isFiltered: boolean }): ComponentChild {
  if (isFiltered)
    return html`<div class="empty"><b>Nothing fits.</b> <button class="link" onClick=${() => go('/definitions')}>Remove the words</button></div>`;
  return html`<div class="empty"><b>No workflow is registered.</b><br/>Register those of your code: <code>fleet apply</code>. Write a new one: <code>fleet new workflow MyWorkflow</code></div>`;
}
