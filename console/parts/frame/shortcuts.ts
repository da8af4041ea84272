import { useEffect, useRef } from '../html.ts';

/** Handles a key. Returns true if the key meant something. */
type OnKey = (key: string, event: KeyboardEvent) => boolean;

/** Calls `onKey` for keys that are meant for the page: not those typed into a field or in a dialog, and none with Ctrl, Alt or Cmd. */
export function useKeys(onKey: OnKey): void {
  const newest = useRef(onKey); // keys can come faster than the page is drawn
  newest.current = onKey;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (!isForPage(event)) return;
      if (newest.current(event.key, event)) event.preventDefault();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, []);
}

function isForPage({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || altKey || document.querySelector('dialog[open]')) return false;
  return !(target instanceof Element && target.matches('input:not([type=checkbox]), textarea, select'));
}

/** Every key, for the list that `?` shows. */
export const KEYS: readonly (readonly [keys: string, meaning: string])[] = [
  ['Ctrl K', 'Go to a page or an execution'],
  ['/', 'Search on this page'],
  ['j  k', 'Next, previous row or task'],
  ['x', 'Choose the row'],
  ['Enter', 'Open the row'],
  ['Esc', 'Choose nothing'],
  ['n  p', 'On an execution: the next, the previous one of the list'],
  ['?', 'This list'],
];
