import { useEffect, useState } from '../html.ts';

/*
 * The address says what a page shows: its filters, the chosen task, the view. So the way back, a reload and a link that somebody sends show
 * the same.
 */

const listeners = new Set<() => void>();
const tell = () => {
  for (const one of listeners) one();
};

addEventListener('popstate', tell);

/** Shows another address. `replace`: the way back does not return to the address before, as after each letter of a search. */
export function go(to: string, { replace = false } = {}): void {
  if (to === location.pathname + location.search) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', to);
  if (!replace) scrollTo(0, 0);
  tell();
}

/** Links stay links: opening one in another tab and copying one work as everywhere. A plain click only changes the view. */
addEventListener('click', (event) => {
  const anchor = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href^="/"]') : null;
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!anchor || !isPlain || event.defaultPrevented) return;
  const { pathname, search, hash } = new URL(anchor.href);
  if (hash !== '' && pathname === location.pathname) return;
  event.preventDefault();
  go(pathname + search);
});

export interface Route {
  readonly path: string;
  readonly query: URLSearchParams;
}

export function useRoute(): Route {
  const [, draw] = useState(0);
  useEffect(() => {
    const one = () => draw((n) => n + 1);
    listeners.add(one);
    return () => void listeners.delete(one);
  }, []);
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

/** The present address with other parameters. An empty one is taken out. */
export function withQuery(changes: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  return `${location.pathname}${text ? `?${text}` : ''}`;
}
