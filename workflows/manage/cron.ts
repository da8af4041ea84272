/** Ranges of the six fields, and the names they take. */
const FIELDS = [
  { from: 0, to: 59, names: [] },
  { from: 0, to: 59, names: [] },
  { from: 0, to: 23, names: [] },
  { from: 1, to: 31, names: [] },
  { from: 1, to: 12, names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'] },
  { from: 0, to: 7, names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] },
] as const;

const MACROS: Record<string, string> = {
  '@yearly': '0 0 0 1 1 *',
  '@annually': '0 0 0 1 1 *',
  '@monthly': '0 0 0 1 * *',
  '@weekly': '0 0 0 * * 0',
  '@daily': '0 0 0 * * *',
  '@midnight': '0 0 0 * * *',
  '@hourly': '0 0 * * * *',
};

/** How far ahead a firing is looked for: past some 29ths of February. */
const DAYS_AHEAD = 366 * 20;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * The first times after `after` at which a cron expression fires in a zone, epoch milliseconds. Empty for what it does not understand:
 * `L`, `W` and `#`. An hour that a change of clocks leaves out fires at the time the clock shows instead.
 */
export function firingsOf(cron: string, zone: string, after: number, limit: number): number[] {
  const fields = fieldsOf(cron);
  if (!fields) return [];
  const [seconds, minutes, hours, days, months, weekdays] = fields;
  const clock = clockOf(zone);
  const now = clock(after);
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const found: number[] = [];
  for (let ahead = 0; ahead < DAYS_AHEAD; ahead++) {
    const day = new Date(today + ahead * DAY_MS);
    if (!months.has(day.getUTCMonth() + 1) || !days.has(day.getUTCDate()) || !weekdays.has(day.getUTCDay())) continue;
    for (const shown of timesOf(day.getTime(), hours, minutes, seconds)) {
      if (shown < now - HOUR_MS) continue; // an hour that is shown twice may still be ahead
      const instant = instantOf(shown, clock);
      if (instant > after) found.push(instant);
      if (found.length === limit) return found;
    }
  }
  return found;
}

type Values = ReadonlySet<number>;
type Fields = [Values, Values, Values, Values, Values, Values];

function* timesOf(day: number, hours: Values, minutes: Values, seconds: Values): Generator<number> {
  for (const hour of hours) {
    for (const minute of minutes) {
      for (const second of seconds) yield day + ((hour * 60 + minute) * 60 + second) * 1_000;
    }
  }
}

function fieldsOf(cron: string): Fields | undefined {
  const texts = (MACROS[cron.trim()] ?? cron).trim().toUpperCase().split(/\s+/);
  if (texts.length !== FIELDS.length) return undefined;
  const fields = FIELDS.map((field, index) => valuesOf(texts[index] ?? '', field));
  if (fields.some((values) => values === undefined || values.size === 0)) return undefined;
  const [, , , , , weekdays] = fields as Fields;
  if (weekdays.has(7)) (weekdays as Set<number>).add(0); // Sunday has two numbers
  return fields as Fields;
}

function valuesOf(text: string, { from, to, names }: (typeof FIELDS)[number]): Values | undefined {
  const number = (word: string) => {
    const named = (names as readonly string[]).indexOf(word);
    if (named >= 0) return named + from;
    return /^\d+$/.test(word) ? Number(word) : Number.NaN;
  };
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [range = '', step = '1', ...more] = part.split('/');
    const [low = '', high, ...others] = range === '*' || range === '?' ? [String(from), String(to)] : range.split('-');
    const start = number(low);
    const end = high === undefined ? (part.includes('/') ? to : start) : number(high);
    const by = Number(step);
    if (more.length > 0 || others.length > 0 || !(start >= from) || !(end <= to) || !(by >= 1)) return undefined;
    for (let value = start; value <= end; value += by) values.add(value);
  }
  return new Set([...values].sort((a, b) => a - b));
}

/** What the clocks of a zone show at an instant, as if it were UTC. */
type Clock = (instant: number) => number;

function clockOf(zone: string): Clock {
  const format = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (instant) => {
    const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
}

function instantOf(shown: number, clock: Clock): number {
  const guess = shown - (clock(shown) - shown);
  return guess - (clock(guess) - shown);
}
