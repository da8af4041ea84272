/**
 * Measures what authentication, admission and audit cost: our MCP server over HTTP with OAuth and audit, with the audit alone, and without
 * both, in turns. BENCHMARKS.md describes the method.
 */
import { join } from 'node:path';
import { startAuthorizationServer } from '../../support/authorization-server.ts';
import { freePort } from '../../support/free-port.ts';
import { readFlags } from '../support/flags.ts';
import { markdownTable, note, print, printJson, type Table, textTable } from '../support/output.ts';
import { runBench, type Scene } from '../support/run.ts';
import { median, percentiles, round } from '../support/statistics.ts';
import { openServer } from '../workers/server/open.ts';
import type { Verdict } from './bounds.ts';
import { eras } from './connection.ts';
import { prepare } from './fixture.ts';
import { openHttp } from './http.ts';
import { operationsOn } from './operations.ts';
import { fleetProgram, logFolder, type Where } from './programs.ts';
import { rawConductor } from './raw.ts';
import { startReplay } from './replay.ts';
import { verdictTable } from './tables.ts';
import { burstsInTurns, callsInTurns, compare, type Estimate, type Turns } from './turns.ts';
import { toolWay, type Way } from './ways.ts';

const MOST_MS = 1;
const LEAST_RATE = 0.9;
/** The longest lifetime that the server accepts. */
const TOKEN_SECONDS = 3600;
/** The client's name on the authorization server, and the scopes of an admin. */
const CLIENT = 'bench';
const SCOPES = [
  'conductor:workflows:read',
  'conductor:workflows:execute',
  'conductor:executions:read',
  'conductor:tasks:read',
];

const flags = readFlags(
  'What authentication, admission and audit cost over HTTP, on the Conductor of CONDUCTOR_SERVER_URL or an embedded one.',
  {
    calls: { value: 'n', default: '200', help: 'calls of each kind, one after the other; 0 leaves them out' },
    'warm-up': { value: 'n', default: '40', help: 'unmeasured calls of each kind before the measured ones' },
    burst: { value: 'n', default: '100', help: 'calls of one burst' },
    'in-flight': { value: 'n', default: '16', help: 'calls at once in a burst' },
    rounds: { value: 'n', default: '40', help: 'bursts of each kind; 0 leaves them out' },
    replay: { help: 'answer from memory what Conductor answered once, so that only our own time counts' },
    markdown: { help: 'print the results as Markdown in place of the JSON line' },
  },
);

await runBench(async (scene) => {
  const { cleanups, signal } = scene;
  const { logFile, remove } = logFolder();
  cleanups.add('remove the folder of logs', async () => remove());
  const { url } = await openServer(cleanups, signal);
  const raw = rawConductor(url);
  cleanups.add('close the connections', () => raw.close());
  note('definitions and executions …');
  const all = operationsOn(raw, await prepare(raw, cleanups));
  const isReplay = flags.on('replay');
  const ways = await guardedWays({ url: isReplay ? await startReplay(url, cleanups) : url, logFile }, scene);
  // From memory, every start has the same execution, which needs no end.
  const operations = isReplay ? all.map(({ end: _, ...operation }) => operation) : all;
  note('calls …');
  const amount = { calls: flags.number('calls'), warmUp: flags.number('warm-up'), signal };
  const times = amount.calls === 0 ? [] : await callsInTurns(ways, operations, amount);
  note('calls at once …');
  const burst = { calls: flags.number('burst'), inFlight: flags.number('in-flight'), rounds: flags.number('rounds') };
  const rates = burst.rounds === 0 ? [] : await burstsInTurns(ways, operations, { ...burst, signal });
  report(times, rates);
});

