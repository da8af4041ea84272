import { Random } from './random.ts';

/** The faults that the network between a worker and the server can have. */
export const networkFaults = ['cut', 'black-hole', 'reset', 'delay', 'truncate', 'forget'] as const;
export type NetworkFault = (typeof networkFaults)[number];

export type Injection = { readonly atMs: number } & (
  | { readonly kind: 'kill-worker' | 'stop-worker'; readonly worker: number; readonly downMs: number }
  | { readonly kind: 'kill-server'; readonly downMs: number }
  | { readonly kind: NetworkFault; readonly worker: number | 'all'; readonly forMs: number }
);

export interface ScheduleOptions {
  seed: number;
  minutes: number;
  workers: number;
}

/** The kinds of injections. The schedule shuffles them and uses each entry once, then starts over. One pass takes about a minute. */
const DECK = ['kill-worker', 'kill-worker', 'kill-worker', 'stop-worker', 'kill-server', ...networkFaults] as const;

const FIRST_AT_MS = 4_000;
/** The last injection happens at least this long before the end, so that work arrives after it. */
const QUIET_END_MS = 5_000;

/** Plans the injections and their times. The same options give the same schedule. */
export function planSchedule({ seed, minutes, workers }: ScheduleOptions): Injection[] {
  const random = new Random(seed);
  const schedule: Injection[] = [];
  let deck: (typeof DECK)[number][] = [];
  const endMs = minutes * 60_000 - QUIET_END_MS;
  for (let atMs = FIRST_AT_MS; atMs < endMs; atMs += random.between(3_000, 9_000)) {
    if (deck.length === 0) deck = random.shuffled(DECK);
    const kind = deck.pop();
    const worker = random.between(0, workers - 1);
    switch (kind) {
      case undefined:
        break;
      case 'kill-worker':
      case 'stop-worker':
        schedule.push({ atMs, kind, worker, downMs: random.between(0, 3_000) });
        break;
      case 'kill-server':
        schedule.push({ atMs, kind, downMs: random.between(0, 5_000) });
        break;
      default:
        schedule.push({ atMs, kind, worker: random.chance(0.5) ? 'all' : worker, forMs: random.between(2_000, 9_000) });
    }
  }
  return schedule;
}

/** An injection in words. */
export function describe(injection: Injection): string {
  switch (injection.kind) {
    case 'kill-worker':
      return `kill -9 worker ${injection.worker}, start it again after ${injection.downMs} ms`;
    case 'stop-worker':
      return `SIGTERM worker ${injection.worker}, start it again ${injection.downMs} ms after its end`;
    case 'kill-server':
      return `kill -9 server, start it again after ${injection.downMs} ms`;
    default: {
      const whose = injection.worker === 'all' ? 'every worker' : `worker ${injection.worker}`;
      return `${injection.kind} the network of ${whose} for ${injection.forMs} ms`;
    }
  }
}
