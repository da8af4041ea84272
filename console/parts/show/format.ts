/** `850 ms`, `4.2 s`, `3 min 5 s`, `2 h 3 min`, `4 d`. Unknown: a dash. */
export function duration(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return '–';
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = Math.floor((ms % 60_000) / 1000);
  if (minutes < 60) return `${minutes} min${seconds > 0 ? ` ${seconds} s` : ''}`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)} d`;
  return `${hours} h${minutes % 60 > 0 ? ` ${minutes % 60} min` : ''}`;
}

/** `5 s`, `3 min`, `7 h`, `2 d`: how long ago something was, in one unit. */
export function age(then: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - then) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export const ago = (then: number, now: number) => `${age(then, now)} ago`;

const two = (n: number) => String(n).padStart(2, '0');

/** The time of day in the reader's zone. */
export function clock(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The time of day; before today, with its date. */
export function when(at: number, now: number): string {
  const date = new Date(at);
  if (date.toDateString() === new Date(now).toDateString()) return clock(at);
  return `${date.toLocaleDateString('en', { month: 'short', day: 'numeric' })} ${clock(at).slice(0, 5)}`;
}

/** The whole time, in the reader's zone and in UTC. */
export function exact(at: number): string {
  const date = new Date(at);
  const utc = date
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z/, ' UTC');
  return `${date.toLocaleString()} · ${utc}`;
}

/** The beginning of an id. */
export const short = (id: string) => id.slice(0, 8);

/** `1 execution`, `1,234 executions`. */
export function count(n: number, one: string, more = `${one}s`): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : more}`;
}
