#!/usr/bin/env node
/**
 * The `fleet` program. It runs the TypeScript sources in a checkout and `dist/` in an installed package, under Node 24. If the calling
 * Node is older, it starts Node 24 from the installed packages, passes signals on to it and returns its exit code.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const NODE_PACKAGE = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const NODE_VERSION = '24.21.0';
/** Without these, npm tries for more than a minute if it cannot reach its registry. */
const FEW_RETRIES = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000'];
/** How often the launcher looks whether its parent still runs. */
const LOOK_FOR_PARENT_MS = 1000;
/** After this time a server has loaded all of its modules. */
const FLUSH_AFTER_MS = 3000;

const source = new URL('./main.ts', import.meta.url);
const isCheckout = existsSync(source);
const target = isCheckout ? source : new URL('../dist/cli/main.js', import.meta.url);

if (Number.parseInt(process.versions.node, 10) >= 24) {
  module.enableCompileCache(); // from the second start on, this halves the time to the first answer
  // Node writes the cache only when a process ends by itself. A server that its client kills would never write it.
  setTimeout(() => module.flushCompileCache(), FLUSH_AFTER_MS).unref();
  await import(target.href);
} else {
  // Node 24 runs this same file, so it uses the compile cache too.
  const child = spawn(node24(), [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  let isStopping = false;
  const stop = (signal) => {
    isStopping = true;
    child.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal));
  // Under a newer Node, `core/interruption.ts` does the same.
  const parent = process.ppid;
  const look = () => process.ppid !== parent && !isStopping && stop('SIGTERM');
  if (process.env.npm_command !== undefined) setInterval(look, LOOK_FOR_PARENT_MS).unref();
  child.on('error', (error) => {
    process.stderr.write(`fleet cannot start Node 24: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143);
  });
}

/** Path of a Node 24 binary, installed or from npm. npm itself cannot run the program, because npm does not pass signals on. */
function node24() {
  const installed = installedNode();
  if (installed !== undefined) return installed;
  const cached = nodeOfNpm('--offline');
  if (cached !== undefined) return cached;
  process.stderr.write(
    `fleet needs Node 24, and this is ${process.version}. npm gets Node 24 for fleet (189 MB) and keeps it in its cache.\n` +
      'To run anything else under Node 24, such as your tests, install it from nodejs.org.\n',
  );
  const fetched = nodeOfNpm(...FEW_RETRIES);
  if (fetched !== undefined) return fetched;
  process.stderr.write(
    `fleet needs Node 24 or newer, but this is ${process.version}. Install Node 24 from nodejs.org.\n`,
  );
  process.exit(1);
}

function installedNode() {
  try {
    const file = createRequire(import.meta.url).resolve(`${NODE_PACKAGE}/bin/node`);
    return isNewEnough(file) ? file : undefined;
  } catch {
    return undefined; // not installed here
  }
}

/** The Node 24 that npm has in its cache (`--offline`) or fetches. Only a failed download is worth npm's own messages. */
function nodeOfNpm(...flags) {
  const script = ['node', '-p', 'process.execPath'];
  const args = ['exec', '--yes', ...flags, '--package', `${NODE_PACKAGE}@${NODE_VERSION}`, '--', ...script];
  const messages = flags.includes('--offline') ? 'ignore' : 'inherit';
  try {
    const printed = execFileSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', messages] });
    const file = printed.trim().split('\n').pop();
    return isNewEnough(file) ? file : undefined;
  } catch {
    return undefined; // npm is not installed, or cannot reach its registry
  }
}

/** A project may have an older Node among its packages. It would start this file again and again. */
function isNewEnough(node) {
  return Number.parseInt(execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }), 10) >= 24;
}
