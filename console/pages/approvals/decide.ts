import { decideAsk } from '../../parts/act/asks.ts';
import { type Ask, ask } from '../../parts/act/confirm.ts';
import { Fields, useForm } from '../../parts/form/fields.ts';
import { type ComponentChild, html, useMemo, useState } from '../../parts/html.ts';
import { may } from '../../parts/live/first.ts';
import { serverNow } from '../../parts/live/topics.ts';
import type { ApprovalDetail } from '../../shared/approval-detail.ts';
import type { FormField } from '../../shared/form-field.ts';

interface DecideProps {
  readonly seen: ApprovalDetail;
  afterDecision(): void;
}

/** The reason and the buttons. Each button opens the dialog that says what follows; only that dialog decides. */
export function Decide({ seen, afterDecision }: DecideProps): ComponentChild {
  const [reason, setReason] = useState('');
  const { asks } = seen;
  const fields = useMemo(
    () => asks.map((name): FormField => ({ name, kind: 'any', isRequired: false })),
    [asks.join()],
  );
  const form = useForm(fields, 'answer');
  if (!may('decide_approval')) return html`<p class="dim">You may look at approvals and not decide them.</p>`;
  const decide = (decision: 'approve' | 'reject') => {
    const output = form.read();
    if (output) ask(askOf({ seen, decision, reason: reason.trim(), output, afterDecision }));
  };
  const onInput = ({ currentTarget }: { currentTarget: HTMLTextAreaElement }) => setReason(currentTarget.value);
  return html`<form class="decide" aria-label="Decision" onSubmit=${(event: Event) => event.preventDefault()}>
    <${Fields} form=${form} id="answer"/>
    <label class="field">Reason (kept with the decision)<textarea rows="2" value=${reason} onInput=${onInput}></textarea></label>
    <div class="twobtn">${asks.length > 0 ? html`<button type="button" class="btn" onClick=${() => decide('approve')}>Complete…</button>` : html`<button type="button" class="btn" onClick=${() => decide('reject')}>Reject…</button><button type="button" class="btn" onClick=${() => decide('approve')}>Approve…</button>`}</div></form>`;
}

interface Asked extends DecideProps {
  readonly decision: 'approve' | 'reject';
  readonly reason: string;
  /** The values of the fields that the workflow reads. */
  readonly output: Readonly<Record<string, unknown>>;
}

function askOf({ seen, decision, reason, output, afterDecision }: Asked): Ask {
  const { reason: label, args, does, ...base } = decideAsk(seen, decision, serverNow());
  const isAnswer = seen.asks.length > 0;
  const what = isAnswer
    ? { title: `Complete: ${seen.about}?`, button: 'Complete', done: `Completed: ${seen.about}.` }
    : {};
  const follows = isAnswer
    ? 'The workflow continues with the values that you gave.'
    : `What follows: ${decision === 'approve' ? seen.onApprove : seen.onReject}.`;
  return {
    ...base,
    ...what,
    does: [follows, ...does],
    args: { ...args, ...(isAnswer && { output }), ...(reason !== '' && { reason }) },
    // A reason that is given on the page is not asked again.
    ...(reason === '' && label !== undefined && { reason: label }),
    after: afterDecision,
  };
}
