import type { CallToolResult } from '@modelcontextprotocol/server';
import { FleetError } from '../../core/errors.ts';
import { isObject } from '../../core/json.ts';
import { named } from '../../core/settings/named.ts';
import { clip } from '../../core/text.ts';
import type { Subject } from './subject.ts';

/** Bytes reserved for the JSON-RPC envelope and for the fields that the protocol adds to a result. */
const ENVELOPE_BYTES = 512;

/** Shortens a result so that it fits the budget. */
export type FitResponse = <R>(result: R, subject: Subject) => R;

/**
 * Limits a tool's result to `maxBytes` of JSON, even if the result is inside a task. It cuts the text and adds a note. It never cuts
 * structured content, because a part of it would not match its schema. Each tool already stays below the limit, so this function only
 * catches mistakes. Other results have their own limits: resources are sent in parts, and lists show only what is offered.
 * @throws FleetError `input` from the returned function if a result does not fit even without text
 */
export function responseBudget(maxBytes: number): FitResponse {
  const budget = maxBytes - ENVELOPE_BYTES;
  return (result, subject) => {
    if (isToolResult(result)) return fitText(result, budget, subject);
    if (isTaskWithResult(result)) return { ...result, result: fitText(result.result, budget, subject) };
    return result;
  };
}

function isToolResult<R>(result: R): result is R & CallToolResult {
  return isObject(result) && Array.isArray(result.content);
}

function isTaskWithResult<R>(result: R): result is R & { result: CallToolResult } {
  return isObject(result) && isToolResult(result.result);
}

const ASK_FOR_LESS = `Ask for less: pass a smaller limit, or ask for one page or for less detail. ${named('maxResponseSizeKb')} sets the limit.`;

function fitText<R extends CallToolResult>(result: R, budget: number, subject: Subject): R {
  const size = bytesOf(result);
  if (size <= budget) return result;
  const texts = result.content.flatMap((block) => (block.type === 'text' ? [block.text] : []));
  const others = result.content.filter((block) => block.type !== 'text');
  const text = texts.join('\n');
  const withText = (shown: string): R => ({ ...result, content: [{ type: 'text', text: shown }, ...others] });
  const note = `\n[Cut here: the answer has ${kb(size)} KB, but the limit is ${kb(budget)} KB. ${ASK_FOR_LESS}]`;

  let [fits, tooMuch] = [0, text.length];
  while (tooMuch - fits > 1) {
    const middle = Math.floor((fits + tooMuch) / 2);
    if (bytesOf(withText(clip(text, middle) + note)) <= budget) fits = middle;
    else tooMuch = middle;
  }
  if (fits === 0) throw tooLarge(size, budget, subject);
  return withText(clip(text, fits) + note);
}

function tooLarge(size: number, budget: number, { annotations }: Subject): FleetError {
  const done = annotations.readOnlyHint ? '' : ' The call itself took effect, so do not repeat it.';
  return new FleetError('input', `The answer has ${kb(size)} KB, but the limit is ${kb(budget)} KB.${done}`, {
    remedy: ASK_FOR_LESS,
  });
}

function bytesOf(result: CallToolResult): number {
  return Buffer.byteLength(JSON.stringify(result));
}

function kb(bytes: number): number {
  return Math.ceil(bytes / 1024);
}
