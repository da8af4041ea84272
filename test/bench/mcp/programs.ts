import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processEnvironment } from '../../../core/config.ts';
import { note } from '../support/output.ts';
import type { Program } from './stdio.ts';

/** Name of the official server in every table. Its package has the same name. */
export const PEER_NAME = 'conductor-mcp';
export const PEER = `${PEER_NAME}==0.1.9`;

const thisCheckout = fileURLToPath(new URL('../../..', import.meta.url));
const { PATH = '', HOME = '', CONDUCTOR_MCP_PYTHON } = processEnvironment();

export interface Where {
  /** Address of the Conductor API. */
  url: string;
  logFile: string;
}

/** `fleet mcp` of this or another checkout, under the Node of this bench or another one. */
export function fleetProgram(
  { url, logFile }: Where,
  more: { args?: string[]; node?: string; env?: object; checkout?: string | undefined } = {},
): Program {
  const { args = [], node = process.execPath, env, checkout = thisCheckout } = more;
  return {
    command: node,
    args: [join(checkout, 'cli/fleet.js'), 'mcp', ...args],
    // The highest rate limit that the setting allows. No bench reaches it.
    env: { PATH, HOME, CONDUCTOR_SERVER_URL: url, RATE_LIMIT_RPM: '1000000', LOG_LEVEL: 'warn', ...env },
    logFile,
    channel: false,
  };
}

export function peerProgram({ url, logFile }: Where, python: string): Program {
  const env = { PATH, HOME, CONDUCTOR_SERVER_URL: url, CONDUCTOR_AUTH_KEY: 'none', CONDUCTOR_AUTH_SECRET: 'none' };
  const args = ['-c', 'from conductor_mcp.server import run; run()'];
  return { command: python, args, env, logFile, channel: false };
}

/** Returns a Python that can import the official server. If there is none, tells the user how to install it and returns undefined. */
export function findPeer(given: string | undefined = CONDUCTOR_MCP_PYTHON): string | undefined {
  const remedy = `python3.13 -m venv peer && peer/bin/pip install ${PEER}, then CONDUCTOR_MCP_PYTHON=peer/bin/python`;
  if (given === undefined) {
    note(`${PEER_NAME} and the bounds relative to it are skipped: no Python is given. To measure them: ${remedy}`);
    return undefined;
  }
  try {
    execFileSync(given, ['-c', 'import conductor_mcp.server'], { stdio: 'ignore' });
    return given;
  } catch {
    note(`${PEER_NAME} is skipped, because ${given} cannot import it. Install it: ${remedy}`);
    return undefined;
  }
}

/** Returns a Node older than 24, so that `fleet` has to launch a newer Node. By default it is the first old one on the PATH. */
export function findOldNode(given: string | undefined): string | undefined {
  const candidates = given ? [given] : PATH.split(delimiter).map((folder) => join(folder, 'node'));
  const found = candidates.find((file) => existsSync(file) && majorVersion(file) < 24);
  if (found === undefined)
    note('the launcher is skipped: no Node older than 24 is on the PATH. Name one with --old-node.');
  return found;
}

function majorVersion(node: string): number {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' });
  return Number(/^v(\d+)/.exec(version)?.[1] ?? Number.POSITIVE_INFINITY);
}

/** A log file for the servers' stderr, in a new folder. */
export function logFolder(): { logFile: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-bench-mcp-'));
  return { logFile: join(folder, 'servers.log'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
