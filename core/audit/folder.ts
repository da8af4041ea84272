import { closeSync, existsSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Config } from '../config.ts';
import { settings } from '../settings/settings.ts';
import { claimedHash } from './lines.ts';
import { type FileEnd, parseOpening } from './opening-line.ts';
import type { LineOf } from './parse-line.ts';
import { userAuditFolder } from './user-folder.ts';

export const DAY_MS = 86_400_000;
const NAME = /^(\d{4}-\d\d-\d\d)T\d\d-\d\d-\d\d~([\w.-]*)~(\d+-[0-9a-f]{8})~(\d+)\.jsonl$/;
/** The longest line without a list of files has about 4 KB. */
const BLOCK = 8192;

/** The settings that decide where the audit log is. Only a project has `workflowsDir`. */
export type AuditFolderConfig = Pick<Config, 'mcpAuditDir' | 'dataDir'> & Partial<Pick<Config, 'workflowsDir'>>;

/**
 * The folder of the audit log. A client can start a server in any folder, so a server leaves no data folder in a folder that is not a project:
 * its log is then in a folder of the user.
 */
export function auditFolder({ mcpAuditDir, dataDir, workflowsDir }: AuditFolderConfig): string {
  if (mcpAuditDir !== undefined) return resolve(mcpAuditDir);
  const isOwn = workflowsDir !== undefined || dataDir !== settings.dataDir.schema.parse(undefined);
  return isOwn || existsSync(dataDir) ? resolve(dataDir, 'audit') : userAuditFolder();
}

/** Names a file after its start and its process. Names sort by time. */
export function fileName({ at, host, pid, log, n }: FileIdentity): string {
  const time = new Date(at).toISOString().slice(0, 19).replaceAll(':', '-');
  return `${time}~${host.replace(/[^\w.-]/g, '-')}~${pid}-${log}~${n}.jsonl`;
}

interface FileIdentity {
  readonly at: number;
  readonly host: string;
  readonly pid: number;
  /** Eight hexadecimal digits: one process can have several logs, and the system uses a process id again. */
  readonly log: string;
  /** Counts the files of one log. */
  readonly n: number;
}

/** The day in UTC on which the lines of a file were written, such as `2026-11-30`. */
export function dayOf(file: string): string {
  return file.slice(0, 10);
}

/** Names a change within the whole set. Its outcome can be in a later file of the same log. */
export function changeOf(file: string, n: number): string {
  return `${NAME.exec(file)?.[3] ?? file}:${n}`;
}

/** The files of an audit log, the oldest first. @throws the error of a folder that cannot be read */
export function auditFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => NAME.test(name))
    .sort();
}

/** True if a process that opened a file on `today` has removed this file, because it is older than `keptDays`. */
export function isTooOld(file: string, today: string, keptDays: number): boolean {
  return Date.parse(today) - Date.parse(dayOf(file)) > keptDays * DAY_MS;
}

export function removeOldFiles(folder: string, today: string, keptDays: number): void {
  for (const file of auditFiles(folder)) {
    if (isTooOld(file, today, keptDays)) rmSync(join(folder, file), { force: true });
  }
}

/** The ends that no file names in its first line. */
export function unnamedEnds(folder: string): FileEnd[] {
  const files = auditFiles(folder);
  const openings = files.flatMap((file) => opening(join(folder, file)) ?? []);
  const named = new Set(openings.flatMap(namedEnds).map(keyOf));
  return files.flatMap((file) => {
    const bytes = statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0;
    if (named.has(keyOf({ file, bytes }))) return [];
    const end = endOf(folder, file, bytes);
    return end && !named.has(keyOf(end)) ? [end] : [];
  });
}

const keyOf = ({ file, bytes }: Pick<FileEnd, 'file' | 'bytes'>) => `${file}:${bytes}`;

/** The first line of a file; undefined if it cannot be read, which `verify` reports. */
export function opening(path: string): LineOf<'open'> | undefined {
  try {
    return parseOpening(firstLine(path));
  } catch {
    return undefined;
  }
}

/** The ends that the first line of a file names. */
export function namedEnds({ seen, previous }: LineOf<'open'>): readonly FileEnd[] {
  return previous ? [...seen, previous] : seen;
}

/** The first line of a file, without the end of the line. */
function firstLine(path: string): string {
  return withFile(path, (fd) => {
    for (let size = BLOCK; ; size *= 4) {
      const text = read(fd, 0, size);
      const at = text.indexOf('\n');
      if (at >= 0) return text.subarray(0, at).toString();
      if (text.length < size) return text.toString();
    }
  });
}

/** The end of a file as far as its lines are whole; undefined if it has no whole line, or if another process has removed it. */
function endOf(folder: string, file: string, size: number): FileEnd | undefined {
  try {
    return withFile(join(folder, file), (fd) => {
      for (let length = BLOCK; ; length *= 4) {
        const from = Math.max(0, size - length);
        const text = read(fd, from, size - from);
        const end = text.lastIndexOf('\n');
        const start = end <= 0 ? -1 : text.lastIndexOf('\n', end - 1);
        if (end < 0 || (start < 0 && from > 0)) {
          if (from === 0) return undefined;
          continue;
        }
        const hash = claimedHash(text.subarray(start + 1, end));
        return hash === undefined ? undefined : { file, bytes: from + end + 1, hash };
      }
    });
  } catch {
    return undefined;
  }
}

function withFile<T>(path: string, use: (fd: number) => T): T {
  const fd = openSync(path, 'r');
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function read(fd: number, from: number, length: number): Buffer {
  const block = Buffer.alloc(length);
  return block.subarray(0, readSync(fd, block, 0, length, from));
}
