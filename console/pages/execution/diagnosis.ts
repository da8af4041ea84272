import { ask } from '../../parts/act/confirm.ts';
import { type ComponentChild, html } from '../../parts/html.ts';
import { may } from '../../parts/live/first.ts';
import { PHONE, useMedia } from '../../parts/show/media.ts';
import type { AdviceStep, ExecutionDetail } from '../../shared/execution-detail.ts';
import { adviceAsk, adviceLink } from './advice.ts';

/** The causes of a diagnosis in words. */
const CAUSE: Readonly<Record<string, string>> = {
  upstream: 'A service failed',
  'worker-error': 'The worker failed it',
  'bad-input': 'The input is wrong',
  'bad-definition': 'The definition is wrong',
  'missing-configuration': 'Something is not set up',
  'no-worker': 'No worker',
  timeout: 'Too slow',
  limit: 'Held by a limit',
  stuck: 'Stuck',
  waiting: 'Waits',
  'in-progress': 'At work',
  paused: 'Paused',
  terminated: 'Terminated',
  unknown: 'Unknown cause',
};
/** With these causes, no person has to act. */
const CALM = ['waiting', 'in-progress'];
const STEPS_SHOWN = 3;

interface DiagnosisProps {
  readonly seen: ExecutionDetail;
  choose(id: string): void;
}

/** Why the execution is in its state, the evidence, and the call that recovers it. */
export function Diagnosis({ seen, choose }: DiagnosisProps): ComponentChild {
  const { cause, sentence, evidence, advice, path } = seen.diagnosis;
  const isCalm = CALM.includes(cause);
  const isPhone = useMedia(PHONE);
  const kind = isCalm ? 'wait' : seen.status === 'PAUSED' ? 'hold' : seen.status === 'TERMINATED' ? 'stop' : 'bad';
  const steps = advice.slice(0, STEPS_SHOWN);
  return html`<section class=${`diag k-${kind}`} aria-labelledby="why"><div class="grow"><h2 id="why"><span class="cause">${CAUSE[cause] ?? cause}</span> <span class="say">${sentence}</span></h2>
    ${path.length > 0 && html`<p class="dim">Where: ${path.join(' → ')}</p>`}
    ${evidence.length > 0 && html`<details open=${!isCalm && !isPhone}><summary>${evidence.length} ${evidence.length === 1 ? 'piece' : 'pieces'} of evidence</summary><ul class="evid">${evidence.map((line) => html`<li>${line}</li>`)}</ul></details>`}</div>
    ${steps.length > 0 && html`<ol class="advice" aria-label="What recovers it">${steps.map((step, index) => html`<li key=${step.say}><span>${step.say}.</span><${Step} step=${step} seen=${seen} choose=${choose} isFirst=${index === 0 && !isCalm}/></li>`)}</ol>`}</section>`;
}

function Step({
  step,
  seen,
  choose,
  isFirst,
}: DiagnosisProps & { step: AdviceStep; isFirst: boolean }): ComponentChild {
  const link = adviceLink(step, seen);
  if (link?.taskId !== undefined) {
    const { taskId, word } = link;
    return html`<button type="button" class="btn sm" onClick=${() => choose(taskId)}>${word}</button>`;
  }
  if (link?.to !== undefined) return html`<a class="btn sm" href=${link.to}>${link.word}</a>`;
  const what = adviceAsk(step, seen);
  if (!what || !may(what.tool)) return null;
  return html`<button type="button" class=${`btn sm ${isFirst ? 'primary' : ''}`} onClick=${() => ask(what)}>${what.button}…</button>`;
}
