import { z } from 'zod';
import { type Endpoint, endpoint } from './endpoint.ts';

const entryKinds = [
  'reserved',
  'charged',
  'declined',
  'shipped',
  'refunded',
  'released',
  'notified',
  'cleaned',
] as const;

export type EntryKind = (typeof entryKinds)[number];

/** One event in the shop. A repeated request for the same event does not make a second entry. */
export interface Entry {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly kind: EntryKind;
  /** Id of the order. A clean-up has the id from its path. A notification without an order has its workflow id or its own id. */
  readonly orderId: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** Number of requests for this event. Only the first request had an effect. */
  requests: number;
}

/** A request as it arrived. */
export interface RequestRecord {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  orderId: string | null;
  idempotencyKey: string | null;
  /** Null until the request is answered. Stays null if the connection was dropped. */
  status: number | null;
}

const KEPT_REQUESTS = 50_000;

/** The events of the shop and the requests that arrived. They are lost when the process ends. */
export class Books {
  readonly #entries: Entry[] = [];
  readonly #requests: RequestRecord[] = [];

  record(kind: EntryKind, orderId: string, details: Entry['details'] = {}): Entry {
    const entry = { at: Date.now(), kind, orderId, details, requests: 1 };
    this.#entries.push(entry);
    return entry;
  }

  /** The matching entries, in the order of their events. */
  entries(wanted: { orderId?: string | undefined; kind?: EntryKind | undefined } = {}): Entry[] {
    return this.#entries.filter(
      ({ orderId, kind }) => orderId === (wanted.orderId ?? orderId) && kind === (wanted.kind ?? kind),
    );
  }

  arrived({ method, path, query }: Pick<RequestRecord, 'method' | 'path' | 'query'>): RequestRecord {
    const record = { at: Date.now(), method, path, query, orderId: null, idempotencyKey: null, status: null };
    this.#requests.push(record);
    if (this.#requests.length > KEPT_REQUESTS) this.#requests.shift();
    return record;
  }

  /** The matching requests in the order of arrival. Beyond 50,000 requests, the books drop the oldest. */
  requests(wanted: { path: string; method?: string | undefined; orderId?: string | undefined }): RequestRecord[] {
    return this.#requests.filter(
      (request) =>
        request.path === wanted.path &&
        request.method === (wanted.method ?? request.method) &&
        request.orderId === (wanted.orderId ?? request.orderId),
    );
  }
}

/** The endpoints that show the books. */
export function booksEndpoints(books: Books): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/books',
      summary: 'what happened in the shop: ?orderId=…&kind=…',
      kind: 'control',
      input: z.object({ orderId: z.string().optional(), kind: z.enum(entryKinds).optional() }),
      handle: (wanted) => ({ status: 200, body: { entries: books.entries(wanted) } }),
    }),
    endpoint({
      method: 'GET',
      path: '/books/requests',
      summary: 'which requests arrived and how they were answered: ?path=/flaky/x&method=…&orderId=…',
      kind: 'control',
      input: z.object({ path: z.string().min(1), method: z.string().optional(), orderId: z.string().optional() }),
      handle: (wanted) => ({ status: 200, body: { requests: books.requests(wanted) } }),
    }),
  ];
}
