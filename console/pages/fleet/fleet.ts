import { type ComponentChild, html, useState } from '../../parts/html.ts';
import { useNow, useTopic } from '../../parts/live/topics.ts';
import { count } from '../../parts/show/format.ts';
import type { FleetSeen } from '../../shared/fleet.ts';
import { ProcessCard } from './process-card.ts';
import { TypeRows } from './type-rows.ts';
import { lookOf, serving } from './words.ts';

export function Fleet(): ComponentChild {
  const { value, problem } = useTopic<FleetSeen>('fleet');
  const now = useNow();
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  if (!value)
    return html`<div class="head"><h1>Fleet</h1></div><p class="empty">${problem ? problem.message : 'Asking Conductor…'}</p>`;
  const { types, processes, more } = value;
  const toggle = (id: string) =>
    setOpen((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  const troubled = types.filter((type) => !lookOf(type).isCalm).length;
  return html`<div class="head"><h1>Fleet</h1><span class="dim" aria-live="polite">${count(types.length, 'task type')}, ${troubled === 0 ? 'none needs a person' : `${troubled} ${troubled === 1 ? 'needs' : 'need'} a person`}</span></div>
    <section class="card flush" aria-labelledby="h-types"><h2 id="h-types" class="sr">Task types</h2>
      ${types.length === 0 && html`<p class="empty">No worker has polled yet, and no task waits for one. Start a worker: <code>fleet work</code></p>`}
      ${
        types.length > 0 &&
        html`<table class="rows types"><thead><tr><th scope="col">State</th><th scope="col">Task type</th><th scope="col" class="r">Waiting</th><th scope="col" class="r">Oldest wait</th><th scope="col" class="r">Running</th><th scope="col" class="r">Limit</th><th scope="col">Processes here</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
        ${types.map((type) => html`<${TypeRows} key=${type.id} type=${type} served=${serving(processes, type)} now=${now} isOpen=${open.has(type.id)} toggle=${toggle}/>`)}</table>`
      }
      ${more > 0 && html`<p class="dim pad foot-note">And ${count(more, 'other queue')}.</p>`}
    </section>
    <h2 class="part">Processes</h2>
    ${processes.length === 0 && html`<p class="empty card">No worker process runs on this machine with this data folder, and none elsewhere polls. Start one: <code>fleet work</code></p>`}
    <ul class="processes">${processes.map((process) => html`<${ProcessCard} key=${process.id} process=${process} now=${now}/>`)}</ul>`;
}
