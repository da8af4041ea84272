import { FleetError } from '../../core/errors.ts';
import { isObject } from '../../core/json.ts';
import { lazy } from '../../core/lazy.ts';
import type { Logger } from '../../core/log.ts';
import { version } from '../../core/version.ts';
import { RateLimited } from '../../mcp/admission/refusals.ts';
import { endWithToken } from '../../mcp/auth/end-with-token.ts';
import type { Inside } from '../../mcp/front/inside.ts';
import { SubscriptionLimits } from '../../mcp/subscriptions/subscription-limits.ts';
import type { Site, Visit } from '../../mcp/transports/server/site.ts';
import type { FirstData, Message, Session } from '../shared/messages.ts';
import { act, toolCall } from './act.ts';
import { jsonAnswer, refused, textAnswer } from './answers.ts';
import { loadAssets } from './assets/assets.ts';
import { eventStream } from './event-stream.ts';
import { isCrossSite, isOwnPage, SAFE_PAGE } from './policy.ts';
import { sessionOf } from './session.ts';
import { shell } from './shell.ts';
import { type Asked, loadTopics, type Topics } from './topics.ts';
import { isUnknown, type Visitor, visitorOf } from './visitor.ts';
import { problemOf, type Watched, Watcher } from './watcher.ts';

/*
 * The console: pages for people, served beside MCP.
 *
 * 1. Assets and the empty page hold no data. Everything else first says who asks (`visitorOf`), then enters through the admission of MCP.
 * 2. Data comes in topics: `/console/events?topic=…` sends their changes, `/console/read?topic=…` reads one once.
 * 3. Changes are tool calls: `POST /console/act`. Only a page of the console may send them, and every check of a tool call holds for them.
 * 4. The process keeps nothing but the last reading of each topic that somebody looks at.
 */

export interface ConsoleOptions {
  readonly inside: Inside;
  readonly log: Logger;
}

const EVENTS = '/console/events';
const READ = '/console/read';
const ACT = '/console/act';
/** Topics of one stream: those of a page in each of several tabs. */
const MOST_TOPICS = 24;
/** What a page shows before its stream opens. A long list begins with what fits on a screen. */
const FIRST_ROWS = 40;

export function createConsole(options: ConsoleOptions): Site {
  const parts = lazy(async () => {
    const [assets, topics] = await Promise.all([loadAssets(), loadTopics()]);
    return { assets, topics };
  });
  const served = new Console(options, parts);
  return { answer: (visit) => served.answer(visit), close: () => served.close() };
}

interface Parts {
  readonly assets: Awaited<ReturnType<typeof loadAssets>>;
  readonly topics: Topics;
}

class Console {
  readonly #inside: Inside;
  readonly #log: Logger;
  readonly #parts: () => Promise<Parts>;
  readonly #watcher: Watcher;
  readonly #limits = new SubscriptionLimits({ subscriptions: 1000, addresses: 5000 });
  readonly #streams = new Set<() => void>();
  readonly #ended = new AbortController();

  constructor({ inside, log }: ConsoleOptions, parts: () => Promise<Parts>) {
    this.#inside = inside;
    this.#log = log;
    this.#parts = parts;
    this.#watcher = new Watcher(log);
  }

