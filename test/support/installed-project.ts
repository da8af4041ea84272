import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { makePackage } from '../../cli/bundle/make-package.ts';
import { processEnvironment } from '../../core/config.ts';
import { settingList } from '../../core/settings/settings.ts';
import { followed, type Ran, type Running, root } from './product.ts';

/** A project in an empty folder, with the packed package of this checkout as its dependency. */
export interface InstalledProject {
  /** The empty folder in which everything happened. */
  readonly home: string;
  readonly folder: string;
  /** What `init` printed. */
  readonly init: Ran;
  /** Runs a program in the project. */
  run(program: string, args: readonly string[], env?: Record<string, string>): Promise<Ran>;
  /** Runs `fleet` as installed there. */
  fleet(args: readonly string[], env?: Record<string, string>): Promise<Ran>;
  /** Starts `fleet` as installed there. */
  start(args: readonly string[], env?: Record<string, string>): Running;
  remove(): void;
}

/** Makes a project as a stranger does: `npx conductor-fleet init`, then `npm install` of the packed package. Settings of the person who runs the tests have no effect there. */
export async function installProject(name: string): Promise<InstalledProject> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'fleet-stranger-')));
  const built = join(home, '.package');
  makePackage(built);
  await must(run(home, 'npm', ['pack', built, '--pack-destination', home]));
  rmSync(built, { recursive: true });
  const archive = join(home, 'conductor-fleet-0.1.0.tgz');
  const init = await run(home, 'npm', ['exec', '--yes', `--package=${archive}`, '--', 'conductor-fleet', 'init', name]);
  const folder = join(home, name);
  await must(Promise.resolve(init));
  await must(run(folder, 'npm', ['install', archive]));
  return projectIn(home, folder, init);
}

/** Makes a project with `fleet init` of this checkout, and installs nothing. */
export async function initProject(name: string): Promise<InstalledProject> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'fleet-reader-')));
  const init = await run(home, process.execPath, [join(root, 'cli/fleet.js'), 'init', name]);
  await must(Promise.resolve(init));
  return projectIn(home, join(home, name), init);
}

function projectIn(home: string, folder: string, init: Ran): InstalledProject {
  const program = join(folder, 'node_modules/conductor-fleet/cli/fleet.js');
  return {
    home,
    folder,
    init,
    run: (command, args, env) => run(folder, command, args, env),
    fleet: (args, env) => run(folder, process.execPath, [program, ...args], env),
    start(args, env) {
      const options = {
        cwd: folder,
        env: { ...clean(), ...env },
        stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'],
      };
      return followed(spawn(process.execPath, [program, ...args], options), `fleet ${args.join(' ')}`);
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** Variables of the programs that run the tests. What npm needs to reach its registry stays. */
const OF_THE_TESTS =
  /^(npm_(?!config_(registry|cafile|proxy|https_proxy|userconfig)$)|VITEST|NODE_TEST|NODE_ENV$|INIT_CWD$)/i;
const KEPT = ['JAVA_HOME', 'FLEET_CACHE_DIR'];

/** The environment of a stranger: the Node of the tests, and no settings of fleet. */
function clean(): Record<string, string> {
  const settings = settingList.map(([, { env }]) => env).filter((name) => !KEPT.includes(name));
  const own = Object.entries(processEnvironment()).flatMap(([name, value]) =>
    value === undefined || OF_THE_TESTS.test(name) || settings.includes(name) ? [] : [[name, value] as const],
  );
  const folders = (processEnvironment().PATH ?? '').split(delimiter).filter((path) => !path.includes('node_modules'));
  return { ...Object.fromEntries(own), PATH: [dirname(process.execPath), ...folders].join(delimiter) };
}

function run(cwd: string, program: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { cwd, env: { ...clean(), ...env }, maxBuffer: 64 * 1024 * 1024 };
    execFile(program, [...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, stdout, stderr });
    });
  });
}

async function must(running: Promise<Ran>): Promise<void> {
  const { code, stdout, stderr } = await running;
  if (code !== 0) throw new Error(`ended with code ${code}: ${stdout}${stderr}`);
}