/** The same server in three forms, each over HTTP in both eras. */
async function guardedWays(where: Where, { cleanups }: Scene): Promise<Way[]> {
  const issuer = await startAuthorizationServer({ clients: { [CLIENT]: {} }, scopes: SCOPES });
  cleanups.add('end the authorization server', () => issuer.stop());
  const resource = `http://127.0.0.1:${await freePort()}/mcp`; // only a name: the token must carry it
  // A token of the authorization server itself would end after ten minutes, which is too short on a busy machine.
  const exp = Math.floor(Date.now() / 1000) + TOKEN_SECONDS;
  const token = await issuer.forge(resource, { claims: { sub: CLIENT, scope: SCOPES.join(' '), exp } });
  const audit = { MCP_AUDIT: 'true', MCP_AUDIT_DIR: join(where.logFile, '..', 'audit') };
  const oauth = { MCP_OAUTH_ISSUER: issuer.issuer, MCP_RESOURCE: resource };
  const forms = [
    { name: 'open', env: { MCP_AUDIT: 'false' }, headers: {} },
    { name: 'audit', env: audit, headers: {} },
    { name: 'OAuth and audit', env: { ...audit, ...oauth }, headers: { authorization: `Bearer ${token}` } },
  ];
  const ways: Way[] = [];
  for (const { name, env, headers } of forms) {
    const server = await openHttp(fleetProgram(where, { args: ['--toolsets', 'all'], env }));
    cleanups.add(`end the server: ${name}`, () => server.close());
    for (const era of eras) ways.push(await toolWay(`${name} ${era}`, 'fleet', server.connect(era, headers)));
  }
  return ways;
}

function report(times: readonly Turns[], rates: readonly Turns[]): void {
  const timed = comparedToOpen(times, (ms, open) => ms - open);
  const rated = comparedToOpen(rates, (rate, open) => rate / open);
  const callTable: Table = {
    title: 'Milliseconds per call over HTTP, one call at a time',
    head: ['call', 'server', 'median', 'p95', 'over open, ms', '95 %'],
    rows: timed.map(({ operation, way, values, toOpen }) => {
      const { p50, p95 } = percentiles(values);
      return [operation, way, round(p50), round(p95), round(toOpen.median, 2), rangeOf(toOpen)];
    }),
  };
  const rateTable: Table = {
    title: `Calls per second, ${flags.number('in-flight')} in flight`,
    head: ['call', 'server', 'calls/s', 'to open', '95 %', 'CPU ms a call'],
    rows: rated.map(({ operation, way, values, toOpen, cpuMs }) => [
      operation,
      way,
      round(median(values)),
      round(toOpen.median),
      rangeOf(toOpen),
      round(median(cpuMs)),
    ]),
  };
  const verdicts = verdictsOn(timed, rated);
  const tables = [callTable, rateTable, verdictTable(verdicts)];
  note(tables.map(textTable).join('\n'));
  if (flags.on('markdown')) print(tables.map(markdownTable).join('\n'));
  else
    printJson({
      times: timed.map(({ values, cpuMs: _, ...one }) => ({ ...one, ms: percentiles(values) })),
      rates: rated.map(({ values, cpuMs, ...one }) => ({
        ...one,
        callsPerSecond: median(values),
        cpuMs: median(cpuMs),
      })),
      verdicts,
    });
  if (verdicts.some(({ isMet }) => !isMet)) process.exitCode = 1;
}

interface Compared extends Turns {
  readonly toOpen: Estimate;
}

/** Each form of the server, and how it compares with the open one in the same era. */
function comparedToOpen(all: readonly Turns[], by: (value: number, open: number) => number): Compared[] {
  return all.flatMap((one) => {
    const open = all.find(
      ({ operation, way }) => operation === one.operation && way === `open ${one.way.split(' ').at(-1)}`,
    );
    return open ? [{ ...one, toOpen: compare(one, open, by) }] : [];
  });
}

function verdictsOn(timed: readonly Compared[], rated: readonly Compared[]): Verdict[] {
  return [
    ...timed
      .filter(({ way }) => way.startsWith('OAuth'))
      .map(({ operation, way, toOpen }) => ({
        bound: `${operation}, ${way}: at most ${MOST_MS} ms over open at the median`,
        measured: `${round(toOpen.median, 2)} ms (${rangeOf(toOpen)})`,
        isMet: toOpen.median <= MOST_MS,
      })),
    ...rated
      .filter(({ way }) => way.startsWith('audit'))
      .map(({ operation, way, toOpen }) => ({
        bound: `${operation}, ${way}: at least ${LEAST_RATE} × the calls/s of open`,
        measured: `${round(toOpen.median)} (${rangeOf(toOpen)})`,
        isMet: toOpen.median >= LEAST_RATE,
      })),
  ];
}

function rangeOf({ low, high }: Estimate): string {
  return `${round(low, 2)} to ${round(high, 2)}`;
}
