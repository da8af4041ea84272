import type { PictureBox, PictureShown } from '../../shared/execution-detail.ts';
import { type ComponentChild, html, useEffect, useLayoutEffect, useRef, useState } from '../html.ts';
import { count } from './format.ts';
import { wordOf } from './status.ts';

/** The colours of the tones of a picture. */
const KIND: Readonly<Record<string, string>> = {
  done: 'ok',
  warned: 'warn',
  failed: 'bad',
  active: 'run',
  waiting: 'wait',
  stopped: 'stop',
};
/** Pixels around the picture. */
const PAD = 8;
/** A wide picture is made smaller down to this. Then it scrolls. */
const SMALLEST = 0.6;
const LINE_HEIGHT = 16;

/** What a box does when somebody presses it. */
export interface Pressable {
  readonly isOn: boolean;
  press(): void;
}

interface PictureProps {
  readonly picture: PictureShown;
  /** The name of the whole picture. */
  readonly label: string;
  /** Undefined for a box that does nothing. */
  pressable?(box: PictureBox): Pressable | undefined;
}

/** The picture of an execution or a definition. */
export function Picture({ picture, label, pressable }: PictureProps): ComponentChild {
  const box = useRef<HTMLElement>(null);
  const scale = useScale(box, picture.width);
  const { width, height, frames, lines, boxes, hidden } = picture;
  const size = { width: (width + 2 * PAD) * scale, height: (height + 2 * PAD) * scale };
  return html`<div class="picture" ref=${box} tabindex="0" role="group" aria-label=${label}><svg width=${size.width} height=${size.height} viewBox=${`${-PAD} ${-PAD} ${width + 2 * PAD} ${height + 2 * PAD}`}>
    ${frames.map((frame) => html`<rect class=${`pframe ${frame.dim ? 'dimmed' : ''}`} x=${frame.x} y=${frame.y} width=${frame.width} height=${frame.height} rx="8"/>`)}
    ${lines.map((line) => html`<polyline class=${`pline ${line.dim ? 'dimmed' : ''}`} points=${line.points.map((point) => point.join()).join(' ')}/>`)}
    ${boxes.map((one) => html`<${Node} one=${one} act=${pressable?.(one)}/>`)}</svg>
    ${hidden > 0 && html`<p class="dim">${count(hidden, 'completed task')} not drawn. The timeline lists all.</p>`}</div>`;
}

function Node({ one, act }: { one: PictureBox; act: Pressable | undefined }): ComponentChild {
  const { kind, x, y, width, height, lines, title, tone, dim } = one;
  const isDot = lines.length === 0;
  const radius = kind === 'terminal' ? height / 2 : kind === 'choice' ? 14 : 5;
  const top = y + (height - lines.length * LINE_HEIGHT) / 2;
  const text = (line: string, index: number) =>
    html`<text class=${index === 0 && kind !== 'label' ? 'pfirst' : ''} x=${x + width / 2} y=${top + (index + 0.75) * LINE_HEIGHT}>${inWords(line)}</text>`;
  const inner = html`<title>${title.split('\n').map(inWords).join('\n')}</title><rect x=${x} y=${y} width=${width} height=${height} rx=${radius}/>${lines.map(text)}`;
  const look = `pbox p-${isDot ? 'start' : kind} k-${KIND[tone] ?? 'none'} ${dim ? 'dimmed' : ''} ${act?.isOn ? 'on' : ''}`;
  if (!act) return html`<g class=${look}>${inner}</g>`;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    event.stopPropagation();
    act.press();
  };
  return html`<g class=${`${look} press`} role="button" tabindex="0" aria-pressed=${act.isOn} onClick=${act.press} onKeyDown=${onKeyDown}>${inner}</g>`;
}

/** A line may begin with the server's word for a state, as in `FAILED · 2.4 s`. */
function inWords(line: string): string {
  return line.replace(/^[A-Z_]{6,}(?= ·|$)/, wordOf);
}

/** The size at which the picture fits into its box. The middle of a picture that is still too wide is shown first. */
function useScale(box: { readonly current: HTMLElement | null }, width: number): number {
  const [scale, setScale] = useState(1);
  useLayoutEffect(() => {
    const { current } = box;
    if (!current) return;
    const fit = () => setScale(Math.max(SMALLEST, Math.min(1, (current.clientWidth - 20) / (width + 2 * PAD))));
    const observer = new ResizeObserver(fit);
    observer.observe(current);
    return () => observer.disconnect();
  }, [width]);
  useEffect(() => {
    const { current } = box;
    if (current) current.scrollLeft = (current.scrollWidth - current.clientWidth) / 2;
  }, [width, scale]);
  return scale;
}
