import { z } from 'zod';
import { type Call, type Endpoint, endpoint, Problem } from './endpoint.ts';

const faultOrder = z
  .strictObject({
    /** The fault reaches this path and every path below it. */
    path: z.string().startsWith('/', 'must start with /'),
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).optional(),
    orderId: z.string().min(1).optional(),
    /** The fault reaches only requests whose query, path or body has these values, e.g. `{"city": "Oslo"}`. */
    fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    times: z.int().min(1).optional(),
    status: z.int().min(200).max(599).optional(),
    delayMs: z.int().min(0).max(600_000).optional(),
    body: z.unknown().optional(),
    drop: z.boolean().optional(),
  })
  .refine(({ status, delayMs, drop }) => status !== undefined || delayMs !== undefined || drop === true, {
    message: 'a fault needs a status, a delayMs or "drop": true',
  })
  .refine(({ status, drop }) => status === undefined || drop !== true, {
    message: 'a dropped connection has no status',
  });

/** An ordered fault. */
export interface Fault extends z.output<typeof faultOrder> {
  readonly id: string;
  /** How many requests the fault will still meet. Null for no limit. */
  remaining: number | null;
  /** How many requests have met the fault. */
  met: number;
}

/** The ordered faults. A request meets only the oldest fault that fits. A fault that has met its number of requests no longer counts. */
export class Faults {
  readonly #faults = new Map<string, Fault>();
  #ordered = 0;

  order(order: z.output<typeof faultOrder>): Fault {
    this.#ordered += 1;
    const fault = { ...order, id: `fault-${this.#ordered}`, remaining: order.times ?? null, met: 0 };
    this.#faults.set(fault.id, fault);
    return fault;
  }

  /** False if there is no fault with this id. */
  remove(id: string): boolean {
    return this.#faults.delete(id);
  }

  all(): Fault[] {
    return [...this.#faults.values()];
  }

  /** Returns the fault that this request meets, if any. Counts the request for that fault. */
  meet(call: Call): Fault | undefined {
    const fault = this.all().find((candidate) => candidate.remaining !== 0 && fits(candidate, call));
    if (!fault) return undefined;
    fault.met += 1;
    if (fault.remaining !== null) fault.remaining -= 1;
    return fault;
  }
}

function fits(fault: Fault, call: Call): boolean {
  return (
    covers(fault.path, call.path) &&
    (fault.method === undefined || fault.method === call.method) &&
    (fault.orderId === undefined || fault.orderId === call.orderId) &&
    holds(call.fields, fault.fields ?? {})
  );
}

function holds(fields: unknown, wanted: Readonly<Record<string, unknown>>): boolean {
  if (typeof fields !== 'object' || fields === null) return Object.keys(wanted).length === 0;
  const given = new Map<string, unknown>(Object.entries(fields));
  return Object.entries(wanted).every(([name, value]) => given.get(name) === value);
}

/** True if `path` is `prefix` or lies below it. */
function covers(prefix: string, path: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}

/** True if a fault at `path` can affect the endpoint: its path is `path` or lies below it, and its kind obeys faults. */
function canMeetFaultAt(path: string, { kind, path: own }: Endpoint): boolean {
  const parts = own.split('/');
  return (
    kind !== 'control' &&
    path
      .replace(/\/$/, '')
      .split('/')
      .every((part, index) => parts[index] === part || parts[index]?.startsWith(':'))
  );
}

/**
 * The endpoints that order faults.
 * @param all every endpoint of the shop
 */
export function faultEndpoints(faults: Faults, all: () => readonly Endpoint[]): Endpoint[] {
  return [
    endpoint({
      method: 'POST',
      path: '/faults',
      summary: 'order a fault: {path, method?, orderId?, fields?, times?, status?, delayMs?, body?, drop?}',
      kind: 'control',
      input: faultOrder,
      handle(order) {
        if (!all().some((one) => canMeetFaultAt(order.path, one))) {
          const message = `No endpoint at or below "${order.path}" can meet a fault. GET / lists the endpoints.`;
          throw new Problem(400, 'bad-request', message);
        }
        return { status: 201, body: faults.order(order) };
      },
    }),
    endpoint({
      method: 'GET',
      path: '/faults',
      summary: 'the ordered faults',
      kind: 'control',
      input: z.object({}),
      handle: () => ({ status: 200, body: { faults: faults.all() } }),
    }),
    endpoint({
      method: 'DELETE',
      path: '/faults/:id',
      summary: 'remove a fault',
      kind: 'control',
      input: z.object({ id: z.string() }),
      handle({ id }) {
        if (!faults.remove(id)) throw new Problem(404, 'not-found', `There is no fault ${id}.`);
        return { status: 200, body: { id, removed: true } };
      },
    }),
  ];
}
