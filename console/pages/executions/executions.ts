import type { ViewProps } from '../../parts/frame/define-page.ts';
import { rememberList } from '../../parts/frame/list-memory.ts';
import { go } from '../../parts/frame/route.ts';
import { useKeys } from '../../parts/frame/shortcuts.ts';
import { type ComponentChild, html, useEffect, useMemo, useState } from '../../parts/html.ts';
import { useNow, useTopic } from '../../parts/live/topics.ts';
import { count } from '../../parts/show/format.ts';
import { PHONE, useMedia } from '../../parts/show/media.ts';
import { VirtualList } from '../../parts/show/virtual-list.ts';
import type { ExecutionList, ExecutionRow, Overview } from '../../shared/execution-row.ts';
import { Filters } from './filters.ts';
import { Head } from './head.ts';
import { drawRow } from './row.ts';

const ROW_HEIGHT = { wide: 34, phone: 56 };
/** The bars of the durations are as long as the longest among these rows, at least a second. */
const COMPARED = 300;
const SHORTEST_MS = 1000;
const NO_ROWS: readonly ExecutionRow[] = [];

export function Executions({ query }: ViewProps): ComponentChild {
  const { value: list, problem } = useTopic<ExecutionList>(addressOf(query));
  const { value: overview } = useTopic<Overview>('overview');
  const rows = list?.rows ?? NO_ROWS;
  const { chosen, active, toggle, clear } = useChoice(rows);
  const now = useNow();
  const isPhone = useMedia(PHONE);
  useEffect(() => rememberList(rows.map(({ id }) => id)), [rows]);
  const longest = useMemo(() => Math.max(SHORTEST_MS, ...rows.slice(0, COMPARED).map(({ ms }) => ms)), [rows]);
  const waits = new Map((overview?.approvals ?? []).map(({ executionId, ref }) => [executionId, ref]));
  const row = (one: ExecutionRow, index: number) =>
    drawRow({
      row: one,
      index,
      now,
      longest,
      toggle,
      isChosen: chosen.has(one.id),
      isActive: index === active,
      waitsAt: waits.get(one.id),
    });
  return html`<div class="head"><h1>Executions</h1><span class="dim" aria-live="polite">${list && count(list.total, 'execution')}</span></div>
    <${Filters} query=${query} counts=${list?.counts ?? {}}/>
    <div class="table" role="table" aria-label="Executions" aria-rowcount=${rows.length + 1}>
      <${Head} picked=${rows.filter(({ id }) => chosen.has(id))} clear=${clear}/>
      ${!list && html`<p class="empty">${problem ? problem.message : 'Asking Conductor…'}</p>`}
      ${list && rows.length === 0 && html`<${Empty} isFiltered=${query.size > 0}/>`}
      <${VirtualList} rows=${rows} height=${isPhone ? ROW_HEIGHT.phone : ROW_HEIGHT.wide} label="Executions" active=${active} row=${row}/>
    </div>
    ${list && list.total > rows.length && rows.length > 0 && html`<p class="dim pad">The newest ${rows.length} of ${list.total.toLocaleString('en')}. Search or filter to find older ones.</p>`}`;
}

/** The topic with the filters of the address. */
function addressOf(query: URLSearchParams): string {
  const asked = new URLSearchParams();
  for (const name of ['status', 'q']) {
    const value = query.get(name)?.trim();
    if (value) asked.set(name, value);
  }
  return asked.size > 0 ? `executions?${asked}` : 'executions';
}

function Empty({ isFiltered }: { isFiltered: boolean }): ComponentChild {
  if (isFiltered)
    return html`<div class="empty"><b>Nothing fits.</b> <button class="link" onClick=${() => go('/executions')}>Remove the filters</button></div>`;
  return html`<div class="empty"><b>Nothing has run yet.</b><br/>Start something: <code>fleet run FileProcessing --input '{"path":"README.md"}'</code></div>`;
}

/** The chosen rows, and the row that the keyboard stands on. It stays on its execution when the rows move. */
function useChoice(rows: readonly ExecutionRow[]) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [here, setHere] = useState<string>();
  const active = here === undefined ? -1 : rows.findIndex(({ id }) => id === here);
  const clear = () => setChosen(new Set());
  const toggle = (id: string) =>
    setChosen((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  useKeys((key, { target }) => {
    const row = rows[active];
    const isFree = target instanceof Element && target.matches('body, main');
    if (key === 'j' || key === 'ArrowDown') setHere(rows[Math.min(rows.length - 1, active + 1)]?.id);
    else if (key === 'k' || key === 'ArrowUp') setHere(rows[Math.max(0, active - 1)]?.id);
    else if (key === 'x' && row) toggle(row.id);
    else if (key === 'Enter' && row && isFree) go(`/executions/${row.id}`);
    else if (key === 'Escape' && chosen.size > 0) clear();
    else return false;
    return true;
  });
  return { chosen, active, toggle, clear };
}
