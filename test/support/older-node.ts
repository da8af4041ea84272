import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { processEnvironment } from '../../core/config.ts';

/** The folders of programs on this machine, without those of installed packages. */
export const programFolders = (processEnvironment().PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'));

const versionOf = (node: string) => spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout;

/** A Node older than 24, if this machine has one. */
export const olderNode = programFolders
  .map((folder) => join(folder, 'node'))
  .find((node) => existsSync(node) && Number.parseInt(versionOf(node), 10) < 24);
