import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipFile {
  /** With `/` between folders, from the root of the archive. */
  readonly path: string;
  readonly data: Buffer;
  readonly isProgram?: boolean;
}

const VERSION = 20;
const MADE_ON_UNIX = 3 << 8;
const UTF8_NAMES = 0x0800;
const DEFLATED = 8;
/** 1 January 1980, the first day the format knows: the same files make the same archive. */
const DAY = (1 << 5) | 1;

/** A zip archive of at most 65,535 files and 4 GiB, as APPNOTE.TXT describes it. */
export function zip(files: readonly ZipFile[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { path, data, isProgram } of files) {
    const name = Buffer.from(path);
    const packed = deflateRawSync(data, { level: 6 });
    const common = commonHeader(name, data, packed);
    const local = Buffer.concat([signature(0x04034b50), common, name]);
    parts.push(local, packed);
    const entry = Buffer.alloc(14);
    entry.writeUInt32LE(((0o100000 | (isProgram ? 0o755 : 0o644)) << 16) >>> 0, 6);
    entry.writeUInt32LE(offset, 10);
    const madeBy = Buffer.alloc(2);
    madeBy.writeUInt16LE(MADE_ON_UNIX | VERSION);
    directory.push(signature(0x02014b50), madeBy, common, entry, name);
    offset += local.length + packed.length;
  }
  const listing = Buffer.concat(directory);
  return Buffer.concat([...parts, listing, endOf(files.length, listing.length, offset)]);
}

/** What a file's own header and its entry in the directory share, from the version on. */
function commonHeader(name: Buffer, data: Buffer, packed: Buffer): Buffer {
  const header = Buffer.alloc(26);
  header.writeUInt16LE(VERSION, 0);
  header.writeUInt16LE(UTF8_NAMES, 2);
  header.writeUInt16LE(DEFLATED, 4);
  header.writeUInt16LE(DAY, 8);
  header.writeUInt32LE(crc32(data), 10);
  header.writeUInt32LE(packed.length, 14);
  header.writeUInt32LE(data.length, 18);
  header.writeUInt16LE(name.length, 22);
  return header;
}

function endOf(count: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return end;
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
