import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import serverCommand from '../../cli/commands/server.ts';
import type { Config } from '../../core/config.ts';
import { folderOf, type TestFolders } from './embedded-folders.ts';
import { type Boot, fakeJava } from './fake-java.ts';
import { freePort } from './free-port.ts';
import { runCommand } from './run-command.ts';

/** Makes a data folder with a Node program as its server, on a free port. */
export async function fakeServerScene(
  folders: TestFolders,
  name: string,
  boot: Boot = 'answers',
  settings: Partial<Config> = {},
) {
  const program = join(folders.path, `${name}-java`);
  const config = folders.configFor(name, { ...fakeJava(program, boot), serverPort: await freePort(), ...settings });
  const fleet = (...args: string[]) => runCommand(serverCommand, args, { settings: config });
  /** Returns the path of the jar for each start so far. */
  const starts = () => readFileSync(join(program, 'started'), 'utf8').trim().split('\n');
  return { config, folder: folderOf(config), fleet, starts };
}
