import { go, withQuery } from '../../parts/frame/route.ts';
import { useSettled } from '../../parts/frame/use-settled.ts';
import { type ComponentChild, html, useEffect, useState } from '../../parts/html.ts';
import { kindOf, Mark, wordOf } from '../../parts/show/status.ts';

/** The order of the states, what may need a person first. */
const ORDER = ['RUNNING', 'PAUSED', 'FAILED', 'TIMED_OUT', 'TERMINATED', 'COMPLETED'];

interface FilterProps {
  readonly query: URLSearchParams;
  /** How many executions are in each state. */
  readonly counts: Readonly<Record<string, number>>;
}

/** The search field and the states. Both are in the address, and the server filters. */
export function Filters({ query, counts }: FilterProps): ComponentChild {
  const wanted = new Set((query.get('status') ?? '').split(',').filter(Boolean));
  const flip = (status: string) => {
    const next = new Set(wanted);
    if (!next.delete(status)) next.add(status);
    go(withQuery({ status: [...next].join(',') }), { replace: true });
  };
  const chip = (status: string) => {
    const isOn = wanted.has(status);
    const n = counts[status] ?? 0;
    return html`<button key=${status} class=${`chip k-${kindOf(status)}`} aria-pressed=${isOn} disabled=${n === 0 && !isOn} onClick=${() => flip(status)}><${Mark} status=${status}/>${wordOf(status)} <b>${n.toLocaleString('en')}</b></button>`;
  };
  return html`<div class="bar"><${SearchField} text=${query.get('q') ?? ''}/><div class="chips" role="group" aria-label="States">${ORDER.map(chip)}</div></div>`;
}

function SearchField({ text }: { text: string }): ComponentChild {
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text]);
  const settled = useSettled(typed);
  useEffect(() => {
    if (settled !== text) go(withQuery({ q: settled }), { replace: true });
  }, [settled]);
  const onInput = ({ currentTarget }: { currentTarget: HTMLInputElement }) => setTyped(currentTarget.value);
  return html`<input type="search" data-search class="search" aria-label="Search executions" placeholder="Workflow, order, id, input or reason   ( / )" value=${typed} onInput=${onInput}/>`;
}
