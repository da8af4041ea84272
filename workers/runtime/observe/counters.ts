/** A metric in the form in which prom-client passes it between processes. prom-client writes the page from it. */
export interface Family {
  name: string;
  help: string;
  type: 'counter' | 'histogram';
  aggregator: 'sum';
  values: Sample[];
}

interface Sample {
  value: number;
  labels: Record<string, string | number>;
  metricName?: string;
}

/**
 * Counters and histograms with labels. prom-client looks up the series for each value. For the values of one task, these lookups take
 * longer than the poll for the task. Here each series is looked up once, and counting is an addition.
 */
abstract class Tally<S> {
  readonly name: string;
  readonly help: string;
  readonly #labelNames: readonly string[];
  readonly #series = new Map<string, { labels: Record<string, string>; series: S }>();

  constructor(name: string, help: string, labelNames: readonly string[]) {
    this.name = name;
    this.help = help;
    this.#labelNames = labelNames;
  }

  /** Returns the series with these label values, given in the order of the label names. */
  labels(...values: string[]): S {
    const key = values.join('\n');
    const found = this.#series.get(key);
    if (found) return found.series;
    const series = this.make();
    const labels = Object.fromEntries(this.#labelNames.map((label, i) => [label, values[i] ?? '']));
    this.#series.set(key, { labels, series });
    return series;
  }

  protected abstract make(): S;

  /** Collects the samples of all series. `of` returns none for a series in which nothing was counted. */
  protected samples(of: (series: S, labels: Record<string, string>) => Sample[]): Sample[] {
    return Array.from(this.#series.values(), ({ labels, series }) => of(series, labels)).flat();
  }
}

export class Counters extends Tally<Count> {
  family(): Family {
    const values = this.samples(({ value }, labels) => (value > 0 ? [{ value, labels }] : []));
    return { name: this.name, help: this.help, type: 'counter', aggregator: 'sum', values };
  }

  protected make(): Count {
    return new Count();
  }
}

export class Count {
  value = 0;

  inc(): void {
    this.value++;
  }
}

export class Histograms extends Tally<Histogram> {
  readonly #bounds: readonly number[];

  constructor(name: string, help: string, bounds: readonly number[], labelNames: readonly string[]) {
    super(name, help, labelNames);
    this.#bounds = bounds;
  }

  family(): Family {
    const values = this.samples((histogram, labels) => (histogram.count > 0 ? this.#samplesOf(histogram, labels) : []));
    return { name: this.name, help: this.help, type: 'histogram', aggregator: 'sum', values };
  }

  protected make(): Histogram {
    return new Histogram(this.#bounds);
  }

  #samplesOf({ counts, sum, count }: Histogram, labels: Record<string, string>): Sample[] {
    let upTo = 0;
    const buckets = [...this.#bounds, '+Inf'].map((le, i) => {
      upTo += counts[i] ?? 0;
      return { value: upTo, labels: { le, ...labels }, metricName: `${this.name}_bucket` };
    });
    const whole = [
      { value: sum, labels, metricName: `${this.name}_sum` },
      { value: count, labels, metricName: `${this.name}_count` },
    ];
    return [...buckets, ...whole];
  }
}

export class Histogram {
  readonly #bounds: readonly number[];
  /** How many values are in each bucket. The last bucket is for values above all bounds. */
  readonly counts: number[];
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    let i = 0;
    while (value > (this.#bounds[i] ?? Number.POSITIVE_INFINITY)) i++;
    this.counts[i] = (this.counts[i] ?? 0) + 1;
    this.sum += value;
    this.count++;
  }
}
