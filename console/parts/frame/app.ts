import { Confirm } from '../act/confirm.ts';
import { type ComponentChild, html, render, useEffect, useState } from '../html.ts';
import { first } from '../live/first.ts';
import { useLink } from '../live/topics.ts';
import { Announcer } from './announce.ts';
import type { Page } from './define-page.ts';
import { Header } from './header.ts';
import { Help } from './help.ts';
import { matchPath } from './match-path.ts';
import { Palette } from './palette.ts';
import { Rail } from './rail.ts';
import { go, useRoute } from './route.ts';
import { useKeys } from './shortcuts.ts';

/** Draws the console into the page. The entry that the server makes calls this with all pages. */
export function start(pages: readonly Page[]): void {
  const root = document.getElementById('app');
  if (!root) return;
  root.replaceChildren();
  render(html`<${App} pages=${pages}/>`, root);
}

/** A second key within this time belongs to `g`. */
const CHORD_MS = 1500;

function App({ pages }: { pages: readonly Page[] }): ComponentChild {
  const { path, query } = useRoute();
  const [open, setOpen] = useState<'palette' | 'help' | undefined>();
  const close = () => setOpen(undefined);
  const shown = pages.filter(({ rail }) => rail?.isShown?.(first.session) ?? true);
  useChords(shown, setOpen);
  const found = shown.flatMap((page) => {
    const params = matchPath(page.path, path);
    return params ? [{ page, params }] : [];
  })[0];
  const title = found?.page.title ?? 'Not found';
  useEffect(() => {
    document.title = `${title} · fleet`;
  }, [title, path]);
  const isKnown = first.session.caller !== undefined;
  return html`<a class="skip" href="#main">Skip to the page</a>
    <${Header} openPalette=${() => setOpen('palette')}/>
    <${Rail} pages=${shown} current=${found?.page.below ?? found?.page.path}/>
    <main id="main" tabindex="-1"><${Banner}/>
      ${!isKnown ? html`<${SignedOut}/>` : found ? html`<${found.page.View} key=${found.page.path} params=${found.params} query=${query}/>` : html`<${NotFound}/>`}
    </main>
    <${Palette} open=${open === 'palette'} close=${close} pages=${shown}/>
    <${Help} open=${open === 'help'} close=${close} pages=${shown}/>
    <${Confirm}/><${Announcer}/>`;
}

/** The keys that work on every page. */
function useChords(pages: readonly Page[], open: (what: 'palette' | 'help') => void): void {
  const [pressed] = useState({ at: 0 });
  useKeys((key) => {
    const isSecond = Date.now() - pressed.at < CHORD_MS;
    pressed.at = key === 'g' ? Date.now() : 0;
    const page = isSecond ? pages.find(({ rail }) => rail?.key === key) : undefined;
    if (page) go(page.path);
    else if (key === '?') open('help');
    else if (key === '/') focusSearch(open);
    else return key === 'g';
    return true;
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k') return;
      event.preventDefault();
      if (!document.querySelector('dialog[open]')) open('palette');
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, []);
}

function focusSearch(open: (what: 'palette') => void): void {
  const field = document.querySelector<HTMLInputElement>('[data-search]');
  if (field) field.focus();
  else open('palette');
}

/** Says that what is shown is old, why, and what happens next. */
function Banner(): ComponentChild {
  const { state, why } = useLink();
  if (state === 'down')
    return html`<p class="banner" role="alert"><b>Conductor does not answer.</b> What you see is from before. The fleet asks again every 2 seconds. <span class="dim">${why}</span></p>`;
  if (state === 'lost')
    return html`<p class="banner" role="alert"><b>The fleet does not answer.</b> What you see is from before. This page continues by itself as soon as the fleet runs again: <code>npm start</code></p>`;
  return null;
}

function SignedOut(): ComponentChild {
  return html`<div class="empty card"><h1>This fleet asks who you are</h1>
    <p>Its requests need a token (OAuth), and signing in with a browser is not available yet.</p>
    <p>Until then, use an MCP client that can sign in, or the terminal: <code>fleet status</code></p></div>`;
}

function NotFound(): ComponentChild {
  return html`<div class="empty card"><h1>This page does not exist</h1><p><a class="link" href="/">Go to Home</a></p></div>`;
}
