/** True for a time as the server reads it with certainty: `2026-11-21 09:30 UTC`, or with an offset such as `GMT+02:00`. */
export function isServerTime(text: string): boolean {
  const [, day, time] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d) (?:UTC|GMT(?:[+-]\d\d:\d\d)?)$/.exec(text) ?? [];
  if (day === undefined || time === undefined) return false;
  const at = new Date(`${day}T${time}:00Z`);
  // The server rolls 31 November over into December.
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(`${day}T${time}`);
}
