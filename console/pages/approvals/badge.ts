import { type ComponentChild, html } from '../../parts/html.ts';
import { useTopic } from '../../parts/live/topics.ts';
import type { ApprovalList } from '../../shared/approval-detail.ts';

/** How many approvals wait, beside the name of the page. */
export function Badge(): ComponentChild {
  const { value } = useTopic<ApprovalList>('approvals');
  if (!value || value.rows.length === 0) return null;
  const { rows, more } = value;
  return html`<span class="pill"><span class="sr">, waiting: </span>${rows.length}${more > 0 ? '+' : ''}</span>`;
}
