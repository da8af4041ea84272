import { type ComponentChild, html, useEffect, useLayoutEffect, useRef, useState } from '../html.ts';
import { drawnRange, type Range } from './drawn-range.ts';

interface ListProps<T> {
  readonly rows: readonly T[];
  /** Pixels of each row. */
  readonly height: number;
  readonly label: string;
  /** The row that the keyboard has chosen, or -1. It is kept in sight. */
  readonly active: number;
  row(item: T, index: number): ComponentChild;
}

/** The head of the page and the head of the table cover so much of the sight above, the bar of a phone so much below. */
const COVERED = { above: 130, below: 60 };

/** Draws only the rows in sight. The page itself scrolls, so that wheel, touch and keys work as everywhere. */
export function VirtualList<T>({ rows, height, label, active, row }: ListProps<T>): ComponentChild {
  const box = useRef<HTMLElement>(null);
  const [range, setRange] = useState<Range>([0, 60]);
  const look = () => {
    const top = box.current?.getBoundingClientRect().top ?? 0;
    const sight = [Math.floor(-top / height), Math.ceil((innerHeight - top) / height)] as const;
    setRange((old) => drawnRange(old, sight, rows.length));
  };
  useLayoutEffect(look, [rows.length, height]);
  useEffect(() => {
    addEventListener('scroll', look, { passive: true });
    addEventListener('resize', look);
    return () => {
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  }, [rows.length, height]);
  useEffect(() => {
    if (active < 0 || !box.current) return;
    const y = box.current.getBoundingClientRect().top + active * height;
    const under = y + height - innerHeight + COVERED.below;
    if (y < COVERED.above) scrollBy(0, y - COVERED.above);
    else if (under > 0) scrollBy(0, under);
  }, [active]);
  const [from, to] = [Math.min(range[0], rows.length), Math.min(range[1], rows.length)];
  return html`<div class="vlist" role="rowgroup" aria-label=${label} ref=${box} style=${{ height: `${rows.length * height}px` }}>
    <div class="vwin" role="presentation" style=${{ transform: `translateY(${from * height}px)` }}>${rows.slice(from, to).map((item, index) => row(item, from + index))}</div>
  </div>`;
}
