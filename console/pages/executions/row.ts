import { type ComponentChild, html } from '../../parts/html.ts';
import { duration, exact, short, when } from '../../parts/show/format.ts';
import { kindOf, Status } from '../../parts/show/status.ts';
import type { ExecutionRow } from '../../shared/execution-row.ts';

interface RowProps {
  readonly row: ExecutionRow;
  readonly index: number;
  readonly now: number;
  readonly isChosen: boolean;
  readonly isActive: boolean;
  /** Duration whose bar has the full length, in milliseconds. */
  readonly longest: number;
  /** The task at which the execution waits for a person. */
  readonly waitsAt: string | undefined;
  toggle(id: string): void;
}

const drawn = new WeakMap<ExecutionRow, { readonly mark: string; readonly node: ComponentChild }>();

/** Draws a row. A row that looks as before is the same node, which is skipped when the clock draws the page each second. */
export function drawRow(props: RowProps): ComponentChild {
  const { row, index, now, isChosen, isActive, longest, waitsAt } = props;
  const mark = [isChosen, isActive, row.end ? 0 : now, index, longest, waitsAt].join();
  const known = drawn.get(row);
  if (known?.mark === mark) return known.node;
  const node = html`<${Row} key=${row.id} ...${props}/>`;
  drawn.set(row, { mark, node });
  return node;
}

function Row({ row, index, now, isChosen, isActive, longest, waitsAt, toggle }: RowProps): ComponentChild {
  const { id, status, workflow, correlation, ref, reason, start, end } = row;
  const ms = end === undefined ? now - start : row.ms;
  const part = Math.min(100, Math.max(2, (100 * ms) / longest));
  const why = waitsAt === undefined ? reason : undefined;
  return html`<div role="row" aria-rowindex=${index + 2} class=${`tr ${isChosen ? 'on' : ''} ${isActive ? 'here' : ''}`}>
    <span role="cell" class="c-pick"><input type="checkbox" aria-label=${`Choose ${workflow} ${correlation ?? id}`} checked=${isChosen} onChange=${() => toggle(id)}/></span>
    <span role="cell" class="c-state"><${Status} status=${status} calm=${status === 'COMPLETED'}/></span>
    <span role="cell" class="c-name"><a href=${`/executions/${id}`}>${workflow}</a></span>
    <span role="cell" class="c-about dim">${correlation ?? html`<code>${short(id)}</code>`}</span>
    <span role="cell" class="c-why" title=${why}>${waitsAt !== undefined ? html`<code>${waitsAt}</code> waits for a person` : html`${ref !== undefined && html`<code>${ref}</code> `}${why}`}</span>
    <span role="cell" class="c-start num dim" title=${exact(start)}>${when(start, now)}</span>
    <span role="cell" class="c-ms num">${end !== undefined && html`<i class=${`took k-${kindOf(status)}`} style=${{ width: `${part}%` }}></i>`}${duration(ms)}</span></div>`;
}