  close(): void {
    this.#ended.abort();
    this.#watcher.close();
    for (const close of this.#streams) close();
  }

  async answer(visit: Visit): Promise<Response | undefined> {
    const { request } = visit;
    const { pathname } = new URL(request.url);
    const isReading = request.method === 'GET' || request.method === 'HEAD';
    if (pathname === ACT) return this.#guarded(visit, (visitor) => this.#act(visit, visitor));
    if (!isReading) return undefined;
    if (pathname === EVENTS && request.method === 'GET')
      return this.#guarded(visit, (visitor) => this.#events(visit, visitor));
    if (pathname === READ) return this.#guarded(visit, (visitor) => this.#read(visit, visitor));
    if (pathname.startsWith('/console/')) {
      const { assets } = await this.#parts();
      return assets.answer(request, pathname) ?? refused(request, 404, NOTHING_HERE);
    }
    return isPage(request, pathname) ? this.#page(visit) : undefined;
  }

  /** Refuses requests of other sites and of unknown callers, and turns what is thrown into an answer. */
  async #guarded(visit: Visit, answer: (visitor: Visitor) => Promise<Response>): Promise<Response> {
    const { request } = visit;
    if (isCrossSite(request)) return refused(request, 403, OTHER_SITE);
    const visitor = await visitorOf(visit, this.#inside);
    if (visitor instanceof Response) return visitor;
    try {
      return await answer(visitor);
    } catch (error) {
      const response = await refused(request, statusOf(error), problemOf(error, this.#log));
      if (error instanceof RateLimited) response.headers.set('Retry-After', String(error.retryAfterSeconds));
      return response;
    }
  }

  async #page(visit: Visit): Promise<Response> {
    const { request } = visit;
    const { assets } = await this.#parts();
    const visitor = isUnknown(visit) ? undefined : await visitorOf(visit, this.#inside);
    if (visitor instanceof Response) return visitor;
    const first = visitor ? await this.#firstData(request, visitor) : { session: NOBODY, topics: {} };
    const html = shell(assets.addresses, first);
    return textAnswer(request, html, { type: 'text/html; charset=utf-8', headers: SAFE_PAGE });
  }

  /** The newest values that another page is looking at, so that this one need not wait for a reading. */
  async #firstData({ url }: Request, visitor: Visitor): Promise<FirstData> {
    const { pathname, search } = new URL(url);
    const { topics: all } = await this.#parts();
    const addresses = ['overview', pathname === '/executions' ? `executions${search}` : 'executions'];
    const topics: Record<string, Message> = {};
    for (const address of addresses) {
      const known = this.#watcher.latest({ scope: this.#scopeOf(visitor), address });
      if (!known) continue;
      const entry = await this.#enter('console/open', all.find(address), visitor);
      if (!entry.isAdmitted) continue;
      topics[address] = entry.finish(shortened(known));
    }
    const about = { inside: this.#inside, topics: all.all, signal: this.#ended.signal };
    return { session: await sessionOf(visitor, about), topics };
  }

  async #events({ request }: Visit, visitor: Visitor): Promise<Response> {
    const { topics } = await this.#parts();
    const addresses = [...new Set(new URL(request.url).searchParams.getAll('topic'))].slice(0, MOST_TOPICS);
    const asked = addresses.map((address) => topics.find(address));
    const release = this.#limits.add(visitor.caller, { subscriptions: 1, addresses: asked.length });
    const entered = await Promise.all(asked.map((one) => this.#enter('console/watch', one, visitor)));
    const stream = eventStream((send) => {
      const ends = asked.map((one, index) => {
        const { address } = one;
        const entry = entered[index];
        if (!entry?.isAdmitted) {
          send(address, { at: Date.now(), error: problemOf(entry?.error, this.#log) });
          return () => {};
        }
        entry.finish({});
        return this.#watcher.follow(this.#watched(one, visitor), (message) => send(address, message));
      });
      return () => {
        for (const end of [...ends, release]) end();
        this.#streams.delete(stream.close);
      };
    });
    this.#streams.add(stream.close);
    return endWithToken(stream.response, visitor.authInfo?.expiresAt);
  }

  async #read({ request }: Visit, visitor: Visitor): Promise<Response> {
    const { topics } = await this.#parts();
    const asked = topics.find(new URL(request.url).searchParams.get('topic') ?? '');
    const entry = await this.#enter('console/read', asked, visitor);
    if (!entry.isAdmitted) throw entry.error;
    try {
      return await jsonAnswer(request, entry.finish(await this.#watcher.read(this.#watched(asked, visitor))));
    } catch (error) {
      entry.fail(error);
      throw error;
    }
  }

  async #act(visit: Visit, visitor: Visitor): Promise<Response> {
    const { request } = visit;
    if (request.method !== 'POST') return refused(request, 405, { code: 'input', message: 'An action is a POST.' });
    if (!isOwnPage(request)) return refused(request, 403, OTHER_SITE);
    const body = await visit.readBody();
    if (body instanceof Response) return body;
    const call = toolCall.safeParse(body.parsedBody);
    if (!call.success) throw new FleetError('input', 'The console sent an action that the fleet cannot read.');
    const { tool, args, asks = false, answer } = call.data;
    const { status, acted } = await act({ tool, args, asks, ...(answer && { answer }) }, visit, visitor);
    this.#watcher.refresh();
    return jsonAnswer(request, acted, status);
  }

  #enter(method: string, { topic, params: asked }: Asked, { connection }: Visitor) {
    const { name, permission, sameAs } = topic;
    const params = { topic: name, ...(isObject(asked) && asked) };
    return this.#inside.enter({ method, params, permission, sameAs }, connection);
  }

  #watched({ address, topic, params }: Asked, visitor: Visitor): Watched {
    const { auditFolder } = this.#inside;
    const context = async () => ({
      ...(await this.#inside.contextOf(visitor.caller, this.#ended.signal)),
      auditFolder,
    });
    return { scope: this.#scopeOf(visitor), address, topic, params, context };
  }

  #scopeOf({ caller }: Visitor): string {
    return this.#inside.readingKey(caller) ?? 'everyone';
  }
}

const NOBODY: Session = { tools: [], topics: [], version };

const OTHER_SITE = {
  code: 'denied',
  message: 'Another site asked for this, so it was refused.',
  remedy: 'Use a page of the console itself.',
};
const NOTHING_HERE = { code: 'not-found', message: 'There is nothing at this address.' };

/** A browser asks for a page. Addresses with a dot, such as `/favicon.ico` and `/.well-known/…`, are no pages. */
function isPage(request: Request, pathname: string): boolean {
  const accepts = request.headers.get('accept') ?? '';
  return !pathname.includes('.') && pathname !== '/mcp' && accepts.includes('text/html');
}

function shortened(message: Message): Message {
  if (!('value' in message) || !Array.isArray(message.value.rows)) return message;
  return { ...message, value: { ...message.value, rows: message.value.rows.slice(0, FIRST_ROWS) } };
}

const STATUS: Readonly<Record<string, number>> = { input: 400, denied: 403, 'not-found': 404, conflict: 409 };

function statusOf(error: unknown): number {
  if (error instanceof RateLimited) return 429;
  return (error instanceof FleetError && STATUS[error.code]) || 502;
}
