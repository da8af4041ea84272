import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../core/config.ts';

/**
 * How the server of a fake Java behaves. `answers`: it works. `fails`: it logs a failure and keeps running. `taken`: at its first
 * start it reports that its port is taken. `mute`: it never answers. `ends`: it ends at once.
 */
export type Boot = 'answers' | 'fails' | 'taken' | 'mute' | 'ends';

/**
 * Writes a boot jar and a Node script in place of `java`, so that tests need no Java. The script prints a version, unpacks the jar,
 * or runs a server that answers like Conductor during its start and end. Returns the settings that name script and jar.
 */
export function fakeJava(folder: string, boot: Boot = 'answers'): Partial<Config> {
  mkdirSync(folder, { recursive: true });
  const jar = join(folder, 'boot.jar');
  writeFileSync(jar, 'a boot jar');
  const java = join(folder, 'java');
  writeFileSync(java, `#!${process.execPath}\n(${program.toString()})(${JSON.stringify({ boot, folder })});\n`);
  chmodSync(java, 0o755);
  const conductorJarSha256 = createHash('sha256').update('a boot jar').digest('hex');
  return { conductorJava: java, conductorJar: jar, conductorJarSha256, cacheDir: join(folder, 'cache') };
}

/** Runs as a separate program from its own source text, so it cannot use anything outside of itself. */
function program({ boot, folder }: { boot: Boot; folder: string }): void {
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
    '/api/version': '3.32.1',
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
