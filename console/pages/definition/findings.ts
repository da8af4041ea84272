import { type ComponentChild, html } from '../../parts/html.ts';
import { count } from '../../parts/show/format.ts';
import { Mark } from '../../parts/show/status.ts';
import type { DefinitionFindings, FindingShown } from '../../shared/definition-detail.ts';
import type { Problem } from '../../shared/messages.ts';

interface FindingsProps {
  readonly checked: { readonly value?: DefinitionFindings; readonly problem?: Problem } | undefined;
  /** The task whose findings are marked. */
  readonly chosen: string | undefined;
  choose(ref: string | undefined): void;
}

/** What lint found. Those of a task also stand at its box in the picture. */
export function Findings({ checked, chosen, choose }: FindingsProps): ComponentChild {
  const { value, problem } = checked ?? {};
  const findings = value?.findings ?? [];
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const line = (one: FindingShown) => {
    const { id, severity, rule, place, ref, message, reason, repair } = one;
    const isError = severity === 'error';
    const where =
      ref === undefined
        ? html`<code>${place}</code>`
        : html`<button type="button" class="link" aria-pressed=${ref === chosen} onClick=${() => choose(ref === chosen ? undefined : ref)}><code>${ref}</code></button>`;
    return html`<li key=${id} class=${ref !== undefined && ref === chosen ? 'on' : ''}><span class=${`mark-box k-${isError ? 'bad' : 'warn'}`}><${Mark} status=${isError ? 'FAILED' : 'COMPLETED_WITH_ERRORS'}/></span>
      <div><p><span class="sr">${severity}: </span>${message} <span class="dim">at</span> ${where}</p><p class="dim">${reason}</p><p>${repair} <span class="dim">(${rule})</span></p></div></li>`;
  };
  const summary = findings.length > 0 && `${count(errors, 'error')}, ${count(findings.length - errors, 'warning')}`;
  return html`<section class="card" aria-labelledby="h-lint"><h2 id="h-lint">Lint <span class="dim">${summary}</span></h2>
    ${!checked && html`<p class="dim">Checking…</p>`}
    ${problem && html`<p class="error">${problem.message}</p>`}
    ${value?.unchecked !== undefined && html`<p class="dim">It was not checked. ${value.unchecked}</p>`}
    ${value && value.unchecked === undefined && findings.length === 0 && html`<p class="dim">Lint knows of no problem in this version.</p>`}
    ${findings.length > 0 && html`<ul class="findings">${findings.map(line)}</ul>`}</section>`;
}
