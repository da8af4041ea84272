import { type ComponentChild, html, useState } from '../html.ts';

const SHOWN_MS = 1200;

/** A button that copies a text. `what` completes "Copy …". */
export function Copy({ text, what }: { text: () => string; what: string }): ComponentChild {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text());
    setDone(true);
    setTimeout(() => setDone(false), SHOWN_MS);
  };
  return html`<button type="button" class="ghost sm" aria-label=${`Copy ${what}`} title=${`Copy ${what}`} onClick=${copy}>${isDone ? 'Copied' : 'Copy'}</button>`;
}
