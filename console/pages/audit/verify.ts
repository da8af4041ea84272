import { type ComponentChild, html, useState } from '../../parts/html.ts';
import { useReading } from '../../parts/live/read.ts';
import { serverNow } from '../../parts/live/topics.ts';
import { clock, count } from '../../parts/show/format.ts';
import { Mark } from '../../parts/show/status.ts';
import type { AuditVerified } from '../../shared/audit.ts';

/** Checks the whole log when a person asks for it, and says what was checked and what was found. */
export function Verify(): ComponentChild {
  const [turn, setTurn] = useState(0);
  return html`<section class="card verify" aria-labelledby="h-verify"><div class="row wrap"><div class="grow"><h2 id="h-verify">Is the log as it was written?</h2>
      <p class="dim">Each line holds a hash of the line before it, and files name each other. A check finds lines and files that were changed or removed.</p></div>
      <button class="btn" onClick=${() => setTurn(turn + 1)}>Check the log</button></div>
    <div role="status">${turn > 0 && html`<${Checked} key=${turn}/>`}</div></section>`;
}

/** One check, from its begin. */
function Checked(): ComponentChild {
  const [at] = useState(serverNow);
  const read = useReading<AuditVerified>('audit-verify');
  const { value, problem } = read ?? {};
  if (problem) return html`<p class="error">${problem.message} ${problem.remedy}</p>`;
  if (!value) return html`<p class="dim">Checking…</p>`;
  const { folder, files, lines, requests, problems, notes } = value;
  const isWhole = problems.length === 0;
  const what = `${count(requests, 'request')}, ${count(lines, 'line')} in ${count(files, 'file')}`;
  return html`<p class=${`verdict k-${isWhole ? 'ok' : 'bad'}`}><${Mark} status=${isWhole ? 'COMPLETED' : 'FAILED'}/><b>${isWhole ? 'No line was changed or removed' : 'The log is not as it was written'}</b> <span class="dim">${what} in <code>${folder}</code>, checked at ${clock(at)}</span></p>
    ${!isWhole && html`<ul class="found">${problems.map((one) => html`<li class="error">${one}</li>`)}</ul>`}
    ${notes.length > 0 && html`<ul class="found dim">${notes.map((one) => html`<li>${one}</li>`)}</ul>`}`;
}
