/** Returns the first `limit` code units. It never cuts a character of two code units in half. */
export function clip(text: string, limit: number): string {
  const last = text.charCodeAt(limit - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, splitsPair ? limit - 1 : limit);
}

/** `850 ms`, `4.2 s`, `3 min 5 s`, `2 h 3 min`, `4 d 1 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const [large, small, unit] = seconds < 3600 ? ([60, 1, ['min', 's']] as const) : seconds < 86_400 ? HOURS : DAYS;
  const rest = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)} ${unit[0]}${rest > 0 ? ` ${rest} ${unit[1]}` : ''}`;
}

const HOURS = [3600, 60, ['h', 'min']] as const;
const DAYS = [86_400, 3600, ['d', 'h']] as const;

/** Writes epoch milliseconds, or the server's own ISO text, as `2026-11-21T03:38:42Z`. */
export function instant(time: number | string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : `${date.toISOString().slice(0, 19)}Z`;
}

/** `3 tasks`, `1 task`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** Replaces control characters, because text from outside could control the terminal with them. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}
