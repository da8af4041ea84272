import { clip } from '../../core/text.ts';

/** The longest piece of foreign text that is shown where nobody asked for it. */
const QUOTE_LIMIT = 500;

/** Text that somebody else wrote, as a JSON string on one line, so that it can neither break out nor pass for ours. */
export function quote(text: string, limit = QUOTE_LIMIT): string {
  if (text.length <= limit) return JSON.stringify(text);
  return `${JSON.stringify(clip(text, limit))} (first ${limit} of ${text.length} characters)`;
}

/** A name out of a definition: as it is, or quoted where it holds anything but the usual characters. */
export function word(name: string): string {
  return /^[\w.:#-]{1,255}$/.test(name) ? name : quote(name, 255);
}

/** A call of a tool as a caller can make it: `get_execution_status {"executionId":"…"}`. */
export function callOf(tool: string, args: Readonly<Record<string, unknown>>): string {
  return `${tool} ${JSON.stringify(args)}`;
}
