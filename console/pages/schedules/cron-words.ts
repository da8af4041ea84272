/*
 * Says a cron expression in words, if it is one of the simple kinds. Conductor's expressions have six fields: second, minute, hour, day of the
 * month, month, day of the week. For all others there are no words, and the page shows the expression alone.
 */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const SHORT_DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const ANY = /^[*?]$/;
const NUMBER = /^\d{1,2}$/;
const EVERY = /^(?:\*|0)\/(\d{1,2})$/;

const two = (text: string) => text.padStart(2, '0');

/** `every day at 21:00`, `every 5 minutes`. Undefined for an expression that has no simple words. */
export function cronWords(cron: string): string | undefined {
  const [second = '', minute = '', hour = '', day = '', month = '', weekday = '', ...rest] = cron.trim().split(/\s+/);
  if (rest.length > 0 || !ANY.test(month)) return undefined;
  const isDaily = ANY.test(day) && ANY.test(weekday);
  if (!NUMBER.test(second)) return isDaily && [minute, hour].every(isAny) ? repeated(second, 'second') : undefined;
  const exact = second === '0' ? '' : `:${two(second)}`;
  if (!NUMBER.test(minute)) return isDaily && isAny(hour) && exact === '' ? repeated(minute, 'minute') : undefined;
  if (!NUMBER.test(hour)) {
    const hours = isDaily && exact === '' ? repeated(hour, 'hour') : undefined;
    return hours && `${hours}, at minute ${Number(minute)}`;
  }
  const when = onDays(day, weekday);
  return when && `${when} at ${two(hour)}:${two(minute)}${exact}`;
}

const isAny = (field: string) => ANY.test(field);

function repeated(field: string, unit: string): string | undefined {
  if (field === '*') return `every ${unit}`;
  const [, n] = EVERY.exec(field) ?? [];
  if (n === undefined || n === '0') return undefined;
  return n === '1' ? `every ${unit}` : `every ${Number(n)} ${unit}s`;
}

function onDays(day: string, weekday: string): string | undefined {
  if (isAny(day) && isAny(weekday)) return 'every day';
  if (isAny(weekday) && NUMBER.test(day)) return `on day ${Number(day)} of every month`;
  if (!isAny(day)) return undefined;
  if (/^(MON-FRI|1-5)$/i.test(weekday)) return 'Monday to Friday';
  const names = weekday.split(',').map(dayName);
  return names.every((name) => name !== undefined) ? `every ${names.join(' and ')}` : undefined;
}

function dayName(field: string): string | undefined {
  const at = /^[0-7]$/.test(field) ? Number(field) : SHORT_DAYS.indexOf(field.toUpperCase());
  return DAYS[at];
}
