import type { ViewProps } from '../../parts/frame/define-page.ts';
import { inList } from '../../parts/frame/list-memory.ts';
import { go, withQuery } from '../../parts/frame/route.ts';
import { useKeys } from '../../parts/frame/shortcuts.ts';
import { type ComponentChild, html, useEffect } from '../../parts/html.ts';
import { useNow, useTopic } from '../../parts/live/topics.ts';
import { short } from '../../parts/show/format.ts';
import { wordOf } from '../../parts/show/status.ts';
import { Tabs } from '../../parts/show/tabs.ts';
import type { ExecutionDetail } from '../../shared/execution-detail.ts';
import type { Problem } from '../../shared/messages.ts';
import { JsonView, PayloadView } from './data.ts';
import { Diagnosis } from './diagnosis.ts';
import { Heading } from './heading.ts';
import { Panel } from './panel.ts';
import { Picture } from './picture.ts';
import { Timeline } from './timeline.ts';
import { firstChoice } from './timeline-model.ts';

const VIEWS = [
  ['time', 'Timeline'],
  ['picture', 'Picture'],
  ['data', 'Input and output'],
  ['raw', 'JSON'],
] as const;
type ViewName = (typeof VIEWS)[number][0];

export function ExecutionPage({ params: { id = '' }, query }: ViewProps): ComponentChild {
  const { value, problem } = useTopic<ExecutionDetail>(`execution?id=${encodeURIComponent(id)}`);
  useKeys((key) => {
    const next = key === 'n' ? inList(id, 1) : key === 'p' ? inList(id, -1) : undefined;
    if (next) go(`/executions/${next}`);
    return next !== undefined;
  });
  useEffect(() => {
    if (value) document.title = `${value.workflow} ${value.correlation ?? short(id)}: ${wordOf(value.status)} · fleet`;
  }, [value?.status, id]);
  if (!value)
    return problem
      ? html`<${Missing} id=${id} problem=${problem}/>`
      : html`<h1 class="sr">Execution</h1><p class="empty">Reading ${short(id)}…</p>`;
  return html`<${Shown} key=${id} seen=${value} query=${query}/>`;
}

function Missing({ id, problem }: { id: string; problem: Problem }): ComponentChild {
  return html`<div class="empty card"><h1>Nothing to show for ${short(id)}</h1><p>${problem.message}</p>
    <p><a class="link" href=${`/executions?q=${encodeURIComponent(id)}`}>Search for it</a> or see <a class="link" href="/executions">all executions</a>.</p></div>`;
}

function Shown({ seen, query }: { seen: ExecutionDetail; query: URLSearchParams }): ComponentChild {
  const ticking = useNow();
  const now = seen.isOver ? seen.end : ticking; // so that an ended execution is not drawn again each second
  const view: ViewName = VIEWS.find(([name]) => name === query.get('view'))?.[0] ?? 'time';
  const wanted = query.get('task');
  const task = seen.tasks.find(({ id }) => id === wanted) ?? firstChoice(seen);
  const choose = (one: string) => go(withQuery({ task: one }), { replace: true });
  const show = (name: ViewName) => go(withQuery({ view: name === 'time' ? undefined : name }), { replace: true });
  const picture = html`<section class="card flush" aria-label="Picture"><${Picture} picture=${seen.picture} tasks=${seen.tasks} chosen=${task} choose=${choose}/></section>`;
  return html`<${Heading} seen=${seen} now=${now} task=${task}/>
    ${seen.diagnosis.cause !== 'none' && html`<${Diagnosis} seen=${seen} choose=${choose}/>`}
    <div class="xcols"><div class="xmain"><${Tabs} id="view" label="Views" tabs=${VIEWS} chosen=${view} choose=${show}/>
      <div id="view-panel" role="tabpanel" aria-labelledby=${`view-${view}`} class="xmain">
        ${view === 'time' && html`<section class="card flush" aria-label="Timeline"><${Timeline} seen=${seen} now=${now} chosen=${task?.id} choose=${choose}/></section>`}
        ${(view === 'time' || view === 'picture') && picture}
        ${view === 'data' && html`<${PayloadView} seen=${seen}/>`}${view === 'raw' && html`<${JsonView} seen=${seen}/>`}
      </div></div>
      ${task && html`<${Panel} key=${task.id} task=${task} seen=${seen} now=${now} choose=${choose}/>`}</div>`;
}
