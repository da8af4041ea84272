import type { ViewProps } from '../../parts/frame/define-page.ts';
import { type ComponentChild, html, useState } from '../../parts/html.ts';
import { may } from '../../parts/live/first.ts';
import { useReading } from '../../parts/live/read.ts';
import { useNow, useTopic } from '../../parts/live/topics.ts';
import { exact, when } from '../../parts/show/format.ts';
import { Picture } from '../../parts/show/picture.ts';
import type { DefinitionDetail, DefinitionFindings, FindingShown } from '../../shared/definition-detail.ts';
import type { PictureBox, PictureShown } from '../../shared/execution-detail.ts';
import { Callers } from './callers.ts';
import { Drift } from './drift.ts';
import { Findings } from './findings.ts';
import { Runs } from './runs.ts';
import { Start } from './start.ts';

const NO_FINDINGS: readonly FindingShown[] = [];

export function Definition({ params, query }: ViewProps): ComponentChild {
  const { name = '' } = params;
  const asked = new URLSearchParams({ name, ...(query.get('version') && { version: query.get('version') ?? '' }) });
  const { value, problem } = useTopic<DefinitionDetail>(`definition?${asked}`);
  const checked = useReading<DefinitionFindings>(
    may('validate_workflow') ? `definition-findings?${asked}` : undefined,
    value?.storedAt,
  );
  const [ref, chooseRef] = useState<string>();
  const crumbs = html`<p class="crumbs dim"><a href="/definitions">Definitions</a></p>`;
  if (!value)
    return html`${crumbs}<div class="head"><h1>${name}</h1></div><p class="empty card">${problem ? html`${problem.message} ${problem.remedy !== undefined && html`<br/>${problem.remedy}`}` : 'Asking Conductor…'}</p>`;
  const findings = checked?.value?.findings ?? NO_FINDINGS;
  const found = Map.groupBy(
    findings.filter((one) => one.ref !== undefined),
    (one) => one.ref ?? '',
  );
  const pressable = ({ ref: own }: PictureBox) => {
    const all = own === undefined ? undefined : found.get(own);
    if (!all || own === undefined) return undefined;
    const isOn = own === ref;
    return { isOn, press: () => chooseRef(isOn ? undefined : own) };
  };
  return html`${crumbs}<${Head} seen=${value}/>
    <div class="defcols"><div class="stack">
      <section class="card flush" aria-labelledby="h-picture"><h2 id="h-picture" class="cardhead">Picture</h2><${Picture} picture=${marked(value.picture, found)} label=${`Picture of ${name}`} pressable=${pressable}/></section>
      ${may('validate_workflow') && html`<${Findings} checked=${checked} chosen=${ref} choose=${chooseRef}/>`}
      ${may('diff_workflow') && html`<${Drift} asked=${asked.toString()} seen=${value}/>`}
      <${Callers} seen=${value}/></div>
    <div class="stack">${may('execute_workflow') && html`<${Start} key=${`${value.name} ${value.version}`} seen=${value}/>`}<${Runs} name=${name}/></div></div>`;
}

/** Boxes with findings have the colour of the worst one. */
function marked(picture: PictureShown, found: ReadonlyMap<string, readonly FindingShown[]>): PictureShown {
  const boxes = picture.boxes.map((box) => {
    const own = found.get(box.ref ?? '');
    if (!own) return box;
    const isBroken = own.some(({ severity }) => severity === 'error');
    const title = [box.title, ...own.map(({ severity, message }) => `${severity}: ${message}`)].join('\n');
    return { ...box, title, tone: isBroken ? 'failed' : 'warned' };
  });
  return { ...picture, boxes };
}

function Head({ seen }: { seen: DefinitionDetail }): ComponentChild {
  const now = useNow();
  const { name, version, versions, description, storedAt } = seen;
  const link = (one: number) =>
    html`<a key=${one} class="btn sm" aria-current=${one === version ? 'true' : undefined} href=${`/definitions/${encodeURIComponent(name)}?version=${one}`}>v${one}</a>`;
  return html`<div class="head defhead"><h1>${name}</h1>${versions.length > 1 ? html`<nav class="row versions" aria-label="Versions">${versions.map(link)}</nav>` : html`<span class="dim">v${version}</span>`}
    ${storedAt !== undefined && html`<span class="dim num" title=${exact(storedAt)}>stored ${when(storedAt, now)}</span>`}${may('execute_workflow') && html`<a class="btn sm tostart" href="#start">Start…</a>`}</div>
    ${description !== undefined && html`<p class="defabout">${description}</p>`}`;
}
