import { ask } from '../../parts/act/confirm.ts';
import { type ComponentChild, html } from '../../parts/html.ts';
import { may } from '../../parts/live/first.ts';
import { ago, count, duration, exact } from '../../parts/show/format.ts';
import { Mark } from '../../parts/show/status.ts';
import type { ProcessRow, TypeRow } from '../../shared/fleet.ts';
import { toggleAsk } from './asks.ts';
import { Limit } from './limit.ts';
import { isPaused, lookOf, typeStateWord } from './words.ts';

interface TypeProps {
  readonly type: TypeRow;
  /** The processes of this machine that serve it. */
  readonly served: readonly ProcessRow[];
  readonly now: number;
  readonly isOpen: boolean;
  toggle(id: string): void;
}

/** The row of a task type, and below it, if it is open, what its state means and its processes. */
export function TypeRows({ type, served, now, isOpen, toggle }: TypeProps): ComponentChild {
  const { id, domains, waiting, hidden, running, oldestAt, limit } = type;
  const { status, word, isCalm } = lookOf(type);
  const kind = isCalm ? 'calm' : '';
  const name = domains === undefined ? id : `${type.type} in ${domains} domains`;
  return html`<tbody class=${isOpen ? 'open' : ''}><tr>
      <td class="t-state"><span class=${`status k-${lookKind(status)} ${kind}`}><${Mark} status=${status}/>${word}</span></td>
      <th scope="row" class="t-name"><button class="fold" aria-expanded=${isOpen} aria-controls=${`type-${id}`} onClick=${() => toggle(id)}><i aria-hidden="true"></i><span class="clip1">${name}</span></button></th>
      <td class="r num" data-name="waiting">${waiting.toLocaleString('en')}${hidden > 0 && html` <span class="dim">+${hidden} held back</span>`}</td>
      <td class="r num" data-name="oldest" title=${oldestAt === undefined ? undefined : exact(oldestAt)}>${oldestAt === undefined ? '–' : duration(now - oldestAt)}</td>
      <td class="r num" data-name="running">${running === undefined ? '–' : running.toLocaleString('en')}</td>
      <td class="r num" data-name="limit">${limit === undefined ? 'none' : limit.toLocaleString('en')}</td>
      <td class="t-who dim">${whoServes(type, served, now)}</td>
      <td class="t-act"><${Toggle} processes=${served} type=${type.type} isAll=${true}/></td></tr>
    <tr class="more" id=${`type-${id}`} hidden=${!isOpen}><td colspan="8">${isOpen && html`<${Inside} type=${type} served=${served} now=${now}/>`}</td></tr></tbody>`;
}

const KINDS: Readonly<Record<string, string>> = {
  FAILED: 'bad',
  TIMED_OUT: 'late',
  PAUSED: 'hold',
  SCHEDULED: 'wait',
  RUNNING: 'run',
  COMPLETED: 'ok',
};
const lookKind = (status: string) => KINDS[status] ?? 'none';

/** `2 processes`, `2 processes, 1 paused`; without one here, who polled last. */
function whoServes({ polledBy, polledAt, type }: TypeRow, served: readonly ProcessRow[], now: number): ComponentChild {
  if (served.length === 0)
    return polledAt ? `polled ${ago(polledAt, now)} by ${polledBy ?? 'a worker'}` : 'never polled';
  const paused = served.filter((process) => isPaused(process, type)).length;
  const all = count(served.length, 'process', 'processes');
  if (paused === 0) return all;
  return html`${all}, <b class="k-hold held">${paused === served.length ? 'paused' : `${paused} paused`}</b>`;
}

/** The state in a sentence, and the processes with their own limits. */
function Inside({ type, served, now }: Pick<TypeProps, 'type' | 'served' | 'now'>): ComponentChild {
  const { state, polledBy, polledAt } = type;
  const start = state === 'no_worker' && html` Start one: <code>fleet work --only ${type.type}</code>`;
  const poll = polledAt ? `The last poll was ${ago(polledAt, now)}, by ${polledBy ?? 'a worker'}.` : '';
  return html`<p>${lookOf(type).means}${start} <span class="dim">${poll}</span></p>
    <ul class="lines">${served.map((process) => html`<${ServedBy} key=${process.id} process=${process} type=${type}/>`)}</ul>`;
}

function ServedBy({ process, type }: { process: ProcessRow; type: TypeRow }): ComponentChild {
  const mine = process.types.find(({ name, domain }) => name === type.type && domain === type.domain);
  if (!mine) return null;
  return html`<li class="served"><code class="clip1">${process.id}</code><span class="dim">${typeStateWord(mine.state)}</span><span class="num dim">${mine.running} of ${mine.limit} running</span>
    <span class="row acts"><${Limit} process=${process} type=${type.type} now=${mine.limit}/><${Toggle} processes=${[process]} type=${type.type}/></span></li>`;
}

interface ToggleProps {
  readonly processes: readonly ProcessRow[];
  readonly type?: string;
  readonly isAll?: boolean;
}

/** Pauses, or resumes what is paused. */
export function Toggle({ processes, type, isAll = false }: ToggleProps): ComponentChild {
  if (!may('change_workers') || processes.length === 0) return null;
  const what = toggleAsk({ processes, isAll, ...(type !== undefined && { type }) });
  const name = `${what.button}… ${type ?? ''} ${isAll ? '' : (processes[0]?.id ?? '')}`.trim();
  return html`<button class="btn sm" aria-label=${name} onClick=${() => ask(what)}>${what.button}…</button>`;
}
