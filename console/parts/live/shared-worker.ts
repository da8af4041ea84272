import type { Message } from '../../shared/messages.ts';
import { patched, type Value } from '../../shared/patches.ts';
import { Stream, type StreamState } from './stream.ts';

/*
 * One stream for all tabs of this browser. A browser opens only six connections to one address, so with a stream in each tab the seventh
 * tab would not load.
 */

/** What a tab tells the worker: the topics that it shows, or that it closes. */
export type FromTab = { readonly topics: readonly string[] } | { readonly bye: true };
/** What the worker tells a tab. */
export type ToTab = { readonly topic: string; readonly message: Message } | { readonly state: StreamState };

interface Tab {
  topics: readonly string[];
  saidAt: number;
}

/** A tab says every 20 seconds what it shows. After this time without a word it has crashed. */
const GONE_AFTER_MS = 150_000;
const LOOK_EVERY_MS = 30_000;

const tabs = new Map<MessagePort, Tab>();
const latest = new Map<string, { at: number; value: Value }>();
let state: StreamState | undefined;

const stream = new Stream(hear, (now) => {
  state = now;
  for (const port of tabs.keys()) tell(port, { state: now });
});

addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports; // the only kind of event with this name
  if (!port) return;
  tabs.set(port, { topics: [], saidAt: Date.now() });
  if (state) tell(port, { state });
  port.addEventListener('message', ({ data }: MessageEvent<FromTab>) => listen(port, data));
  port.start();
});

setInterval(() => {
  for (const [port, { saidAt }] of tabs) if (Date.now() - saidAt > GONE_AFTER_MS) tabs.delete(port);
  follow();
}, LOOK_EVERY_MS);

function listen(port: MessagePort, said: FromTab): void {
  if ('bye' in said) tabs.delete(port);
  else {
    const before = tabs.get(port)?.topics ?? [];
    tabs.set(port, { topics: said.topics, saidAt: Date.now() });
    for (const topic of said.topics) {
      const known = before.includes(topic) ? undefined : latest.get(topic);
      if (known) tell(port, { topic, message: known });
    }
  }
  follow();
}

function follow(): void {
  const topics = new Set([...tabs.values()].flatMap((tab) => tab.topics));
  for (const topic of latest.keys()) if (!topics.has(topic)) latest.delete(topic);
  stream.want([...topics]);
}

function hear(topic: string, message: Message): void {
  const before = latest.get(topic);
  if ('value' in message) latest.set(topic, message);
  else if ('error' in message) latest.delete(topic);
  else if (before) latest.set(topic, { at: message.at, value: patched(before.value, message.patch) });
  for (const [port, tab] of tabs) if (tab.topics.includes(topic)) tell(port, { topic, message });
}

function tell(port: MessagePort, message: ToTab): void {
  port.postMessage(message);
}
