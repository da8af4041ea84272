import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

/**
 * How long the watcher waits for another change before it reports all changes together. An editor writes a file in several steps, and `git
 * checkout` writes many files.
 */
const SETTLE_MS = 150;

const SOURCE = /\.(ts|js|mts|mjs|json)$/;
const NOT_A_SOURCE = /\.(test|scenario)\.\w+$|\.d\.ts$/;
const SKIPPED = /^(\..*|node_modules|coverage)$/;

/**
 * Calls `changed` with the source files that were written, added or removed below the folders. It waits until no more changes arrive. Tests
 * are not sources. Each folder has its own watcher, because an editor may replace a file and a watcher of the old file would miss the
 * change.
 */
export async function watchSources(
  folders: readonly string[],
  changed: (files: string[]) => void,
): Promise<{ close(): void }> {
  const watchers = new Map<string, FSWatcher>();
  let known = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const look = async (): Promise<string[]> => {
    const found = await scan(folders);
    if (closed) return [];
    for (const folder of found.folders) if (!watchers.has(folder)) follow(folder);
    const names = new Set([...known.keys(), ...found.files.keys()]);
    const differing = [...names].filter((name) => known.get(name) !== found.files.get(name));
    known = found.files;
    return differing.map((name) => relative('', name)).sort();
  };
  const settle = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const files = await look();
      if (files.length > 0) changed(files);
    }, SETTLE_MS);
  };
  const follow = (folder: string) => {
    const forget = () => {
      watchers.get(folder)?.close();
      watchers.delete(folder);
    };
    try {
      const watcher = watch(folder, settle).on('error', forget);
      watchers.set(folder, watcher);
    } catch {
      // The folder was removed after the scan. The watcher of the parent folder reports the removal.
    }
  };

  await look();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

interface Scan {
  folders: string[];
  /** For each file, a text that changes whenever the file changes. */
  files: Map<string, string>;
}

async function scan(roots: readonly string[]): Promise<Scan> {
  const found: Scan = { folders: [], files: new Map() };
  await Promise.all(roots.map((root) => scanInto(found, root)));
  return found;
}

async function scanInto(found: Scan, folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return;
  found.folders.push(folder);
  await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return SKIPPED.test(entry.name) ? undefined : scanInto(found, path);
      if (!SOURCE.test(entry.name) || NOT_A_SOURCE.test(entry.name)) return;
      const now = await stat(path).catch(() => undefined);
      if (now?.isFile()) found.files.set(path, `${now.mtimeMs} ${now.size} ${now.ino}`);
    }),
  );
}
