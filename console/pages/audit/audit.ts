import type { ViewProps } from '../../parts/frame/define-page.ts';
import { type ComponentChild, html, useState } from '../../parts/html.ts';
import { useReading } from '../../parts/live/read.ts';
import { useNow } from '../../parts/live/topics.ts';
import { count, duration, exact, short, when } from '../../parts/show/format.ts';
import { Mark } from '../../parts/show/status.ts';
import type { AuditFound, AuditRow } from '../../shared/audit.ts';
import { asked, SearchForm } from './search-form.ts';
import { Verify } from './verify.ts';

/** The page does not follow the log: reading it is a recorded request too. */
export function Audit({ query }: ViewProps): ComponentChild {
  const [turn, setTurn] = useState(0);
  const search = asked(query);
  const read = useReading<AuditFound>(search.size > 0 ? `audit?${search}` : 'audit', turn);
  const { value, problem } = read ?? {};
  return html`<div class="head"><h1>Audit</h1><span class="dim" aria-live="polite">${value && `${value.isCut ? 'The newest ' : ''}${count(value.rows.length, 'request')}`}</span>
      <span class="row acts"><button class="ghost sm" onClick=${() => setTurn(turn + 1)}>Read again</button></span></div>
    <${Verify}/><${SearchForm} query=${query} isBusy=${read === undefined}/>
    ${problem && html`<div class="error card" role="alert"><p>${problem.message}</p>${problem.remedy && html`<p class="dim">${problem.remedy}</p>`}</div>`}
    ${!read && html`<p class="empty">Reading the log…</p>`}
    ${value && html`<${Found} found=${value} isFiltered=${search.size > 0}/>`}`;
}

function Found({ found, isFiltered }: { found: AuditFound; isFiltered: boolean }): ComponentChild {
  const now = useNow();
  const { rows, isCut } = found;
  if (rows.length === 0)
    return html`<div class="empty card"><b>Nothing fits.</b> ${isFiltered && html`<a class="link" href="/audit">Show all requests</a>`}</div>`;
  return html`<section class="card flush" aria-label="Recorded requests"><table class="rows audit"><thead><tr><th scope="col">Time</th><th scope="col">Outcome</th><th scope="col">Caller</th><th scope="col">What</th><th scope="col">With</th><th scope="col">Execution</th><th scope="col" class="r">Took</th></tr></thead>
    <tbody>${rows.map((row, at) => html`<${Row} key=${`${row.id} ${at}`} row=${row} now=${now}/>`)}</tbody></table></section>
    ${isCut && html`<p class="dim pad">There may be more. Search to find older ones.</p>`}`;
}

function Row({ row, now }: { row: AuditRow; now: number }): ComponentChild {
  const { at, caller, callerId, role, transport, method, subject, args, executionId, ms } = row;
  const with_ = Object.entries(args)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
  return html`<tr><td class="a-at num dim" title=${exact(at)}>${when(at, now)}</td><td class="a-out"><${OutcomeShown} row=${row}/></td>
    <td class="a-who" title=${`${callerId}, by ${transport}`}><a href=${`/audit?${new URLSearchParams({ caller })}`}>${caller}</a> <span class="dim">${role}</span></td>
    <td class="a-what" title=${method}><a href=${`/audit?${new URLSearchParams({ tool: subject ?? method })}`}>${subject ?? method}</a></td>
    <td class="a-with dim" title=${with_}>${with_}</td>
    <td class="a-run">${executionId && html`<a href=${`/executions/${encodeURIComponent(executionId)}`}><code>${short(executionId)}</code></a>`}</td>
    <td class="a-ms r num dim">${duration(ms)}</td></tr>`;
}

/** Whether the request was let in, and what became of it. */
function OutcomeShown({ row: { decision, rule, outcome, code } }: { row: AuditRow }): ComponentChild {
  if (decision === undefined)
    return html`<span class="status k-warn" title="The process still carries it out, or it was killed."><${Mark} status="COMPLETED_WITH_ERRORS"/>Unknown</span>`;
  if (decision !== 'allowed')
    return html`<span class="status k-bad" title=${rule}><${Mark} status="FAILED"/>Refused: ${decision}</span>`;
  if (outcome === 'error')
    return html`<span class="status k-late"><${Mark} status="TIMED_OUT"/>Error${code && `: ${code}`}</span>`;
  if (outcome === 'cancelled') return html`<span class="status k-stop"><${Mark} status="CANCELED"/>Cancelled</span>`;
  return html`<span class="status k-ok calm"><${Mark} status="COMPLETED"/>Allowed</span>`;
}
