import { FleetError } from '../../core/errors.ts';
import { clip } from '../../core/text.ts';
import type { Guard, ToolCall, ToolResult } from '../engine/define-tool.ts';

/** Room for the JSON-RPC envelope and what the protocol adds to a result. */
const ENVELOPE_BYTES = 512;

/**
 * Holds the whole result under `maxBytes` of JSON. Text is cut and says so; structured content is never touched, since half of it
 * would break its schema. A tool keeps below the limit by itself: this is the net under a mistake.
 */
export function responseBudget(maxBytes: number): Guard {
  const budget = maxBytes - ENVELOPE_BYTES;
  return async (call, next) => {
    const result = await next();
    const size = bytesOf(result);
    return size <= budget ? result : cutText(result, size, budget, call);
  };
}

function cutText(result: ToolResult, size: number, budget: number, call: ToolCall): ToolResult {
  const texts = result.content.flatMap((block) => (block.type === 'text' ? [block.text] : []));
  const others = result.content.filter((block) => block.type !== 'text');
  const text = texts.join('\n');
  const withText = (shown: string): ToolResult => ({ ...result, content: [{ type: 'text', text: shown }, ...others] });
  const note = `\n[Cut here: the answer has ${kb(size)} KB, the limit is ${kb(budget)} KB (MAX_RESPONSE_SIZE_KB). Ask for less: a smaller limit, a page, or less detail.]`;

  let [fits, tooMuch] = [0, text.length];
  while (tooMuch - fits > 1) {
    const middle = Math.floor((fits + tooMuch) / 2);
    if (bytesOf(withText(clip(text, middle) + note)) <= budget) fits = middle;
    else tooMuch = middle;
  }
  if (fits === 0) throw tooLarge(size, budget, call);
  return withText(clip(text, fits) + note);
}

function tooLarge(size: number, budget: number, { tool }: ToolCall): FleetError {
  const done = tool.annotations.readOnlyHint ? '' : ' The call itself was carried out; do not repeat it.';
  return new FleetError('input', `The answer has ${kb(size)} KB, the limit is ${kb(budget)} KB.${done}`, {
    remedy: 'Ask for less: a smaller limit, a page, or less detail. MAX_RESPONSE_SIZE_KB sets the limit.',
  });
}

function bytesOf(result: ToolResult): number {
  return Buffer.byteLength(JSON.stringify(result));
}

function kb(bytes: number): number {
  return Math.ceil(bytes / 1024);
}
