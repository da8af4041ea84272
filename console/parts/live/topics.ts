import type { Message, Problem } from '../../shared/messages.ts';
import { patched, type Value } from '../../shared/patches.ts';
import { useEffect, useState } from '../html.ts';
import { connect } from './connect.ts';
import { first } from './first.ts';

/*
 * What this tab knows about each topic. A component that shows a topic says so with `useTopic`. It gets the newest value at once and is
 * drawn again after each change. The value stays while the fleet or Conductor is away.
 */

/** `lost`: the fleet does not answer. `down`: Conductor does not answer the fleet. */
export type LinkState = 'connecting' | 'live' | 'lost' | 'down';

export interface Link {
  readonly state: LinkState;
  /** When the state began. */
  readonly since: number;
  readonly why: string;
}

interface Known {
  value?: Value;
  problem?: Problem;
}

/** A hidden tab asks for nothing after this time. */
const HIDDEN_MS = 5000;
/** A smaller difference between the clocks is only the way of the message. */
const SKEW_MS = 5000;
/** Codes of problems that are about the server and not about one topic. */
const DOWN: readonly string[] = ['upstream', 'environment'];

const known = new Map<string, Known>();
const listeners = new Map<string, Set<() => void>>();
const linkListeners = new Set<() => void>();
let link: Link = { state: 'connecting', since: Date.now(), why: '' };
let skew = 0;
let isAsleep = false;
let soon: ReturnType<typeof setTimeout> | undefined;

for (const [topic, message] of Object.entries(first.topics)) keep(topic, message);

const want = connect(
  (topic, message) => {
    keep(topic, message);
    setLinkByTopics();
    for (const tell of listeners.get(topic) ?? []) tell();
  },
  (state) => (state === 'lost' ? setLink('lost') : setLinkByTopics()),
);

function keep(topic: string, message: Message): void {
  const difference = message.at - Date.now();
  skew = Math.abs(difference) < SKEW_MS ? 0 : difference;
  const before = known.get(topic)?.value;
  if ('value' in message) known.set(topic, { value: message.value });
  else if ('error' in message) known.set(topic, { ...(before && { value: before }), problem: message.error });
  else if (before) known.set(topic, { value: patched(before, message.patch) });
}

function setLinkByTopics(): void {
  const problems = shownTopics().flatMap((topic) => known.get(topic)?.problem ?? []);
  const down = problems.find(({ code }) => DOWN.includes(code));
  if (down) setLink('down', down.message);
  else setLink('live');
}

/** Called when the server has answered a single request. A page that follows no topic learns only so that the fleet is there. */
export function heard(): void {
  if (shownTopics().length === 0) setLink('live');
}

function setLink(state: LinkState, why = ''): void {
  if (link.state === state && link.why === why) return;
  link = { state, why, since: link.state === state ? link.since : Date.now() };
  for (const tell of linkListeners) tell();
}

function shownTopics(): string[] {
  return [...listeners].flatMap(([topic, all]) => (all.size > 0 ? [topic] : [])).sort();
}

/** Called after a component begins or stops to show a topic. Several calls of one drawing become one. */
function follow(): void {
  clearTimeout(soon);
  soon = setTimeout(() => want(isAsleep ? [] : shownTopics()), 0);
}

let hiding: ReturnType<typeof setTimeout> | undefined;
document.addEventListener('visibilitychange', () => {
  clearTimeout(hiding);
  const sleep = (now: boolean) => {
    isAsleep = now;
    follow();
  };
  if (document.visibilityState === 'hidden') hiding = setTimeout(() => sleep(true), HIDDEN_MS);
  else sleep(false);
});

/** The value of a topic and, if its last reading failed, why. Both are undefined until the first answer. */
export function useTopic<V>(address: string): { readonly value: V | undefined; readonly problem: Problem | undefined } {
  const [, draw] = useState(0);
  useEffect(() => {
    const tell = () => draw((n) => n + 1);
    const all = listeners.get(address) ?? new Set();
    listeners.set(address, all);
    all.add(tell);
    tell(); // a message may have come between the drawing and now
    follow();
    return () => {
      all.delete(tell);
      follow();
    };
  }, [address]);
  const { value, problem } = known.get(address) ?? {};
  return { value: value as V | undefined, problem }; // the topic of this address has this type
}

export function useLink(): Link {
  const [, draw] = useState(0);
  useEffect(() => {
    const tell = () => draw((n) => n + 1);
    linkListeners.add(tell);
    tell(); // the state may have changed between the drawing and now
    return () => void linkListeners.delete(tell);
  }, []);
  return link;
}

/** The time by the server's clock, in epoch milliseconds. */
export const serverNow = () => Date.now() + skew;

const ticking = new Set<(now: number) => void>();
setInterval(() => {
  for (const tell of ticking) tell(serverNow());
}, 1000);

/** The time, for what counts up on a page. The component is drawn again each second. */
export function useNow(): number {
  const [now, set] = useState(serverNow());
  useEffect(() => {
    ticking.add(set);
    return () => void ticking.delete(set);
  }, []);
  return now;
}
