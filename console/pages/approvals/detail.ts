import { go, withQuery } from '../../parts/frame/route.ts';
import { type ComponentChild, html, useEffect } from '../../parts/html.ts';
import { useNow, useTopic } from '../../parts/live/topics.ts';
import { duration, exact, short, when } from '../../parts/show/format.ts';
import { PHONE, useMedia } from '../../parts/show/media.ts';
import { Picture } from '../../parts/show/picture.ts';
import { Tree } from '../../parts/show/tree.ts';
import type { ApprovalDetail } from '../../shared/approval-detail.ts';
import { Decide } from './decide.ts';

const LEVELS_OPEN = 2;

interface DetailProps {
  readonly id: string;
  /** The approval that comes up after this one. */
  readonly next: string | undefined;
  /** True if it came up after a decision: its title gets the focus, because the button that had it is gone. */
  readonly hasFocus: boolean;
  afterDecision(): void;
}

/** One approval: what it is about, what follows a yes and a no, and the decision. */
export function Detail({ id, next, hasFocus, afterDecision }: DetailProps): ComponentChild {
  const { value, problem } = useTopic<ApprovalDetail>(`approval?id=${encodeURIComponent(id)}`);
  const isPhone = useMedia(PHONE);
  const isRead = value !== undefined;
  useEffect(() => {
    if (isRead && hasFocus) document.getElementById('approval-title')?.focus();
  }, [isRead, hasFocus]);
  if (!value)
    return html`<section class="card empty" aria-label="Approval">${problem ? problem.message : 'Reading…'}</section>`;
  const { about, input, ended, picture, description, executionId } = value;
  const isEmpty = typeof input === 'object' && input !== null && Object.keys(input).length === 0;
  return html`<section class="card approval" aria-labelledby="approval-title"><h2 id="approval-title" tabindex="-1">${about}</h2>
    <${Facts} seen=${value}/>
    ${description !== undefined && html`<p class="said-by">${description}</p>`}
    ${ended !== undefined && html`<div class="outcome" role="status"><p><b>This waits no longer.</b> ${ended}</p>${next !== undefined && html`<button type="button" class="btn sm" onClick=${() => go(withQuery({ task: next }), { replace: true })}>Next approval</button>`}</div>`}
    <h3>What it is about</h3>
    <div class="sheet">${isEmpty ? html`<p class="dim">The task has no data.</p>` : html`<${Tree} value=${input} open=${LEVELS_OPEN}/>`}</div>
    <${Effects} seen=${value}/>
    ${ended === undefined && html`<${Decide} seen=${value} afterDecision=${afterDecision}/>`}
    <details class="where" open=${!isPhone}><summary>Where the execution is</summary><${Picture} picture=${picture} label="Picture of the execution"/></details>
    <p><a class="btn sm" href=${`/executions/${executionId}`}>Open the execution</a></p></section>`;
}

function Facts({ seen }: { seen: ApprovalDetail }): ComponentChild {
  const now = useNow();
  const { workflow, version, correlation, executionId, ref, since, ended } = seen;
  const wait = ended === undefined ? html`waits ${duration(now - since)}, ` : '';
  return html`<p class="dim"><a href=${`/executions/${executionId}`}>${workflow}</a> v${version} · ${correlation ?? short(executionId)} · at <code>${ref}</code> · ${wait}<span class="num" title=${exact(since)}>since ${when(since, now)}</span></p>`;
}

function Effects({ seen }: { seen: ApprovalDetail }): ComponentChild {
  const { onApprove, onReject, asks } = seen;
  if (asks.length > 0)
    return html`<h3>What follows</h3><p>The workflow continues with the values below. It reads neither a yes nor a no.</p>`;
  return html`<h3>What follows</h3><dl class="effects"><div><dt>Yes</dt><dd>${onApprove}</dd></div><div><dt>No</dt><dd>${onReject}</dd></div></dl>`;
}
