import { pauseAsk, rerunAsk, resumeAsk, retryAsk, terminateAsk } from '../../parts/act/asks.ts';
import { type Ask, ask } from '../../parts/act/confirm.ts';
import { type ComponentChild, html } from '../../parts/html.ts';
import { may } from '../../parts/live/first.ts';
import { readTopic } from '../../parts/live/read.ts';
import { Copy } from '../../parts/show/copy.ts';
import { clock, duration, exact, short } from '../../parts/show/format.ts';
import { Status } from '../../parts/show/status.ts';
import type { Attempt, ExecutionData, ExecutionDetail } from '../../shared/execution-detail.ts';

interface HeadingProps {
  readonly seen: ExecutionDetail;
  readonly now: number;
  /** The chosen task: a rerun can begin with it. */
  readonly task: Attempt | undefined;
}

/** What it is, its facts, and what can be done with it. */
export function Heading({ seen, now, task }: HeadingProps): ComponentChild {
  const { id, workflow, version, correlation, status, start, end, done, total, parent } = seen;
  return html`<div class="crumbs dim"><a href="/executions">Executions</a> / <a href=${`/executions?q=${encodeURIComponent(workflow)}`}>${workflow}</a></div>
    <div class="head xhead"><h1>${workflow} <span class="dim">v${version}</span>${correlation !== undefined && html` <span class="about">${correlation}</span>`}</h1><${Status} status=${status}/>
      <span class="facts dim"><span title=${exact(start)}>${clock(start)}</span><span class="num">${duration((end || now) - start)}</span><span>${done} of ${total} tasks done</span>${parent !== undefined && html`<a class="link" href=${`/executions/${parent}`}>parent</a>`}<span class="nowrap"><code title=${id}>${short(id)}</code><${Copy} what="the id" text=${() => id}/></span></span>
      <span class="acts"><${Actions} seen=${seen} task=${task}/></span></div>`;
}

/** `why` says why a button is disabled. */
type Button = readonly [tool: string, word: string, make: () => Ask | Promise<Ask>, why?: string | undefined];

function Actions({ seen, task }: Omit<HeadingProps, 'now'>): ComponentChild {
  const hasRetryAdvice = seen.diagnosis.advice.some(({ call }) => call?.tool === 'retry_workflow');
  const whyNot = hasRetryAdvice ? undefined : 'A retry does not help here. The box below says what does.';
  const retry: Button = ['retry_workflow', 'Retry…', () => retryAsk([seen]), whyNot];
  const pauseOrResume: Button =
    seen.status === 'PAUSED'
      ? ['resume_workflow', 'Resume…', () => resumeAsk([seen])]
      : ['pause_workflow', 'Pause…', () => pauseAsk([seen])];
  const ofEnded: Button[] = [
    ...(seen.status === 'COMPLETED' ? [] : [retry]),
    ['rerun_workflow', 'Rerun…', () => rerun(seen, task)],
  ];
  const buttons = seen.isOver
    ? ofEnded
    : [pauseOrResume, ['terminate_workflow', 'Terminate…', () => terminateAsk([seen])] satisfies Button];
  return buttons
    .filter(([tool]) => may(tool))
    .map(
      ([tool, word, make, why]) =>
        html`<button type="button" key=${tool} class="btn" disabled=${why !== undefined} title=${why} onClick=${async () => ask(await make())}>${word}</button>`,
    );
}

/** A rerun from the chosen task, with its input to edit; from the start if no task is chosen. */
async function rerun(seen: ExecutionDetail, task: Attempt | undefined): Promise<Ask> {
  const address = task ? `task?id=${task.id}` : `execution-data?id=${seen.id}`;
  const message = await readTopic(address);
  const value = 'value' in message ? (message.value as Partial<ExecutionData>) : undefined; // both topics have an input
  return rerunAsk(seen, task?.ref, value?.input);
}
