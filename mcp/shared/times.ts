import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';

const FORMS = 'a time such as 2026-11-21T16:00:00Z, or an age such as 30m, 2h or 7d';
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A time as a caller writes it: ISO 8601, or an age such as `30m`, `2h` or `7d`. */
export const timeOrAge = z.string().refine((text) => parsed(text, 0) !== undefined, `must be ${FORMS}`);

/** A length of time as a caller writes it, such as `10m`, `2h` or `7d`. */
export const age = z
  .string()
  .refine((text) => /^\s*\d{1,6}[smhdw]\s*$/.test(text), 'must be an age such as 10m, 2h or 7d');

/** Epoch milliseconds of a `timeOrAge` or `age`. */
export function epochMsOf(text: string, now: number): number {
  const time = parsed(text, now);
  if (time === undefined)
    throw new FleetError('input', `${JSON.stringify(text)} is not a time.`, { remedy: `Give ${FORMS}.` });
  return time;
}

function parsed(text: string, now: number): number | undefined {
  const [, amount = '', unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text.trim()) ?? [];
  const factor = UNITS[unit];
  if (factor !== undefined) return now - Number(amount) * factor;
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** `16:03:56` for a time on `day` (`2026-11-21`); on another day with the date. In UTC. */
export function clockOn(day: string, time: number): string {
  const iso = new Date(time).toISOString();
  return iso.startsWith(day) ? iso.slice(11, 19) : iso.slice(0, 16).replace('T', ' ');
}

/** The date of a time in UTC, `2026-11-21`. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
