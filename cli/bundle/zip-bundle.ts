import { type Zippable, zipSync } from 'fflate';

/** A file of the bundle. */
export interface BundleFile {
  /** The path from the root of the archive, with `/` between folders. */
  readonly path: string;
  readonly data: Uint8Array;
  /** True if the file must be executable after unpacking. */
  readonly isProgram?: boolean;
}

/** The zip code for files from Unix. With this code, an entry carries the permissions of its file. */
const UNIX = 3;
const REGULAR_FILE = 0o100000;
/**
 * The earliest date of the zip format. With a constant date, equal files make an equal archive. It is in local time, because the format
 * stores local time.
 */
const FIRST_DAY = new Date(1980, 0, 1);

/** Packs the files into a zip archive and keeps their permissions. */
export function zipBundle(files: readonly BundleFile[]): Uint8Array {
  const entries: Zippable = {};
  for (const { path, data, isProgram } of files) {
    const mode = REGULAR_FILE | (isProgram ? 0o755 : 0o644);
    entries[path] = [data, { os: UNIX, attrs: (mode << 16) >>> 0, mtime: FIRST_DAY }];
  }
  return zipSync(entries);
}
