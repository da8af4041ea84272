import { type ComponentChild, html } from '../../parts/html.ts';
import { ago, count, duration, exact } from '../../parts/show/format.ts';
import { Mark } from '../../parts/show/status.ts';
import type { ProcessRow } from '../../shared/fleet.ts';
import { Limit } from './limit.ts';
import { Toggle } from './type-rows.ts';
import { isPaused, processLook } from './words.ts';

export function ProcessCard({ process, now }: { process: ProcessRow; now: number }): ComponentChild {
  const { id, state, running, limit, undelivered = 0, rejected, types, polled, problem } = process;
  const [status, word] = isPaused(process) && state === 'running' ? ['PAUSED', 'Paused'] : processLook(process);
  const paused = types.filter((one) => one.state === 'paused').length;
  const names = types.length > 0 ? types.map(({ name, domain }) => (domain ? `${name} in ${domain}` : name)) : polled;
  return html`<li class="card process"><div class="row wrap"><span class="row who"><${Mark} status=${status}/><b>${word}</b><code class="clip1">${id}</code></span>
      <span class="dim">${whereIs(process, now)}</span>
      <span class="row acts">${limit !== undefined && html`<${Limit} process=${process} now=${limit}/>`}${state === 'running' && html`<${Toggle} processes=${[process]}/>`}</span></div>
    ${running !== undefined && html`<p>${running} of ${limit} running, ${count(types.length, 'task type')}${paused > 0 && `, ${paused} paused`}${undelivered > 0 && html`, <b>${count(undelivered, 'result')} not delivered yet</b>`}</p>`}
    ${rejected.map((what) => html`<p class="error">The server rejects its ${what}.</p>`)}
    ${problem !== undefined && html`<p class="error">${problem}</p>`}
    ${state === 'gone' && html`<p class="dim">It was killed or has crashed. Conductor gives its tasks to other workers when their lease is over. Which: <code>fleet workers</code></p>`}
    ${names.length > 0 && html`<details><summary>${types.length > 0 ? 'Its task types' : 'What it polled last'}</summary><ul class="names">${names.map((name) => html`<li><code>${name}</code></li>`)}</ul></details>`}</li>`;
}

function whereIs({ state, startedAt, polledAt }: ProcessRow, now: number): ComponentChild {
  if (state === 'elsewhere') return `elsewhere · last poll ${polledAt ? ago(polledAt, now) : 'unknown'}`;
  if (startedAt === undefined) return 'this machine';
  return html`this machine · <span title=${exact(startedAt)}>${state === 'gone' ? `started ${ago(startedAt, now)}` : `up ${duration(now - startedAt)}`}</span>`;
}
