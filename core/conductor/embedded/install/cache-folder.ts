import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Config, type Environment, processEnvironment } from '../../../config.ts';

/** The folder for downloaded servers and Java, shared by all data folders of this user. */
export function cacheFolder(
  config: Pick<Config, 'cacheDir'>,
  environment: Environment = processEnvironment(),
  platform: NodeJS.Platform = process.platform,
): string {
  if (config.cacheDir !== undefined) return resolve(config.cacheDir);
  return join(userCache(environment, platform), 'conductor-fleet');
}

function userCache({ XDG_CACHE_HOME, LOCALAPPDATA }: Environment, platform: NodeJS.Platform): string {
  if (XDG_CACHE_HOME) return XDG_CACHE_HOME;
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  if (platform === 'win32' && LOCALAPPDATA) return LOCALAPPDATA;
  return join(homedir(), '.cache');
}
