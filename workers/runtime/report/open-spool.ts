import { join, resolve } from 'node:path';
import type { Config } from '../../../core/config.ts';
import { messageOf } from '../../../core/errors.ts';
import type { Logger } from '../../../core/log.ts';
import { type OpenSpool, Spool } from './spool.ts';

/** Opens the configured spool. If its folder cannot be used, logs a warning and returns undefined: the process still serves tasks. */
export async function openSpool(
  config: Pick<Config, 'workerSpoolDir' | 'workerSpoolMaxMb' | 'dataDir'>,
  log: Logger,
): Promise<OpenSpool | undefined> {
  const folder = resolve(config.workerSpoolDir ?? join(config.dataDir, 'spool'));
  try {
    return await Spool.open({ folder, maxBytes: config.workerSpoolMaxMb * 1_000_000, log });
  } catch (error) {
    log.warn(
      { folder, reason: messageOf(error) },
      'the spool cannot be opened: results that cannot be delivered are kept in memory only',
    );
    return undefined;
  }
}
