import uPlot from 'uplot';
import type { Overview } from '../../shared/execution-row.ts';

const HEIGHT = 132;
const MINUTES = 60;
const FONT = '11px system-ui, sans-serif';

/** Draws the bars into a box. Returns a function that removes them. */
export function drawChart(box: HTMLElement, minutes: Overview['minutes'], last: number): () => void {
  box.replaceChildren();
  const chart = new uPlot(optionsFor(box), seriesOf(minutes, last), box);
  const observer = new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: HEIGHT }));
  observer.observe(box);
  return () => {
    observer.disconnect();
    chart.destroy();
  };
}

/** The columns of the chart: the time of each minute in seconds, all ended executions, and the completed ones in front of them. */
function seriesOf(minutes: Overview['minutes'], last: number): [number[], number[], number[]] {
  const known = new Map(minutes.map(([minute, good, bad]) => [minute, [good, bad] as const]));
  const columns: [number[], number[], number[]] = [[], [], []];
  for (let minute = last - MINUTES + 1; minute <= last; minute += 1) {
    const [good, bad] = known.get(minute) ?? [0, 0];
    columns[0].push(minute * 60);
    columns[1].push(good + bad);
    columns[2].push(good);
  }
  return columns;
}

function optionsFor(box: HTMLElement): uPlot.Options {
  const bars = uPlot.paths.bars?.({ size: [0.7, 14], align: 1, radius: 0.15 });
  const colour = (name: string) => computedColour(box, name);
  const series = (name: string): uPlot.Series => ({
    fill: colour(name),
    width: 0,
    points: { show: false },
    ...(bars && { paths: bars }),
  });
  const axis = { stroke: colour('--dim'), font: FONT, gap: 4, ticks: { show: false } };
  return {
    width: box.clientWidth,
    height: HEIGHT,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false } },
    scales: { x: { time: true }, y: { range: (_chart, _min, max) => [0, Math.max(4, Math.ceil(max * 1.1))] } },
    axes: [
      { ...axis, size: 24, space: 80, grid: { show: false }, values: (_chart, ticks) => ticks.map(timeOf) },
      {
        ...axis,
        size: 30,
        space: 34,
        grid: { stroke: colour('--line'), width: 1 },
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
      },
    ],
    series: [{}, series('--bad'), series('--chart')],
  };
}

const timeOf = (tick: number) => new Date(tick * 1000).toTimeString().slice(0, 5);

/** A canvas knows neither variables nor `light-dark()`, so an element is asked for the colour. */
function computedColour(box: HTMLElement, name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  box.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
