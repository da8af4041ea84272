import { ask } from '../../parts/act/confirm.ts';
import { go } from '../../parts/frame/route.ts';
import { type ComponentChild, html } from '../../parts/html.ts';
import { may } from '../../parts/live/first.ts';
import { useNow, useTopic } from '../../parts/live/topics.ts';
import { count, duration, exact, when } from '../../parts/show/format.ts';
import { Mark, wordOf } from '../../parts/show/status.ts';
import type { Firing, ScheduleList, ScheduleRow } from '../../shared/schedules.ts';
import { pauseAsk, runNowAsk } from './asks.ts';
import { cronWords } from './cron-words.ts';
import { Dots } from './dots.ts';

export function Schedules(): ComponentChild {
  const { value, problem } = useTopic<ScheduleList>('schedules');
  const now = useNow();
  if (!value)
    return html`<div class="head"><h1>Schedules</h1></div><p class="empty">${problem ? problem.message : 'Asking Conductor…'}</p>`;
  const { rows, total } = value;
  const paused = rows.filter((row) => row.paused).length;
  return html`<div class="head"><h1>Schedules</h1><span class="dim" aria-live="polite">${count(total, 'schedule')}${paused > 0 && `, ${paused} paused`}</span></div>
    ${rows.length === 0 && html`<p class="empty card">There are no schedules. Write one in <code>workflows/schedules/</code>, or ask an agent for one with the tool <code>create_schedule</code>.</p>`}
    <ul class="schedules">${rows.map((row) => html`<${Schedule} key=${row.id} row=${row} now=${now}/>`)}</ul>
    ${total > rows.length && html`<p class="dim pad">The first ${rows.length} of ${total.toLocaleString('en')} by name.</p>`}`;
}

function Schedule({ row, now }: { row: ScheduleRow; now: number }): ComponentChild {
  const { id, workflow, version, cron, zone, paused, next, managedBy } = row;
  const words = cronWords(cron);
  const soonest = next.find((at) => at > now);
  return html`<li class="card schedule" aria-labelledby=${`s-${id}`}><div class="row wrap"><h2 id=${`s-${id}`} class="clip1">${id}</h2>${paused && html`<span class="status k-hold"><${Mark} status="PAUSED"/>Paused</span>`}
      <span class="row acts">${may('change_schedule') && html`${may('execute_workflow') && html`<button class="ghost sm" aria-label=${`Start now… ${workflow}`} onClick=${() => ask(startAsk(row))}>Start now…</button>`}<button class="btn sm" aria-label=${`${paused ? 'Resume' : 'Pause'}… ${id}`} onClick=${() => ask(pauseAsk(row, now))}>${paused ? 'Resume…' : 'Pause…'}</button>`}</span></div>
    <p>${words && html`<span class="words">${words}</span> `}<code>${cron}</code> <span class="dim">${zone} · starts</span> ${workflow}<span class="dim">${version === undefined ? ', latest version' : ` v${version}`}${managedBy !== undefined && ` · in code of the fleet ${managedBy}`}</span></p>
    <p>${nextWords(row, soonest, now)}</p>
    <${Dots} next=${next} now=${now} name=${id}/>
    <${Last} row=${row} now=${now}/></li>`;
}

/** Opens the execution that was started. */
function startAsk(row: ScheduleRow) {
  const after = (structured: unknown) => {
    const id = (structured as { executionId?: unknown } | undefined)?.executionId; // only read, and checked below
    if (typeof id === 'string') go(`/executions/${id}`);
  };
  return { ...runNowAsk(row), after };
}

function nextWords({ paused }: ScheduleRow, soonest: number | undefined, now: number): ComponentChild {
  if (paused) return html`<span class="dim">It does not fire while it is paused.</span>`;
  if (soonest === undefined)
    return html`<span class="error">Conductor names no next time for it. Check its cron expression.</span>`;
  return html`Next <b title=${exact(soonest)}>${when(soonest, now)}</b> <span class="dim">in ${duration(soonest - now)}</span>`;
}

function Last({ row, now }: { row: ScheduleRow; now: number }): ComponentChild {
  if (row.last.length === 0) return html`<p class="dim">It has not fired yet.</p>`;
  return html`<ul class="fired" aria-label=${`Last runs of ${row.id}`}>${row.last.map((one) => html`<${Fired} key=${one.at} firing=${one} now=${now}/>`)}</ul>`;
}

/** What became of a firing: the state of its execution, or the server's word if nothing was started. */
function Fired({ firing, now }: { firing: Firing; now: number }): ComponentChild {
  const { at, state, executionId, status, reason } = firing;
  const shown = status ?? (state === 'FAILED' ? 'FAILED' : state);
  const time = html`<span class="num dim" title=${exact(at)}>${when(at, now)}</span>`;
  const what = html`<${Mark} status=${shown}/><span>${wordOf(shown)}</span> ${time}`;
  return html`<li title=${reason}>${executionId ? html`<a href=${`/executions/${executionId}`}>${what}</a>` : what}${reason && html`<span class="sr">${reason}</span>`}</li>`;
}
