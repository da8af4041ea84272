import { type ComponentChild, html } from '../../parts/html.ts';
import { useNow, useTopic } from '../../parts/live/topics.ts';
import { ago, count, duration, short } from '../../parts/show/format.ts';
import { Mark } from '../../parts/show/status.ts';
import type { ExecutionRow, Overview, QueueRow } from '../../shared/execution-row.ts';
import { Chart } from './chart.ts';
import { Needs } from './needs.ts';

const QUEUES_SHOWN = 6;

export function Home(): ComponentChild {
  const { value, problem } = useTopic<Overview>('overview');
  if (!value)
    return html`<h1 class="sr">Home</h1><p class="empty">${problem ? problem.message : 'Asking Conductor…'}</p>`;
  return html`<h1 class="sr">Home</h1><${Figures} seen=${value}/>
    <div class="cols"><${Needs} seen=${value}/>
      <div class="stack"><${Chart} minutes=${value.minutes}/><${OpenNow} seen=${value}/><${Queues} queues=${value.queues}/></div>
    </div>`;
}

function Figures({ seen }: { seen: Overview }): ComponentChild {
  const { counts, hour, approvals, queues, failures } = seen;
  const running = counts.RUNNING ?? 0;
  const broken = failures.length + queues.filter(({ state }) => state === 'no_worker').length;
  const needs = approvals.length + broken;
  const share =
    hour.ended > 0
      ? `${((100 * hour.failed) / hour.ended).toFixed(1)} % of ${hour.ended.toLocaleString('en')}`
      : 'nothing ended';
  const sample = hour.sampled && `of the newest ${hour.sampled.read.toLocaleString('en')}`;
  return html`<section class="figures" aria-label="Now">
    <${Figure} name="Running" value=${running.toLocaleString('en')} to="/executions?status=RUNNING" tone=${running ? 'run' : ''} more=${counts.PAUSED ? `${counts.PAUSED} paused` : 'none paused'}/>
    <${Figure} name="Need a person" value=${needs} to="#needs" tone=${needs ? 'hold' : ''} more=${`${count(approvals.length, 'approval')}, ${broken} broken`}/>
    <${Figure} name="Failed, last hour" value=${hour.failed.toLocaleString('en')} to="/executions?status=FAILED,TIMED_OUT" tone=${hour.failed ? 'bad' : ''} more=${sample ? `${share} (${sample})` : share}/>
    <${Figure} name="p95, last hour" value=${duration(hour.p95)} to="/executions?status=COMPLETED" tone="" more=${sample ?? `half end within ${duration(hour.p50)}`}/>
  </section>`;
}

interface FigureProps {
  readonly name: string;
  readonly value: string | number;
  readonly more: string;
  readonly to: string;
  readonly tone: string;
}

function Figure({ name, value, more, to, tone }: FigureProps): ComponentChild {
  return html`<a class=${`figure ${tone ? `k-${tone}` : ''}`} href=${to}><span class="dim">${name}</span><b>${value}</b><span class="dim">${more}</span></a>`;
}

function OpenNow({ seen }: { seen: Overview }): ComponentChild {
  const now = useNow();
  const total = (seen.counts.RUNNING ?? 0) + (seen.counts.PAUSED ?? 0);
  const line = ({ id, status, workflow, correlation, start }: ExecutionRow) =>
    html`<li key=${id}><a href=${`/executions/${id}`}><${Mark} status=${status}/><span class="clip1 grow">${workflow} <span class="dim">${correlation ?? short(id)}</span></span><span class="num dim">${duration(now - start)}</span></a></li>`;
  return html`<section class="card" aria-labelledby="h-open"><h2 id="h-open">Open now <a class="more" href="/executions?status=RUNNING,PAUSED">all ${total.toLocaleString('en')}</a></h2>
    ${seen.open.length === 0 && html`<p class="empty">Nothing runs. Start something: <code>fleet run FileProcessing --input '{"path":"README.md"}'</code></p>`}
    <ul class="lines">${seen.open.map(line)}</ul></section>`;
}

/** What the state of a queue looks like, as a state of an execution. */
const LOOK: Readonly<Record<string, string>> = {
  no_worker: 'FAILED',
  limited: 'PAUSED',
  behind: 'SCHEDULED',
  delayed: 'SCHEDULED',
};

function Queues({ queues }: { queues: readonly QueueRow[] }): ComponentChild {
  const now = useNow();
  const sorted = [...queues].sort((a, b) => b.waiting - a.waiting || (b.polledAt ?? 0) - (a.polledAt ?? 0));
  const line = ({ id, state, waiting, polledAt }: QueueRow) =>
    html`<li key=${id}><span class="row"><${Mark} status=${LOOK[state] ?? 'COMPLETED'}/><code class="clip1 grow">${id}</code><span class="num dim">${waiting} waiting</span><span class="num dim w6" title="Last poll of a worker">${polledAt ? ago(polledAt, now) : 'never'}</span></span></li>`;
  return html`<section class="card" aria-labelledby="h-queues"><h2 id="h-queues">Queues <span class="more">last poll</span></h2>
    ${queues.length === 0 && html`<p class="empty">No worker has polled yet. Start one: <code>fleet work</code></p>`}
    <ul class="lines">${sorted.slice(0, QUEUES_SHOWN).map(line)}</ul></section>`;
}
