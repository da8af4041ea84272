import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DataFolder, dataFolder } from '../../core/conductor/embedded/data-folder.ts';
import { stopServer } from '../../core/conductor/ensure-server.ts';
import { type Config, loadConfig, processEnvironment } from '../../core/config.ts';
import { commandOf } from '../../core/processes.ts';

/** The data folders of a test file, and the processes that it starts. `clean` ends and removes all of them. */
export class TestFolders {
  /** The name contains a space and a non-ASCII letter, as a user's folder may. */
  readonly path = mkdtempSync(join(tmpdir(), 'fleet embédded-'));
  readonly #children: ChildProcess[] = [];
  readonly #configs: Config[] = [];

  /** Returns a configuration with a new data folder, and with this machine's settings for Java and the jar. */
  configFor(name: string, settings: Partial<Config> = {}): Config {
    const env = { ...processEnvironment(), CONDUCTOR_SERVER_URL: undefined, FLEET_DIR: join(this.path, name) };
    const config = { ...loadConfig({ env }).config, ...settings };
    this.#configs.push(config);
    return config;
  }

  /** Adds a process that `clean` kills. */
  add<T extends ChildProcess>(child: T): T {
    this.#children.push(child);
    return child;
  }

  async clean(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const config of this.#configs) await stopServer(config);
    rmSync(this.path, { recursive: true, force: true });
  }
}

export const folderOf = ({ dataDir }: Config): DataFolder => dataFolder(dataDir);
export const quiet = { note: () => undefined };
export const isRunning = async (pid: number | undefined) => (await commandOf(pid ?? 0)) !== undefined;
