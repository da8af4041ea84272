import { clip } from '../../core/text.ts';

/** By default, an answer shows at most this many characters of foreign text. */
const QUOTE_LIMIT = 500;

/** Foreign text as a JSON string on one line. It cannot break out of its quotes, so it never reads like this server's own text. */
export function quote(text: string, limit = QUOTE_LIMIT): string {
  if (text.length <= limit) return JSON.stringify(text);
  return `${JSON.stringify(clip(text, limit))} (first ${limit} of ${text.length} characters)`;
}

/** A name from a definition: unchanged, or quoted if it has unusual characters. */
export function quoteIfUnusual(name: string): string {
  return /^[\w.:#-]{1,255}$/.test(name) ? name : quote(name, 255);
}

/** A call of a tool as a caller can make it: `get_execution_status {"executionId":"…"}`. */
export function callOf(tool: string, args: Readonly<Record<string, unknown>>): string {
  return `${tool} ${JSON.stringify(args)}`;
}
