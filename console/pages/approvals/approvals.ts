import type { ViewProps } from '../../parts/frame/define-page.ts';
import { go, withQuery } from '../../parts/frame/route.ts';
import { useKeys } from '../../parts/frame/shortcuts.ts';
import { type ComponentChild, html, useState } from '../../parts/html.ts';
import { useNow, useTopic } from '../../parts/live/topics.ts';
import { count, duration, short } from '../../parts/show/format.ts';
import { PHONE, useMedia } from '../../parts/show/media.ts';
import type { ApprovalList } from '../../shared/approval-detail.ts';
import type { Approval } from '../../shared/execution-row.ts';
import { Detail } from './detail.ts';

const NO_ROWS: readonly Approval[] = [];

export function Approvals({ query }: ViewProps): ComponentChild {
  const { value, problem } = useTopic<ApprovalList>('approvals');
  const isPhone = useMedia(PHONE);
  // The server's list shows a decided task for some seconds more.
  const [decided, setDecided] = useState<ReadonlySet<string>>(new Set());
  const [comesUp, setComesUp] = useState<string>();
  const rows = (value?.rows ?? NO_ROWS).filter(({ id }) => !decided.has(id));
  const asked = query.get('task') ?? undefined;
  const chosen = asked ?? (isPhone ? undefined : rows[0]?.id);
  useMoving(rows, chosen);
  const afterDecision = (id: string) => {
    const next = nextOf(rows, id);
    setDecided((old) => new Set([...old, id]));
    setComesUp(next);
    choose(next);
  };
  const isAlone = isPhone && chosen !== undefined;
  const more = value?.more ?? 0;
  return html`<div class="head"><h1>Approvals</h1><span class="dim" aria-live="polite">${value && (rows.length === 0 ? 'none' : `${rows.length}${more > 0 ? '+' : ''} waiting`)}</span>
    ${isAlone && html`<a class="btn sm" href="/approvals">All approvals</a>`}</div>
    ${!value && html`<p class="empty card">${problem ? problem.message : 'Asking Conductor…'}</p>`}
    ${value && rows.length === 0 && chosen === undefined && html`<${Empty}/>`}
    <div class=${`inbox ${rows.length === 0 || isAlone ? 'single' : ''}`}>${rows.length > 0 && !isAlone && html`<${List} rows=${rows} chosen=${chosen} more=${more}/>`}
      ${chosen !== undefined && html`<${Detail} key=${chosen} id=${chosen} next=${nextOf(rows, chosen)} hasFocus=${comesUp === chosen} afterDecision=${() => afterDecision(chosen)}/>`}</div>`;
}

function choose(id: string | undefined): void {
  go(withQuery({ task: id }), { replace: true });
}

/** The approval after this one; after the last one, the one before. */
function nextOf(rows: readonly Approval[], id: string): string | undefined {
  const at = rows.findIndex((row) => row.id === id);
  if (at < 0) return rows[0]?.id;
  return (rows[at + 1] ?? rows[at - 1])?.id;
}

/** `j` and `k` move in the list. No key decides. */
function useMoving(rows: readonly Approval[], chosen: string | undefined): void {
  useKeys((key) => {
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[key];
    if (step === undefined || rows.length === 0) return false;
    const at = rows.findIndex(({ id }) => id === chosen);
    choose(rows[Math.max(0, Math.min(rows.length - 1, at + step))]?.id);
    return true;
  });
}

interface ListProps {
  readonly rows: readonly Approval[];
  readonly chosen: string | undefined;
  readonly more: number;
}

function List({ rows, chosen, more }: ListProps): ComponentChild {
  const now = useNow();
  const line = ({ id, about, workflow, correlation, executionId, since }: Approval) =>
    html`<li key=${id}><a href=${`/approvals?task=${encodeURIComponent(id)}`} aria-current=${id === chosen ? 'true' : undefined}><b>${about}</b><span class="dim">${workflow} · ${correlation ?? short(executionId)}</span><span class="num dim">waits ${duration(roughly(now - since))}</span></a></li>`;
  return html`<nav class="card flush inlist" aria-label="Waiting, the longest wait first"><ul>${rows.map(line)}</ul>
    ${more > 0 && html`<p class="dim pad">The longest waits. ${count(more, 'other task waits', 'other tasks wait')}.</p>`}</nav>`;
}

/** Waits of minutes need no seconds. */
function roughly(ms: number): number {
  return ms < 60_000 ? ms : ms - (ms % 60_000);
}

function Empty(): ComponentChild {
  return html`<div class="empty card"><b>Nothing waits for a person.</b><br/>An execution that reaches a task of the type <code>HUMAN</code> appears here by itself. To try it: <code>fleet new workflow RefundApproval --template approval</code></div>`;
}
