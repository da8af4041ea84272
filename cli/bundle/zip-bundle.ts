import { type Zippable, zipSync } from 'fflate';

/** A file of the bundle. */
export interface BundleFile {
  /** The path from the root of the archive, with `/` between folders. */
  readonly path: string;
  readonly data: Uint8Array;
  /** True if the file must be executable after unpacking. */
  readonly isProgram?: boolean;
}

/** Archives made on Unix carry the permissions of their files. */
const UNIX = 3;
const REGULAR_FILE = 0o100000;
/**
 * The earliest date of the zip format, in local time because zip stores local time. With a constant date, equal files make an equal
 * archive.
 */
const FIRST_DAY = new Date(1980, 0, 1);

/** The files as a zip archive, with their permissions. */
export function zipBundle(files: readonly BundleFile[]): Uint8Array {
  const entries: Zippable = {};
  for (const { path, data, isProgram } of files) {
    const mode = REGULAR_FILE | (isProgram ? 0o755 : 0o644);
    entries[path] = [data, { os: UNIX, attrs: (mode << 16) >>> 0, mtime: FIRST_DAY }];
  }
  return zipSync(entries);
}
