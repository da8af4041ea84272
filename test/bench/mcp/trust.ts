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
import { round } from '../support/statistics.ts';
import { openServer } from '../workers/server/open.ts';
import type { Verdict } from './bounds.ts';
import { type CallRate, type CallTimes, parallel, sequential } from './calls.ts';
import { eras } from './connection.ts';
import { prepare } from './fixture.ts';
import { openHttp } from './http.ts';
import { operationsOn } from './operations.ts';
import { fleetProgram, logFolder, type Where } from './programs.ts';
import { rawConductor } from './raw.ts';
import { verdictTable } from './tables.ts';
import { toolWay, type Way } from './ways.ts';

const MOST_MS = 1;
const LEAST_RATE = 0.9;
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
    calls: { value: 'n', default: '200', help: 'calls of each kind, one after the other' },
    'warm-up': { value: 'n', default: '40', help: 'unmeasured calls of each kind before the measured ones' },
    burst: { value: 'n', default: '300', help: 'calls of one burst' },
    'in-flight': { value: 'n', default: '16', help: 'calls at once in a burst' },
    rounds: { value: 'n', default: '5', help: 'bursts of each kind' },
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
  const operations = operationsOn(raw, await prepare(raw, cleanups));
  const ways = await guardedWays({ url, logFile }, scene);
  note('calls …');
  const amount = { calls: flags.number('calls'), warmUp: flags.number('warm-up'), signal };
  const times = await sequential(ways, operations, amount);
  note('calls at once …');
  const burst = { calls: flags.number('burst'), inFlight: flags.number('in-flight'), rounds: flags.number('rounds') };
  const rates = await parallel(ways, operations, { ...burst, signal });
  report(times, rates);
});

/** The same server in three forms, each over HTTP in both eras. */
async function guardedWays(where: Where, { cleanups }: Scene): Promise<Way[]> {
  const issuer = await startAuthorizationServer({ clients: { [CLIENT]: {} }, scopes: SCOPES });
  cleanups.add('end the authorization server', () => issuer.stop());
  const resource = `http://127.0.0.1:${await freePort()}/mcp`; // only a name: the token must carry it
  const token = await issuer.token({ client: CLIENT, resource, scope: SCOPES.join(' ') });
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

function report(times: readonly CallTimes[], rates: readonly CallRate[]): void {
  const openOf = <T extends { operation: string; way: string }>(all: readonly T[], { operation, way }: T) =>
    all.find((one) => one.operation === operation && one.way === `open ${way.split(' ').at(-1)}`);
  const timed = times.map((one) => ({ ...one, over: one.ms.p50 - (openOf(times, one)?.ms.p50 ?? Number.NaN) }));
  const rated = rates.map((one) => ({
    ...one,
    ratio: one.callsPerSecond / (openOf(rates, one)?.callsPerSecond ?? Number.NaN),
  }));
  const callTable: Table = {
    title: 'Milliseconds per call over HTTP, one call at a time',
    head: ['call', 'server', 'median', 'p95', 'over open, ms'],
    rows: timed.map(({ operation, way, ms, over }) => [operation, way, round(ms.p50), round(ms.p95), round(over, 2)]),
  };
  const rateTable: Table = {
    title: `Calls per second, ${rates[0]?.inFlight ?? 0} in flight`,
    head: ['call', 'server', 'calls/s', 'to open', 'CPU ms a call'],
    rows: rated.map(({ operation, way, callsPerSecond, ratio, cpuMsPerCall }) => [
      operation,
      way,
      round(callsPerSecond),
      round(ratio),
      round(cpuMsPerCall ?? Number.NaN),
    ]),
  };
  const verdicts: Verdict[] = [
    ...timed
      .filter(({ way }) => way.startsWith('OAuth'))
      .map(({ operation, way, over }) => ({
        bound: `${operation}, ${way}: at most ${MOST_MS} ms over open at the median`,
        measured: `${round(over, 2)} ms`,
        isMet: over <= MOST_MS,
      })),
    ...rated
      .filter(({ way }) => way.startsWith('audit'))
      .map(({ operation, way, ratio }) => ({
        bound: `${operation}, ${way}: at least ${LEAST_RATE} × the calls/s of open`,
        measured: String(round(ratio)),
        isMet: ratio >= LEAST_RATE,
      })),
  ];
  const tables = [callTable, rateTable, verdictTable(verdicts)];
  note(tables.map(textTable).join('\n'));
  if (flags.on('markdown')) print(tables.map(markdownTable).join('\n'));
  else printJson({ times: timed, rates: rated, verdicts });
  if (verdicts.some(({ isMet }) => !isMet)) process.exitCode = 1;
}
