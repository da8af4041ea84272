import type { FormField } from '../../shared/form-field.ts';
import { type ComponentChild, html, useMemo, useState } from '../html.ts';
import { readField, startText } from './read-field.ts';

/** A form while a person fills it in. */
export interface Form {
  readonly fields: readonly FormField[];
  readonly texts: Readonly<Record<string, string>>;
  /** The problem of each field whose problem is shown. */
  readonly problems: Readonly<Record<string, string>>;
  write(name: string, text: string): void;
  /** The values of all fields. Undefined if a field has a problem: all problems are then shown, and the first field gets the focus. */
  read(): Record<string, unknown> | undefined;
}

export function useForm(fields: readonly FormField[], id: string): Form {
  const starts = useMemo(() => Object.fromEntries(fields.map((field) => [field.name, startText(field)])), [fields]);
  const [written, setWritten] = useState<Readonly<Record<string, string>>>({});
  const [isChecked, setChecked] = useState(false);
  const texts = { ...starts, ...written };
  const readings = fields.map((field) => [field, readField(field, texts[field.name] ?? '')] as const);
  const wrong = readings.flatMap(([{ name }, read]) => ('problem' in read ? [[name, read.problem] as const] : []));
  return {
    fields,
    texts,
    // An empty field is called wrong only after the user has tried to start.
    problems: Object.fromEntries(wrong.filter(([name]) => isChecked || Object.hasOwn(written, name))),
    write: (name, text) => setWritten((old) => ({ ...old, [name]: text })),
    read() {
      setChecked(true);
      const [first] = wrong;
      if (!first)
        return Object.fromEntries(
          readings.flatMap(([{ name }, read]) => ('value' in read ? [[name, read.value]] : [])),
        );
      document.getElementById(fieldId(id, first[0]))?.focus();
      return undefined;
    },
  };
}

const fieldId = (id: string, name: string) => `${id}-${name}`;

/** The fields with their descriptions and problems. */
export function Fields({ form, id }: { form: Form; id: string }): ComponentChild {
  return html`${form.fields.map((field) => html`<${Field} key=${field.name} field=${field} form=${form} id=${fieldId(id, field.name)}/>`)}`;
}

const KIND_WORD: Readonly<Record<FormField['kind'], string>> = {
  text: 'text',
  number: 'number',
  integer: 'whole number',
  boolean: 'yes or no',
  choice: 'one of',
  object: 'JSON object',
  json: 'JSON',
  any: 'text or JSON',
};

function Field({ field, form, id }: { field: FormField; form: Form; id: string }): ComponentChild {
  const { name, kind, isRequired, description } = field;
  const problem = form.problems[name];
  const about = [description !== undefined && `${id}-about`, problem !== undefined && `${id}-problem`].filter(Boolean);
  const shared = {
    id,
    'aria-required': isRequired,
    'aria-invalid': problem !== undefined,
    'aria-describedby': about.length > 0 ? about.join(' ') : undefined,
  };
  const write = (event: Event) => form.write(name, (event.currentTarget as HTMLInputElement).value); // every control here has a value
  return html`<div class="field formfield"><label for=${id}><code>${name}</code> <span class="dim">${KIND_WORD[kind]}${isRequired ? '' : ', optional'}</span></label>
    <${Control} field=${field} text=${form.texts[name] ?? ''} shared=${shared} write=${write}/>
    ${description !== undefined && html`<p class="dim" id=${`${id}-about`}>${description}</p>`}
    ${problem !== undefined && html`<p class="error" id=${`${id}-problem`}>${problem}</p>`}</div>`;
}

interface ControlProps {
  readonly field: FormField;
  readonly text: string;
  readonly shared: Readonly<Record<string, unknown>>;
  write(event: Event): void;
}

function Control({ field, text, shared, write }: ControlProps): ComponentChild {
  const { kind, choices = [], isRequired } = field;
  if (kind === 'boolean' || kind === 'choice') {
    const values = kind === 'boolean' ? [true, false] : choices;
    const option = (value: unknown) => {
      const word = typeof value === 'string' ? value : JSON.stringify(value);
      return html`<option key=${word} value=${JSON.stringify(value)}>${word}</option>`;
    };
    return html`<select ...${shared} value=${text} onChange=${write}><option value="">${isRequired ? 'Choose' : 'Left out'}</option>${values.map(option)}</select>`;
  }
  if (kind === 'json' || kind === 'object')
    return html`<textarea ...${shared} class="code" rows="3" spellcheck="false" value=${text} onInput=${write}></textarea>`;
  const mode = kind === 'integer' ? 'numeric' : kind === 'number' ? 'decimal' : undefined;
  return html`<input ...${shared} type="text" inputmode=${mode} autocomplete="off" value=${text} onInput=${write}/>`;
}
