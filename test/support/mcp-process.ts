import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { processEnvironment } from '../../core/config.ts';
import { freePort } from './free-port.ts';
import type { Target } from './mcp-clients.ts';

const main = fileURLToPath(new URL('../../cli/fleet.js', import.meta.url));
/** Keeps the audit logs of tests out of the checkout. */
const auditDir = mkdtempSync(join(tmpdir(), 'fleet-audit-'));
const fixture = fileURLToPath(new URL('../conformance/serve-fixture.ts', import.meta.url));

/** Returns the command for `fleet mcp` over stdio, which a client can start. */
export function stdioTarget(env: Record<string, string>): Extract<Target, { command: string }> {
  return { command: process.execPath, args: [main, 'mcp'], env: { ...base(), ...env } };
}

export interface HttpProcess {
  readonly url: string;
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  stdout: string;
  stderr: string;
  /** Sends SIGTERM and returns the exit code. */
  stop(): Promise<number | null>;
}

/** Starts `fleet mcp --transport http` on MCP_PORT or a free port, and waits until it listens. */
export function startHttpProcess(env: Record<string, string>, flags: string[] = []): Promise<HttpProcess> {
  return startListening([main, 'mcp', '--transport', 'http', ...flags], env);
}

/** Starts the fixture of the conformance suite on a free port, and waits until it listens. */
export function startFixtureProcess(env: Record<string, string> = {}): Promise<HttpProcess> {
  return startListening([fixture], env);
}

async function startListening(args: string[], env: Record<string, string>): Promise<HttpProcess> {
  const port = Number(env.MCP_PORT ?? (await freePort()));
  const child = spawn(process.execPath, args, {
    env: { ...base(), ...env, MCP_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const running: HttpProcess = {
    url: `http://127.0.0.1:${port}/mcp`,
    child,
    stdout: '',
    stderr: '',
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
  };
  child.stdout.on('data', (chunk) => (running.stdout += chunk));
  const listening = new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk) => {
      running.stderr += chunk;
      if (running.stderr.includes('MCP at')) resolve();
    });
  });
  await Promise.race([
    listening,
    exited.then((code) =>
      Promise.reject(
        new Error(`The MCP process exited with ${code} before it listened. It printed: ${running.stderr}`),
      ),
    ),
  ]);
  return running;
}

/** Returns an environment without the settings of the person who runs the tests. */
function base(): Record<string, string> {
  const { PATH = '', HOME = '' } = processEnvironment();
  return { PATH, HOME, LOG_LEVEL: 'warn', MCP_AUDIT_DIR: auditDir };
}
