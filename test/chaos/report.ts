import type { Evidence } from './evidence.ts';
import { finalTasks, type Promised } from './verdict.ts';
import type { Waits } from './waits.ts';

/** The settings of a run. */
export interface RunSettings {
  seed: number;
  minutes: number;
  workers: number;
  perMinute: number;
  shareDataDir: boolean;
}

const MOST_EXAMPLES = 5;

/** The result of the run in numbers, for programs. */
export function summarize(settings: RunSettings, evidence: Evidence, waits: Waits, promises: readonly Promised[]) {
  const { executions, appended, charges, deliveries, injected } = evidence;
  const attempts = executions.flatMap(({ tasks }) => tasks).filter(({ taskType }) => taskType.startsWith('chaos_'));
  const timedOut = new Set(waits.timedOut.map(({ task }) => task.taskId));
  return {
    chaos: settings,
    ok: promises.every(({ broken }) => broken.length === 0),
    broken: Object.fromEntries(
      promises.filter(({ broken }) => broken.length > 0).map(({ name, broken }) => [name, broken.length]),
    ),
    injected: countBy(injected, ({ injection }) => injection.kind),
    workflows: executions.length,
    tasks: executions.flatMap(finalTasks).length,
    attempts: countBy(attempts, ({ status }) => status),
    deliveries: countBy(deliveries, ({ end }) => end),
    /** Number of handlers that ended although the lease of their task ran out before the server had the result. */
    lateResults: deliveries.filter(({ taskId, end }) => end === 'ended' && timedOut.has(taskId)).length,
    appendedTwiceOrMore: [...appended.values()].filter((count) => count > 1).length,
    chargesRequestedAgain: [...charges.values()].filter(({ requests }) => requests > 1).length,
    timedOut: countBy(waits.timedOut, ({ why }) => why),
    ms: {
      queued: quantiles(waits.queued.map(({ ms }) => ms)),
      taken: quantiles(waits.taken.map(({ ms }) => ms)),
      reported: quantiles(waits.reported.map(({ ms }) => ms)),
      handedBack: quantiles(waits.handedBack.map(({ ms }) => ms)),
      standstill: quantiles([...waits.queued, ...waits.taken].map(({ stillMs }) => stillMs)),
      serverNoticedLate: quantiles(waits.noticed.map(({ ms }) => ms)),
      serverSwept: quantiles(waits.swept),
    },
  };
}

/** Describes the result of the run in words, for people. */
export function tell(summary: ReturnType<typeof summarize>, evidence: Evidence, promises: readonly Promised[]): string {
  const { ms } = summary;
  const lines = [
    '',
    'What was injected',
    ...timeline(evidence),
    '',
    'What happened',
    row('workflows', `${summary.workflows}, with ${summary.tasks} tasks`),
    row('attempts', words(summary.attempts)),
    row('deliveries to handlers', words(summary.deliveries)),
    row('leases that ran out', words(summary.timedOut) || 'none'),
    row(
      'results too late',
      `${summary.lateResults} (the handler ended, but the lease ran out first; the server scheduled the task again)`,
    ),
    row(
      'without the helper',
      `${summary.appendedTwiceOrMore} of ${evidence.appended.size} lines were appended more than once`,
    ),
    row(
      'with idempotency key',
      `${summary.chargesRequestedAgain} of ${evidence.charges.size} charges were requested more than once`,
    ),
    row('complaints in the logs', words(Object.fromEntries(evidence.complaints)) || 'none'),
    '',
    'How long it took (ms)             p50     p95     p99     max       n',
    quantileRow('queued until polled', ms.queued),
    quantileRow('polled until the handler began', ms.taken),
    quantileRow('handler ended until completed', ms.reported),
    quantileRow('handed back until taken again', ms.handedBack),
    quantileRow('waited while queue stood still', ms.standstill),
    "The server's share",
    quantileRow('lease over until noticed', ms.serverNoticedLate),
    quantileRow('queued during a server kill', ms.serverSwept),
    '',
    'What was promised',
    ...promises.flatMap(({ name, broken, of }) => [
      `  ${broken.length === 0 ? 'kept  ' : 'BROKEN'} ${name} (${broken.length === 0 ? of : `${broken.length} of ${of}`})`,
      ...broken.slice(0, MOST_EXAMPLES).map((what) => `           ${what}`),
    ]),
    '',
  ];
  return lines.join('\n');
}

function timeline({ injected, lives }: Evidence): string[] {
  const start = Math.min(...lives.map(({ startedAt }) => startedAt));
  return injected.map(({ injection, from, to, what }) => {
    const { kind } = injection;
    const whom =
      'worker' in injection ? (injection.worker === 'all' ? 'all workers' : `worker ${injection.worker}`) : '';
    const at = `${((from - start) / 1000).toFixed(1)} s`.padStart(9);
    return `${at}  ${kind.padEnd(12)} ${whom.padEnd(12)} ${((to - from) / 1000).toFixed(1).padStart(5)} s  ${what}`;
  });
}

interface Quantiles {
  p50: number;
  p95: number;
  p99: number;
  max: number;
  n: number;
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = [...values].map(Math.round).sort((a, b) => a - b);
  const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) ?? 0, n: sorted.length };
}

function quantileRow(name: string, { p50, p95, p99, max, n }: Quantiles): string {
  return `  ${name.padEnd(30)} ${[p50, p95, p99, max, n].map((value) => String(value).padStart(6)).join('  ')}`;
}

function row(name: string, value: string): string {
  return `  ${name.padEnd(24)} ${value}`;
}

function words(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
}

function countBy<T>(items: readonly T[], of: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[of(item)] = (counts[of(item)] ?? 0) + 1;
  return counts;
}
