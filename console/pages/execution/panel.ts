import { decideAsk } from '../../parts/act/asks.ts';
import { ask } from '../../parts/act/confirm.ts';
import { type ComponentChild, html, useState } from '../../parts/html.ts';
import { may } from '../../parts/live/first.ts';
import { useReading } from '../../parts/live/read.ts';
import { Copy } from '../../parts/show/copy.ts';
import { clock, duration, exact } from '../../parts/show/format.ts';
import { kindOf, Mark, Status, wordOf } from '../../parts/show/status.ts';
import { Tabs } from '../../parts/show/tabs.ts';
import { Tree } from '../../parts/show/tree.ts';
import type { Attempt, ExecutionDetail, TaskData } from '../../shared/execution-detail.ts';
import { phasesOf } from './timeline-model.ts';

interface PanelProps {
  readonly task: Attempt;
  readonly seen: ExecutionDetail;
  readonly now: number;
  choose(id: string): void;
}

/** Everything about the chosen task. */
export function Panel({ task, seen, now, choose }: PanelProps): ComponentChild {
  const { id, ref, type, status, worker, reason, child } = task;
  const attempts = seen.tasks.filter((one) => one.ref === ref);
  return html`<aside class="panel card" aria-label=${`Task ${ref}`}><div class="phead"><h2><code>${ref}</code></h2><${Status} status=${status}/></div>
    <p class="dim">${type}${worker !== undefined && html` on ${worker}`}</p>
    ${attempts.length > 1 && html`<div class="seg" role="group" aria-label="Attempts">${attempts.map((one) => html`<button type="button" key=${one.id} aria-pressed=${one.id === id} aria-label=${`Attempt ${one.attempt}: ${wordOf(one.status)}`} onClick=${() => choose(one.id)}><${Mark} status=${one.status}/>${one.attempt}</button>`)}</div>`}
    <${Times} task=${task} now=${now}/>
    ${reason !== undefined && html`<p class=${`reason k-${kindOf(status)}`} tabindex="0">${reason}</p>`}
    ${child !== undefined && html`<p><a class="link" href=${`/executions/${child}`}>Open the execution that it started</a></p>`}
    <${Decide} task=${task} seen=${seen} now=${now}/><${Payload} task=${task}/></aside>`;
}

function Times({ task, now }: { task: Attempt; now: number }): ComponentChild {
  const { scheduled, due, started, until } = phasesOf(task, now);
  return html`<dl class="split">${task.delay > 0 && html`<div><dt>Retry delay</dt><dd class="num">${duration(due - scheduled)}</dd></div>`}<div><dt>In the queue</dt><dd class="num">${duration(started - due)}</dd></div><div><dt>${task.isWait ? 'Waited' : 'Ran'}</dt><dd class="num">${task.start ? duration(until - started) : '–'}</dd></div><div><dt>From</dt><dd class="num" title=${exact(scheduled)}>${clock(scheduled)}</dd></div></dl>`;
}

/** The two buttons of a task that waits for a person. */
function Decide({ task, seen, now }: Omit<PanelProps, 'choose'>): ComponentChild {
  if (task.type !== 'HUMAN' || task.status !== 'IN_PROGRESS' || !may('decide_approval')) return null;
  const { id, ref, start, scheduled } = task;
  const { id: executionId, workflow, correlation } = seen;
  const about = `${ref} of ${workflow}`;
  const approval = {
    id,
    ref,
    executionId,
    workflow,
    about,
    since: start || scheduled,
    ...(correlation !== undefined && { correlation }),
  };
  return html`<div class="row"><button type="button" class="btn" onClick=${() => ask(decideAsk(approval, 'reject', now))}>Reject…</button><button type="button" class="btn" onClick=${() => ask(decideAsk(approval, 'approve', now))}>Approve…</button></div>`;
}

type PayloadTab = 'input' | 'output' | 'logs' | 'raw';
const LEVELS_OPEN = 2;

/** Input, output and logs. They are read when the task is chosen, because they can be large. */
function Payload({ task }: { task: Attempt }): ComponentChild {
  const [tab, setTab] = useState<PayloadTab>('input');
  const { value, problem } = useReading<TaskData>(`task?id=${encodeURIComponent(task.id)}`, task.status) ?? {};
  const lines = value?.logs.length ?? 0;
  const tabs: readonly (readonly [PayloadTab, string])[] = [
    ['input', 'Input'],
    ['output', 'Output'],
    ['logs', lines > 0 ? `Logs ${lines}` : 'Logs'],
    ['raw', 'JSON'],
  ];
  const copied = () => JSON.stringify(value?.[tab], null, 2);
  return html`<div class="tabrow"><${Tabs} id="payload" label="Data of the task" tabs=${tabs} chosen=${tab} choose=${setTab}/>${value && html`<${Copy} what=${`the ${tab === 'raw' ? 'JSON' : tab}`} text=${copied}/>`}</div>
    <div class="pbody" id="payload-panel" role="tabpanel" tabindex="0" aria-labelledby=${`payload-${tab}`}>${value ? html`<${Body} value=${value} tab=${tab}/>` : html`<p class="dim">${problem?.message ?? 'Reading…'}</p>`}</div>`;
}

function Body({ value, tab }: { value: TaskData; tab: PayloadTab }): ComponentChild {
  if (tab === 'logs') {
    if (value.logs.length === 0) return html`<p class="dim">It wrote no logs.</p>`;
    return html`<pre class="code logs">${value.logs.map(({ at, text }) => html`<span class="dim">${clock(at)}</span> ${text}\n`)}</pre>`;
  }
  if (tab === 'raw') return html`<pre class="code">${JSON.stringify(value.raw, null, 2)}</pre>`;
  const shown = value[tab];
  const isEmpty = typeof shown === 'object' && shown !== null && Object.keys(shown).length === 0;
  return isEmpty ? html`<p class="dim">Empty.</p>` : html`<${Tree} key=${tab} value=${shown} open=${LEVELS_OPEN}/>`;
}
