import { type ComponentChild, html, useEffect, useRef } from '../../parts/html.ts';
import { serverNow } from '../../parts/live/topics.ts';
import { useMedia } from '../../parts/show/media.ts';
import type { Overview } from '../../shared/execution-row.ts';

const MINUTE_MS = 60_000;

/** Executions that ended in each of the last 60 minutes. The chart is loaded after the page is drawn. */
export function Chart({ minutes }: { minutes: Overview['minutes'] }): ComponentChild {
  const box = useRef<HTMLElement>(null);
  const isDark = useMedia('(prefers-color-scheme: dark)');
  const last = Math.floor(serverNow() / MINUTE_MS);
  const mark = JSON.stringify([minutes, last, isDark]);
  useEffect(() => {
    let end = () => {};
    let isGone = false;
    void import('./draw-chart.ts').then(({ drawChart }) => {
      if (!isGone && box.current) end = drawChart(box.current, minutes, last);
    });
    return () => {
      isGone = true;
      end();
    };
  }, [mark]);
  const sum = (at: 1 | 2) => minutes.reduce((total, minute) => total + minute[at], 0);
  const label = `In the last hour ${sum(1)} executions completed and ${sum(2)} ended otherwise.`;
  return html`<section class="card" aria-labelledby="h-chart"><h2 id="h-chart">Ended per minute <span class="legend"><i class="sw ok"></i>completed <i class="sw bad"></i>other</span></h2>
    <div class="chart" ref=${box} role="img" aria-label=${label}></div></section>`;
}
