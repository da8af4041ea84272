import { ask } from '../../parts/act/confirm.ts';
import { type ComponentChild, html, useState } from '../../parts/html.ts';
import { may } from '../../parts/live/first.ts';
import type { ProcessRow } from '../../shared/fleet.ts';
import { limitAsk } from './asks.ts';

const MOST = 10_000;

interface LimitProps {
  readonly process: ProcessRow;
  readonly type?: string;
  /** The limit now. */
  readonly now: number;
}

/** How many tasks a process runs at once, as a field. The button asks before it changes anything. */
export function Limit({ process, type, now }: LimitProps): ComponentChild {
  const [typed, setTyped] = useState<string>();
  if (!may('change_workers')) return null;
  const wanted = Number(typed ?? now);
  const isValid = Number.isInteger(wanted) && wanted >= 1 && wanted <= MOST && wanted !== now;
  const name = `Limit of ${type === undefined ? '' : `${type} in `}${process.id}`;
  const onSubmit = (event: Event) => {
    event.preventDefault();
    if (!isValid) return;
    const target = { processes: [process], ...(type !== undefined && { type }) };
    ask({ ...limitAsk(target, now, wanted), after: () => setTyped(undefined) });
  };
  return html`<form class="limit" onSubmit=${onSubmit}><label><span aria-hidden="true" class="dim">limit</span><span class="sr">${name}</span><input type="number" min="1" max=${MOST} value=${typed ?? now} onInput=${(event: InputEvent) => setTyped((event.target as HTMLInputElement).value)}/></label>
    <button class="btn sm" disabled=${!isValid} aria-label=${`Set… ${name}`}>Set…</button></form>`;
}
