import { decideAsk } from '../../parts/act/asks.ts';
import { ask } from '../../parts/act/confirm.ts';
import { type ComponentChild, html } from '../../parts/html.ts';
import { may } from '../../parts/live/first.ts';
import { useNow } from '../../parts/live/topics.ts';
import { ago, count, duration, short } from '../../parts/show/format.ts';
import { Mark } from '../../parts/show/status.ts';
import type { Approval, FailureCause, Overview, QueueRow } from '../../shared/execution-row.ts';

const WORKFLOWS_SHOWN = 3;

/** What needs a person: queues without a worker, then approvals by age, then failures by cause. */
export function Needs({ seen }: { seen: Overview }): ComponentChild {
  const now = useNow();
  const dead = seen.queues.filter(({ state }) => state === 'no_worker');
  const isEmpty = dead.length + seen.approvals.length + seen.failures.length === 0;
  return html`<section class="card" id="needs" aria-labelledby="h-needs"><h2 id="h-needs">What needs a person <span class="dim">most urgent first</span></h2>
    ${isEmpty && html`<p class="empty">Nothing waits for a person, every queue has a worker, and nothing failed in the last hour.</p>`}
    <ul class="needs">${dead.map((queue) => html`<${DeadQueue} key=${`queue ${queue.id}`} queue=${queue} now=${now}/>`)}
      ${seen.approvals.map((one) => html`<${Waiting} key=${one.id} approval=${one} now=${now}/>`)}
      ${seen.failures.map((cause) => html`<${Failure} key=${cause.id} cause=${cause} now=${now}/>`)}</ul></section>`;
}

function Sign({ status, kind }: { status: string; kind: string }): ComponentChild {
  return html`<span class=${`mark-box k-${kind}`}><${Mark} status=${status}/></span>`;
}

function DeadQueue({ queue, now }: { queue: QueueRow; now: number }): ComponentChild {
  const { id, type, waiting, polledAt } = queue;
  const last = polledAt ? `last poll ${ago(polledAt, now)}` : 'never polled since the server started';
  return html`<li><${Sign} status="FAILED" kind="bad"/><div class="grow"><p><b>${id}</b>: ${count(waiting, 'task waits', 'tasks wait')}, and no worker polls</p>
    <p class="dim">${last} · start a worker: <code>fleet work --only ${type}</code></p></div>
    <a class="btn sm" href="/executions?status=RUNNING">Who waits</a></li>`;
}

function Waiting({ approval, now }: { approval: Approval; now: number }): ComponentChild {
  const { about, executionId, workflow, correlation, since } = approval;
  const name = `${about} (${workflow})`;
  return html`<li><${Sign} status="PAUSED" kind="hold"/><div class="grow"><p><b>${about}</b></p>
    <p class="dim"><a href=${`/executions/${executionId}`}>${workflow}</a> ${correlation ?? short(executionId)} · waits ${duration(now - since)}</p></div>
    ${may('decide_approval') && html`<button class="btn sm" aria-label=${`Reject… ${name}`} onClick=${() => ask(decideAsk(approval, 'reject', now))}>Reject…</button><button class="btn sm" aria-label=${`Approve… ${name}`} onClick=${() => ask(decideAsk(approval, 'approve', now))}>Approve…</button>`}</li>`;
}

function Failure({ cause, now }: { cause: FailureCause; now: number }): ComponentChild {
  const { id, away, workflow, workflows, ref, reason, last, count: times } = cause;
  const more = workflows.length - WORKFLOWS_SHOWN;
  const who = `${workflows.slice(0, WORKFLOWS_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const what = away ? `${away} cannot be reached` : workflow;
  const head = away
    ? html`<b>${away}</b> cannot be reached`
    : html`<a href=${`/executions/${id}`}><b>${workflow}</b></a>${ref !== undefined && html` at <code>${ref}</code>`}`;
  return html`<li><${Sign} status="FAILED" kind="bad"/><div class="grow"><p>${head} ${times > 1 && html`<span class="times">× ${times.toLocaleString('en')}</span>`}</p>
    <p class="clip1 dim" title=${reason}>${away ? who : reason || 'It gave no reason.'}</p></div>
    <span class="dim nowrap when">${ago(last, now)}</span><a class="btn sm" aria-label=${`Why: ${what}`} href=${`/executions/${id}`}>Why</a></li>`;
}
