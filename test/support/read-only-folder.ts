import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Mounted {
  readonly path: string;
  remove(): void;
}

/** Makes a folder in which this user cannot create anything. Undefined for a root user that may not mount. */
export function readOnlyFolder(): Mounted | undefined {
  if (process.getuid?.() === 0) return mountMemory('ro');
  const path = mkdtempSync(join(tmpdir(), 'read-only-'));
  chmodSync(path, 0o555);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Mounts a file system in memory, for example of the size `size=1m`. Undefined if this user may not mount. */
export function mountMemory(options: string): Mounted | undefined {
  const path = mkdtempSync(join(tmpdir(), 'mounted-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    rmSync(path, { recursive: true });
    return undefined;
  }
  return {
    path,
    remove() {
      execFileSync('umount', ['-l', path]);
      rmSync(path, { recursive: true });
    },
  };
}
