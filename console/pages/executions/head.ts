import { canRetry, isOpenRun, pauseAsk, resumeAsk, retryAsk, terminateAsk } from '../../parts/act/asks.ts';
import { type Ask, ask } from '../../parts/act/confirm.ts';
import { type ComponentChild, html } from '../../parts/html.ts';
import { may } from '../../parts/live/first.ts';
import type { ExecutionRow } from '../../shared/execution-row.ts';

interface HeadProps {
  readonly picked: readonly ExecutionRow[];
  clear(): void;
}

/** What can be done with several executions: the tool, which of them it is for, and what is asked before. */
const BULK: readonly (readonly [
  tool: string,
  verb: string,
  fits: (row: ExecutionRow) => boolean,
  make: (rows: readonly ExecutionRow[]) => Ask,
])[] = [
  ['retry_workflow', 'Retry', canRetry, retryAsk],
  ['pause_workflow', 'Pause', ({ status }) => status === 'RUNNING', pauseAsk],
  ['resume_workflow', 'Resume', ({ status }) => status === 'PAUSED', resumeAsk],
  ['terminate_workflow', 'Terminate', isOpenRun, terminateAsk],
];

/** The head of the table. While rows are chosen, it is the bar with what can be done to them. */
export function Head({ picked, clear }: HeadProps): ComponentChild {
  if (picked.length > 0)
    return html`<div class="thead tr" role="row"><span role="columnheader" class="picked"><${Bulk} picked=${picked} clear=${clear}/></span></div>`;
  return html`<div class="thead tr" role="row"><span class="c-pick" role="columnheader"><span class="sr">Choose</span></span><span class="c-state" role="columnheader">State</span><span class="c-name" role="columnheader">Workflow</span><span class="c-about" role="columnheader">About</span><span class="c-why" role="columnheader">Where and why</span><span class="c-start" role="columnheader">Started</span><span class="c-ms" role="columnheader">Took</span></div>`;
}

function Bulk({ picked, clear }: HeadProps): ComponentChild {
  const buttons = BULK.filter(([tool]) => may(tool)).map(([tool, verb, fits, make]) => {
    const rows = picked.filter(fits);
    const left = picked.length - rows.length;
    const what = make(rows);
    const rest =
      left > 0 ? [`${left} of the chosen ${left === 1 ? 'is' : 'are'} in another state and not changed.`] : [];
    const onClick = () => ask({ ...what, does: [...what.does, ...rest], after: clear });
    return (
      rows.length > 0 && html`<button key=${tool} class="btn sm" onClick=${onClick}>${verb} ${rows.length}…</button>`
    );
  });
  return html`<b aria-live="polite">${picked.length} chosen</b>${buttons}<button class="ghost sm" onClick=${clear}>Clear</button>`;
}
