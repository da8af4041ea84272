import { ask } from '../../parts/act/confirm.ts';
import { Fields, useForm } from '../../parts/form/fields.ts';
import { go } from '../../parts/frame/route.ts';
import { type ComponentChild, html, useMemo, useState } from '../../parts/html.ts';
import type { DefinitionDetail } from '../../shared/definition-detail.ts';
import type { FormField } from '../../shared/form-field.ts';

/** Values that the form has no field for, and the mark of the start. */
const OTHER: FormField = {
  name: 'otherInput',
  kind: 'object',
  isRequired: false,
  description: 'Its fields are added to those above.',
};

/** The form that starts the workflow. */
export function Start({ seen }: { seen: DefinitionDetail }): ComponentChild {
  const { name, version } = seen;
  const mark = JSON.stringify(seen.fields);
  const fields = useMemo(() => seen.fields, [mark]);
  const form = useForm(fields, 'input');
  const others = useMemo(() => [OTHER], []);
  const other = useForm(others, 'other');
  const [key, setKey] = useState(newKey);
  const onSubmit = (event: Event) => {
    event.preventDefault();
    const [input, more] = [form.read(), other.read()];
    if (!input || !more) return;
    ask({
      title: `Start ${name}?`,
      does: [
        `A new execution of version ${version} starts at once, with this input.`,
        `Its correlation id is ${key}. The same id starts it only once.`,
      ],
      tool: 'execute_workflow',
      args: { name, version, input: { ...Object(more.otherInput), ...input }, idempotencyKey: key },
      button: 'Start',
      done: `Started ${name}.`,
      after: open,
    });
  };
  return html`<section class="card" id="start" aria-labelledby="h-start"><h2 id="h-start">Start</h2>
    <form class="startform" onSubmit=${onSubmit} novalidate>${fields.length === 0 && html`<p class="dim">The definition names no input.</p>`}<${Fields} form=${form} id="input"/>
    <details><summary>More</summary><div class="startform"><${Fields} form=${other} id="other"/>
      <div class="field formfield"><label for="start-key">Correlation id</label><input id="start-key" type="text" autocomplete="off" required value=${key} aria-describedby="start-key-about" onInput=${({ currentTarget }: { currentTarget: HTMLInputElement }) => setKey(currentTarget.value)}/><p class="dim" id="start-key-about">Finds the execution later. The same id and input start it only once.</p></div></div></details>
    <div class="row end"><button class="btn primary" disabled=${key.trim() === ''}>Start…</button></div></form></section>`;
}

/** A browser has `randomUUID` only on pages with https. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return `console-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function open(structured: unknown): void {
  const { executionId } = (structured ?? {}) as { executionId?: unknown }; // only read, and checked below
  if (typeof executionId === 'string') go(`/executions/${executionId}`);
}
