import type { FirstData } from '../../shared/messages.ts';

const block = document.getElementById('first')?.textContent;

/** What came with the page. */
export const first: FirstData = block
  ? (JSON.parse(block) as FirstData) // our server wrote it
  : { session: { tools: [], topics: [], version: '' }, topics: {} };

/** True if the person may use the tool. Actions of other tools are not shown. */
export function may(tool: string): boolean {
  return first.session.tools.includes(tool);
}
