import type { FirstData } from '../shared/messages.ts';
import type { Assets } from './assets/assets.ts';

/** The page around every view. Its data stands in a block that is no script, so the policy allows it. */
export function shell({ entry, style, icon, preload }: Assets['addresses'], first: FirstData): string {
  const data = JSON.stringify(first).replaceAll('<', '\\u003c'); // so no text can end the block
  const modules = preload.map((address) => `<link rel="modulepreload" href="${address}">`).join('');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark"><title>fleet</title><link rel="icon" href="${icon}"><link rel="stylesheet" href="${style}">
${modules}<script type="module" src="${entry}"></script></head><body><div id="app"><header class="top"><span class="brand">fleet</span></header></div>
<noscript><p class="empty">The console needs JavaScript. The terminal shows the same: fleet status</p></noscript>
<script type="application/json" id="first">${data}</script></body></html>`;
}
