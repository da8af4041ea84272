import { type ComponentChild, html, useMemo } from '../../parts/html.ts';
import { clock, duration } from '../../parts/show/format.ts';
import { kindOf, Mark, wordOf } from '../../parts/show/status.ts';
import type { Attempt, ExecutionDetail } from '../../shared/execution-detail.ts';
import { type Axis, axisOf, isOpen, phasesOf, rowsOf, type TimelineRow } from './timeline-model.ts';

interface TimelineProps {
  readonly seen: ExecutionDetail;
  readonly now: number;
  /** Id of the chosen attempt. */
  readonly chosen: string | undefined;
  choose(id: string): void;
}

/** The attempts over time: the delay of a retry, the wait in the queue, and the run. What only waits for others is hollow. */
export function Timeline({ seen, now, chosen, choose }: TimelineProps): ComponentChild {
  const rows = useMemo(() => rowsOf(seen.tasks), [seen.tasks]);
  const axis = axisOf(seen, now);
  const move = (event: KeyboardEvent, index: number) => {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    const next = step === undefined ? undefined : rows[index + step];
    if (!next || step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    choose(next.last.id);
    const row = (event.currentTarget as HTMLElement).parentElement?.children[index + step + 1]; // the listener is on the row
    row?.querySelector('button')?.focus();
  };
  return html`<div class="gantt"><div class="gaxis" aria-hidden="true"><span></span><span class="gtrack">${axis.ticks.map((tick) => html`<i style=${{ left: `${axis.at(seen.start + tick)}%` }}>${tick === 0 ? '0' : `+${duration(tick).replace('.0 s', ' s')}`}</i>`)}</span><span></span></div>
    ${rows.map((row, index) => html`<${Row} key=${row.ref} row=${row} axis=${axis} start=${seen.start} now=${row.attempts.some(isOpen) ? now : 0} chosen=${chosen} choose=${choose} onKeyDown=${(event: KeyboardEvent) => move(event, index)}/>`)}
    <p class="legend gleg"><span><i class="sw gdelay-s"></i>retry delay</span><span><i class="sw gwait-s"></i>in the queue</span><span><i class="sw run-s"></i>ran</span><span><i class="sw idle-s"></i>waited for others</span></p></div>`;
}

interface RowProps extends Pick<TimelineProps, 'now' | 'chosen' | 'choose'> {
  readonly row: TimelineRow;
  readonly axis: Axis;
  readonly start: number;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

function Row({ row, axis, start, now, chosen, choose, onKeyDown }: RowProps): ComponentChild {
  const { ref, attempts, last } = row;
  const isOn = attempts.some(({ id }) => id === chosen);
  const total = phasesOf(last, now).until - (attempts[0]?.scheduled ?? 0);
  return html`<div class=${`grow-row ${isOn ? 'on' : ''}`} onKeyDown=${onKeyDown}>
    <button type="button" class="gname" aria-pressed=${isOn} onClick=${() => choose(last.id)} title=${`${ref} (${last.type})`}><${Mark} status=${last.status}/><span class="clip1">${ref}</span>${attempts.length > 1 && html`<span class="times">× ${attempts.length}</span>`}<span class="sr">${wordOf(last.status)}, ${duration(total)}</span></button>
    <span class="gtrack">${axis.ticks.map((tick) => html`<i class="gline" style=${{ left: `${axis.at(start + tick)}%` }}></i>`)}${attempts.map((task) => html`<${Bars} key=${task.id} task=${task} axis=${axis} now=${now} isOn=${task.id === chosen} choose=${choose}/>`)}</span>
    <span class="num dim gms" aria-hidden="true">${duration(total)}</span></div>`;
}

interface BarsProps {
  readonly task: Attempt;
  readonly axis: Axis;
  readonly now: number;
  readonly isOn: boolean;
  choose(id: string): void;
}

function Bars({ task, axis, now, isOn, choose }: BarsProps): ComponentChild {
  const { scheduled, due, started, until } = phasesOf(task, now);
  const from = (left: number, right: number) => ({
    left: `${axis.at(left)}%`,
    width: `${axis.at(right) - axis.at(left)}%`,
  });
  const run = { left: `${axis.at(started)}%`, width: `max(3px, ${axis.at(until) - axis.at(started)}%)` };
  const look = [isOn && 'on', isOpen(task) && task.start > 0 && 'open', task.isWait && 'idle']
    .filter(Boolean)
    .join(' ');
  const title = `attempt ${task.attempt}: in the queue ${duration(started - due)}, ran ${duration(until - started)}, from ${clock(started)}`;
  return html`${due > scheduled && html`<b class="gdelay" style=${from(scheduled, due)}></b>`}${started > due && html`<b class="gwait" style=${from(due, started)}></b>`}<b class=${`grun k-${kindOf(task.status)} ${look}`} style=${run} title=${title} onClick=${() => choose(task.id)}></b>`;
}
