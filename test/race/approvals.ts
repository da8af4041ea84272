import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Cleanups } from '../../core/cleanups.ts';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { ensureServer } from '../../core/conductor/ensure-server.ts';
import { loadConfig } from '../../core/config.ts';
import { freePort } from '../support/free-port.ts';
import { connect } from '../support/mcp-clients.ts';
import { startHttpProcess } from '../support/mcp-process.ts';
import { approvalWorkflow, raceOneApproval } from './race-round.ts';

/*
 * Lets several deciders in several processes race for one approval, round after round, on a real Conductor server:
 *
 *   npm run race:approvals -- --rounds 500
 *
 * In every round exactly one decider must win, the others must be told who, and the execution must continue with the winner's answer.
 * The exit code is 1 if a round breaks this.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '500' },
    deciders: { type: 'string', default: '8' },
    processes: { type: 'string', default: '3' },
  },
});
const [rounds, deciders, processes] = [values.rounds, values.deciders, values.processes].map(Number) as [
  number,
  number,
  number,
];
const EVERY = 25;

const cleanups = new Cleanups();
try {
  process.exitCode = (await run()) ? 0 : 1;
} finally {
  await cleanups.run();
}

async function run(): Promise<boolean> {
  const url = await serverUrl();
  const conductor = createConductor(createCaller({ ...loadConfig({ env: {} }).config, conductorServerUrl: url }));
  cleanups.add('close the connection', () => conductor.close());
  const workflow = `race_${process.pid}`;
  await conductor.putWorkflowDef(approvalWorkflow(workflow));
  cleanups.add('remove the definition', () => conductor.deleteWorkflowDef(workflow, 1));
  const clients = await connectAll(url);

  const winnersPerRound = new Map<number, number>();
  const faults: string[] = [];
  const started = performance.now();
  for (let round = 1; round <= rounds; round++) {
    const { winners, faults: found } = await raceOneApproval(conductor, workflow, clients);
    winnersPerRound.set(winners.length, (winnersPerRound.get(winners.length) ?? 0) + 1);
    faults.push(...found.map((fault) => `round ${round}: ${fault}`));
    if (round % EVERY === 0 || round === rounds) report(round, performance.now() - started, winnersPerRound);
  }
  for (const fault of faults) console.log(fault);
  console.log(faults.length === 0 ? 'Every round had exactly one winner.' : `${faults.length} faults.`);
  return faults.length === 0;
}

function report(round: number, ms: number, winners: ReadonlyMap<number, number>): void {
  const counts = [...winners]
    .map(([count, times]) => `${count} winner${count === 1 ? '' : 's'} in ${times}`)
    .join(', ');
  console.log(
    `${round} rounds, ${deciders} deciders in ${processes} processes: ${counts}; ${(round / (ms / 1000)).toFixed(2)} rounds/s`,
  );
}

async function serverUrl(): Promise<string> {
  const { config } = loadConfig();
  if (config.conductorServerUrl) return config.conductorServerUrl;
  const dataDir = mkdtempSync(join(tmpdir(), 'fleet-race-'));
  cleanups.add('remove the data folder', () => rmSync(dataDir, { recursive: true, force: true }));
  const server = await ensureServer({ ...config, dataDir, serverPort: await freePort() }, { note: console.error });
  cleanups.add('stop the server', () => server.stop());
  return server.url;
}

async function connectAll(url: string) {
  const env = { CONDUCTOR_SERVER_URL: url, RATE_LIMIT_RPM: '1000000', MCP_TOOLSETS: 'all' };
  const fronts = await Promise.all(Array.from({ length: processes }, () => startHttpProcess(env)));
  for (const front of fronts) cleanups.add('stop an MCP process', () => front.stop());
  const targets = Array.from({ length: deciders }, (_, number) => fronts[number % fronts.length]);
  const clients = await Promise.all(targets.map((front) => connect('2026-07-28', { url: front?.url ?? '' })));
  for (const client of clients) cleanups.add('close a client', () => client.close());
  return clients;
}
