import { type ComponentChild, html } from '../html.ts';
import { first } from '../live/first.ts';
import { type LinkState, useLink, useNow } from '../live/topics.ts';
import { age } from '../show/format.ts';
import { Icon, SEARCH_ICON } from '../show/icon.ts';

export function Header({ openPalette }: { openPalette: () => void }): ComponentChild {
  const { caller } = first.session;
  return html`<header class="top"><a href="/" class="brand"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M2 12 8 3l6 9-6-2z"/></svg>fleet</a>
    <button class="find" onClick=${openPalette}><${Icon} path=${SEARCH_ICON}/><span>Go to an order, a workflow, an id…</span><kbd>Ctrl K</kbd></button>
    <${LinkStatus}/>${caller && html`<span class="person" title=${`You have the role ${caller.role}`}>${caller.name}<span class="dim"> ${caller.role}</span></span>`}</header>`;
}

const WORD: Readonly<Record<LinkState, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  lost: 'Fleet away',
  down: 'Conductor away',
};

function LinkStatus(): ComponentChild {
  const { state, since, why } = useLink();
  const isAway = state === 'lost' || state === 'down';
  return html`<span class=${`link-state s-${state}`} title=${why}><i aria-hidden="true"></i><span role="status">${WORD[state]}</span>${isAway && html`<${Since} since=${since}/>`}</span>`;
}

/** Counts up beside the state, so that screen readers hear only a change of the state. */
function Since({ since }: { since: number }): ComponentChild {
  useNow();
  return html`<span aria-hidden="true"> for ${age(since, Date.now())}</span>`;
}
