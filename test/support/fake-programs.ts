import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a program that runs `body` with the argument `given`, under the Node of the tests. */
function program<T>(folder: string, name: string, body: (given: T) => void, given: T): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  writeFileSync(file, `#!${process.execPath}\n(${body.toString()})(${JSON.stringify(given)});\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Settings of the fake `mvn`. `brings` is the content of the jar that it downloads. Without it the download fails. */
interface Maven {
  repository: string;
  pathOfJar: string;
  brings?: string;
}

/** Writes the fake `mvn` into a folder. */
export const fakeMaven = (folder: string, maven: Maven) =>
  program(
    folder,
    'mvn',
    ({ repository, pathOfJar, brings }: Maven) => {
      const fs = process.getBuiltinModule('node:fs');
      console.log(`[DEBUG] Using local repository at ${repository}`);
      if (brings === undefined) {
        console.log('[ERROR] The repository cannot be reached.');
        process.exit(1);
      }
      const jar = `${repository}/${pathOfJar}`;
      fs.mkdirSync(jar.slice(0, jar.lastIndexOf('/')), { recursive: true });
      fs.writeFileSync(jar, brings);
    },
    maven,
  );

/** Settings of the fake `docker`: whether the engine answers, and whether it can start containers. */
interface Docker {
  /** The fake Java that runs the server of a container. */
  java: string;
  /** The folder in which the fake records its calls and containers. */
  folder: string;
  answers?: boolean;
  starts?: boolean;
}

/** Writes the fake `docker` into a folder. Returns a function that lists its calls so far. */
export function fakeDocker(bin: string, docker: Omit<Docker, 'folder'>): () => string[] {
  const folder = join(bin, 'docker-state');
  mkdirSync(folder, { recursive: true });
  program(bin, 'docker', runDocker, { answers: true, starts: true, ...docker, folder });
  const calls = join(folder, 'calls');
  return () => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []);
}

/** The source text of this function becomes a separate program, so it must not use anything outside of it. */
function runDocker({ java, folder, answers, starts }: Docker): void {
  const fs = process.getBuiltinModule('node:fs');
  const { spawn } = process.getBuiltinModule('node:child_process');
  const args = process.argv.slice(2);
  const argument = (name: string) => args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  fs.appendFileSync(`${folder}/calls`, `${args.slice(0, 2).join(' ')}\n`);
  const fail: (why: string) => never = (why) => {
    process.stderr.write(`${why}\n`);
    process.exit(1);
  };
  if (!answers) fail('Cannot connect to the Docker daemon');
  if (args[0] === 'image') fail('No such image');
  if (args[0] === 'run') {
    if (!starts) fail('no space left on device');
    const [, port = ''] = argument('--publish').split(':');
    const instance = /-Dfleet\.instance=\S+/.exec(argument('--env'))?.[0] ?? '';
    const server = [instance, '-jar', 'in-container.jar', `--server.port=${port}`];
    const child = spawn(java, server, { detached: true, stdio: 'ignore' });
    child.unref();
    fs.writeFileSync(`${folder}/${argument('--name')}`, String(child.pid));
    return;
  }
  const container = `${folder}/${args.at(-1)}`;
  const isThere = fs.existsSync(container);
  if (['version', 'pull', 'ps'].includes(args[0] ?? '')) return;
  if (args[0] === 'logs') console.log('what the container prints');
  else if (!isThere) fail('Error: No such container');
  else if (args[0] === 'container') console.log('true');
  else if (args[0] === 'stop') process.kill(Number(fs.readFileSync(container, 'utf8')), 'SIGTERM');
  else if (args[0] === 'rm') fs.rmSync(container);
}

/** Writes `npm` into a folder. It prints the path of `node`, as if it had fetched that Node, or had it in its cache. Without `node` it fails. */
export const fakeNpm = (folder: string, npm: { node?: string; cached?: boolean }) =>
  program(
    folder,
    'npm',
    ({ node, cached }: { node?: string; cached?: boolean }) => {
      if (node === undefined || (process.argv.includes('--offline') && !cached)) process.exit(1);
      console.log(node);
    },
    npm,
  );
