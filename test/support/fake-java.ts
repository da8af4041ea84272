import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { release } from '../../core/conductor/embedded/install/release.ts';
import type { Config } from '../../core/config.ts';

/**
 * How the fake server behaves. `answers`: it works. `fails`: it logs a failure, but its process stays. `taken`: at its
 * first start it logs that its port is taken. `disk-full`: it logs that its database cannot grow, and never answers. `mute`: it never answers. `ends`: its process ends at once.
 */
export type Boot = 'answers' | 'fails' | 'taken' | 'mute' | 'ends' | 'disk-full';

/**
 * Writes a fake boot jar and a Node script that replaces `java`. The script prints a version, unpacks the jar, or runs a
 * fake server that answers as Conductor of this version does during a start and a stop. Returns the settings for the script and the jar.
 */
export function fakeJava(folder: string, boot: Boot = 'answers', version: string = release.version): Partial<Config> {
  mkdirSync(folder, { recursive: true });
  const jar = join(folder, 'boot.jar');
  writeFileSync(jar, 'a boot jar');
  const java = join(folder, 'java');
  const given = JSON.stringify({ boot, folder, version });
  writeFileSync(java, `#!${process.execPath}\n(${program.toString()})(${given});\n`);
  chmodSync(java, 0o755);
  const conductorJarSha256 = createHash('sha256').update('a boot jar').digest('hex');
  return { conductorJava: java, conductorJar: jar, conductorJarSha256, cacheDir: join(folder, 'cache') };
}

/** The source text of this function becomes a separate program, so it must not use anything outside of it. */
function program({ boot, folder, version }: { boot: Boot; folder: string; version: string }): void {
  const fs = process.getBuiltinModule('node:fs');
  const http = process.getBuiltinModule('node:http');
  const args = process.argv.slice(2);
  const argument = (name: string) => args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  if (args.includes('-version')) return void process.stderr.write('openjdk version "25.0.3" 2026-04-21\n');
  if (args.includes('extract')) {
    const [target = '', jar = ''] = [args.at(-1), args[args.indexOf('-jar') + 1]];
    fs.mkdirSync(`${target}/lib`, { recursive: true });
    fs.writeFileSync(`${target}/lib/part.jar`, 'a part');
    fs.copyFileSync(jar, `${target}/${jar.split('/').at(-1)}`);
    return;
  }
  process.on('SIGTERM', () => process.exit(143));
  const seen = `${folder}/started`;
  const isFirst = !fs.existsSync(seen);
  fs.appendFileSync(seen, `${args[args.indexOf('-jar') + 1]}\n`);
  console.log('the server begins');
  if (boot === 'ends') {
    console.log('Error: the heap is too small');
    process.exit(1);
  }
  if (boot === 'disk-full') {
    console.log('org.sqlite.SQLiteException: [SQLITE_FULL] Insertion failed because database is full');
    setInterval(() => {}, 1000);
    return;
  }
  if (boot === 'fails' || (boot === 'taken' && isFirst)) {
    const port = argument('--server.port');
    const why = boot === 'fails' ? 'The database is locked.' : `Port ${port} was already in use.`;
    console.log(`APPLICATION FAILED TO START\n${why}`);
    setInterval(() => {}, 1000);
    return;
  }
  const join = {
    taskId: 'join-1',
    taskType: 'JOIN',
    referenceTaskName: 'join',
    workflowInstanceId: 'exec-1',
    status: 'IN_PROGRESS',
  };
  const answers: Record<string, unknown> = {
    '/health': { healthy: true },
    '/api/version': version,
    '/api/admin/config': { 'fleet.instance': argument('-Dfleet.instance') },
    '/api/workflow/search': {
      totalHits: 1,
      results: [{ workflowType: 'w', workflowId: 'exec-1', status: 'RUNNING' }],
    },
    '/api/workflow/exec-1': { workflowId: 'exec-1', workflowName: 'w', status: 'RUNNING', tasks: [join] },
    '/api/tasks': 'join-1',
  };
  const server = http.createServer(({ url = '', method }, response) => {
    if (boot === 'mute') return;
    const path = url.split('?')[0] ?? '';
    if (method !== 'GET') console.log(`${method} ${path}`);
    const body = answers[path];
    response.setHeader('Content-Type', typeof body === 'string' ? 'text/plain' : 'application/json');
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  server.listen(Number(argument('--server.port')), '127.0.0.1');
}
