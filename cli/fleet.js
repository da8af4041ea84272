#!/usr/bin/env node
/**
 * The `fleet` program. It runs the TypeScript sources in a checkout and `dist/` in an installed package, under Node 24: where the
 * calling Node is older it starts the one the package manager can bring, hands signals on to it and returns its exit code.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const NODE_PACKAGE = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const NODE_VERSION = '24.21.0';
/** By then everything that a server loads has been loaded. */
const FLUSH_AFTER_MS = 3000;

const source = new URL('./main.ts', import.meta.url);
const isCheckout = existsSync(source);
const target = isCheckout ? source : new URL('../dist/cli/main.js', import.meta.url);
/** Where the program's own modules are, and what they are. */
const program = new URL('../', target).href;
const ownFormat = isCheckout ? 'module-typescript' : 'module';
const ZOD = '/node_modules/zod/';

if (Number(process.versions.node.split('.')[0]) >= 24) {
  module.enableCompileCache(); // halves the time to the first answer from the second start on
  // Node writes it when a process ends by itself, which a server that its client kills never does.
  setTimeout(() => module.flushCompileCache(), FLUSH_AFTER_MS).unref();
  module.registerHooks({ resolve });
  await import(target.href);
} else {
  // This file again, so that the other Node keeps its compile cache too.
  const child = spawn(node24(), [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`fleet cannot start Node 24: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143);
  });
}

/**
 * Two things that take a quarter of the time until `fleet mcp` answers. zod loads its messages in fifty languages, a file each: English stands
 * in for the list of them; it is the language zod speaks where nobody chooses another, and nothing here does. And Node looks for each
 * file and for what its package says of it, which is known of ours and of zod's.
 */
function resolve(specifier, context, next) {
  const { parentURL = '', conditions } = context;
  const isBeside = specifier.startsWith('.') && conditions.includes('import');
  const format = isBeside ? formatBeside(parentURL, specifier) : undefined;
  if (!format) return next(specifier, context);
  const isList = specifier === '../locales/index.js' && parentURL.includes(ZOD);
  return { url: new URL(isList ? '../locales/en.js' : specifier, parentURL).href, format, shortCircuit: true };
}

/** What a file is that a module of the program, or of zod, imports by its relative path; workers and workflows are left to Node. */
function formatBeside(parentURL, specifier) {
  if (parentURL.includes(ZOD)) return parentURL.endsWith('.js') && specifier.endsWith('.js') ? 'module' : undefined;
  if (!parentURL.startsWith(program) || !/^(cli|core|mcp)\//.test(parentURL.slice(program.length))) return undefined;
  return specifier.endsWith(isCheckout ? '.ts' : '.js') ? ownFormat : undefined;
}

/** Path of a Node 24 binary: the one installed beside us, else fetched once by npm. Never npm itself, which would not pass signals on. */
function node24() {
  try {
    const file = createRequire(import.meta.url).resolve(`${NODE_PACKAGE}/bin/node`);
    if (existsSync(file)) return file;
  } catch {
    // not installed here
  }
  try {
    const args = [
      'exec',
      '--yes',
      '--package',
      `${NODE_PACKAGE}@${NODE_VERSION}`,
      '--',
      'node',
      '-p',
      'process.execPath',
    ];
    return execFileSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
      .trim()
      .split('\n')
      .pop();
  } catch {
    process.stderr.write(`fleet needs Node 24 or newer; this is ${process.version}. Install it from nodejs.org.\n`);
    process.exit(1);
  }
}
