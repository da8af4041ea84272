import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../../core/conductor/embedded/install/cache-folder.ts';
import { messageOf } from '../../../core/errors.ts';
import { note } from './output.ts';

const run = promisify(execFile);
const SDK = 'conductor-python==2.0.0';

/**
 * Returns the python program of an environment with the Python SDK. The first call creates the environment in the user's cache. If
 * there is no Python or the SDK cannot be installed, this prints the reason and returns undefined.
 */
export async function pythonWithSdk(): Promise<string | undefined> {
  const folder = join(cacheFolder({ cacheDir: undefined }), `bench-${SDK.replace('==', '-')}`);
  const python = join(folder, 'bin', 'python');
  if (existsSync(join(folder, 'complete'))) return python;
  try {
    note(`python: creating an environment with ${SDK} in ${folder} …`);
    rmSync(folder, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', folder]);
    await run(python, ['-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', SDK]);
    await run(python, ['-c', 'import pathlib, sys; pathlib.Path(sys.prefix, "complete").touch()']);
    return python;
  } catch (error) {
    note(`python-sdk is skipped: ${messageOf(error).trim().split('\n').at(-1)}`);
    return undefined;
  }
}
