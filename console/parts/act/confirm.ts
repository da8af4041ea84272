import type { Acted, Answer, Problem } from '../../shared/messages.ts';
import { announce } from '../frame/announce.ts';
import { type ComponentChild, html, useEffect, useRef, useState } from '../html.ts';
import { failedIn, send } from './send.ts';

/** What a person is asked before an action. */
export interface Ask {
  /** A question. */
  readonly title: string;
  /** What follows, one sentence each. */
  readonly does: readonly string[];
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** True if the tool itself asks a question, with facts that only it knows. */
  readonly asks?: boolean;
  /** The verb on the button. */
  readonly button: string;
  /** True for what cannot be taken back. */
  readonly isDangerous?: boolean;
  /** The label of the field for a reason, which is sent as the argument `reason`. Absent if the tool takes none. */
  readonly reason?: string;
  /** A value that the person may edit as JSON. It is sent as the argument `name` if it was changed. */
  readonly json?: { readonly name: string; readonly label: string; readonly value: unknown };
  /** What is said when it is done. */
  readonly done: string;
  /** Called with the structured answer. */
  after?(structured: unknown): void;
}

let show: ((ask: Ask) => void) | undefined;

/** Shows what an action will do. Only the button in the dialog does it. */
export function ask(what: Ask): void {
  show?.(what);
}

/** The dialog of all actions. */
export function Confirm(): ComponentChild {
  const [what, set] = useState<Ask & { n: number }>();
  const dialog = useRef<HTMLDialogElement>(null);
  const asked = useRef(0);
  show = (next) => {
    asked.current += 1;
    set({ ...next, n: asked.current });
  };
  useEffect(() => {
    if (what && !dialog.current?.open) dialog.current?.showModal();
  }, [what]);
  if (!what) return null;
  const close = () => {
    dialog.current?.close();
    set(undefined);
  };
  return html`<dialog ref=${dialog} class="ask" aria-labelledby="ask-title" onClose=${() => set(undefined)}><${Form} key=${what.n} what=${what} close=${close}/></dialog>`;
}

interface FormState {
  readonly isBusy?: boolean;
  readonly problem?: Problem;
  /** What the tool asks before it acts. */
  readonly question?: string;
  readonly answer?: Answer;
  /** What became of each execution, if some could not be changed. */
  readonly partly?: string;
}

function Form({ what, close }: { what: Ask; close: () => void }): ComponentChild {
  const [reason, setReason] = useState('');
  const [state, setState] = useState<FormState>({});
  const [text, setText] = useState(() => JSON.stringify(what.json?.value, null, 2));
  const edited = parsedOf(text);
  const lacksReason = what.reason !== undefined && reason.trim() === '';
  const isEdited = what.json !== undefined && text !== JSON.stringify(what.json.value, null, 2);
  const args = {
    ...what.args,
    ...(what.reason !== undefined && { reason }),
    ...(what.json && isEdited && { [what.json.name]: edited.value }),
  };
  const settle = (acted: Acted) => {
    if ('error' in acted) return setState({ problem: acted.error });
    if ('question' in acted) return setState(acted);
    what.after?.(acted.structured);
    if (failedIn(acted.structured) > 0) return setState({ partly: acted.text });
    announce(what.done);
    close();
  };
  const onSubmit = (event: Event) => {
    event.preventDefault();
    if (lacksReason || state.isBusy || edited.error !== undefined) return;
    const { answer } = state;
    setState({ ...state, isBusy: true });
    void send({ tool: what.tool, args, asks: what.asks ?? false, ...(answer && { answer }) }).then(settle);
  };
  const { isBusy = false, problem, question, partly } = state;
  return html`<form onSubmit=${onSubmit}><h2 id="ask-title">${what.title}</h2>
    <ul>${what.does.map((line) => html`<li>${line}</li>`)}</ul>
    ${question !== undefined && html`<p class="question" role="alert">${question}</p>`}
    ${what.reason !== undefined && html`<label class="field">${what.reason}<textarea rows="2" autofocus disabled=${question !== undefined} value=${reason} onInput=${(event: InputEvent) => setReason((event.target as HTMLTextAreaElement).value)}></textarea></label>`}
    ${what.json && html`<label class="field">${what.json.label}<textarea class="code" rows="8" spellcheck="false" disabled=${question !== undefined} value=${text} aria-invalid=${edited.error !== undefined} onInput=${(event: InputEvent) => setText((event.target as HTMLTextAreaElement).value)}></textarea></label>`}
    ${edited.error !== undefined && html`<p class="error" role="alert">${edited.error}</p>`}
    <details><summary>The call</summary><pre class="code">${what.tool} ${JSON.stringify(args, null, 2)}</pre></details>
    ${problem && html`<div class="error" role="alert"><p>${problem.message}</p>${problem.remedy && html`<p class="dim">${problem.remedy}</p>`}</div>`}
    ${partly !== undefined && html`<pre class="code" role="alert">${partly}</pre>`}
    <div class="row end"><button type="button" class="btn" onClick=${close}>${partly === undefined ? 'Not now' : 'Close'}</button>
    ${partly === undefined && html`<button class=${`btn ${what.isDangerous ? 'danger' : 'primary'}`} disabled=${isBusy || lacksReason || edited.error !== undefined}>${isBusy ? 'Working…' : question === undefined ? what.button : `Yes, ${what.button.toLowerCase()}`}</button>`}</div></form>`;
}

/** What a person wrote as JSON, or why it is none. */
function parsedOf(text: string | undefined): { readonly value?: unknown; readonly error?: string } {
  if (text === undefined) return {};
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { error: `This is not JSON: ${error instanceof Error ? error.message : String(error)}.` };
  }
}
