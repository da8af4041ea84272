import { type ComponentChild, html, useEffect, useState } from '../html.ts';

let show: ((text: string) => void) | undefined;

const SHOWN_MS = 6000;

/** Says in one line what an action did. It vanishes, so it is only for what the page shows anyway. */
export function announce(text: string): void {
  show?.(text);
}

export function Announcer(): ComponentChild {
  const [said, set] = useState({ text: '', at: 0 });
  show = (text) => set({ text, at: Date.now() });
  useEffect(() => {
    const timer = setTimeout(() => set({ text: '', at: 0 }), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said.at]);
  return html`<p class=${`said ${said.text ? '' : 'none'}`} role="status">${said.text}</p>`;
}
