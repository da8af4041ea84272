import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { TaskContext } from '../../core/contract.ts';
import { silentLogger } from '../../core/log.ts';
import analyzeFile from '../../workers/tasks/analyze-file.ts';
import compressFile from '../../workers/tasks/compress-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'files-'));
const filesRoot = join(folder, 'root');
const outputDir = join(folder, 'out');
mkdirSync(filesRoot);

function context(signal = new AbortController().signal): TaskContext {
  return {
    signal,
    attempt: 1,
    taskId: 't-1',
    taskReferenceName: 'ref',
    workflowId: 'w-1',
    idempotencyKey: 'w-1:t',
    log: silentLogger,
    addLog: () => undefined,
    progress: async () => undefined,
    previousOutput: {},
    settings: { shopUrl: 'http://shop', filesRoot, outputDir },
  };
}

function write(name: string, content: string | Buffer): string {
  writeFileSync(join(filesRoot, name), content);
  return name;
}

describe('analyze_file', () => {
  test.each<[string, string | Buffer, object]>([
    ['empty', '', { bytes: 0, lines: 0, characters: 0, words: 0, encoding: 'empty' }],
    ['ascii', 'one two\nthree\n', { bytes: 14, lines: 2, characters: 14, words: 3, encoding: 'ascii' }],
    ['no newline at the end', 'a\nb', { bytes: 3, lines: 2, characters: 3, words: 2, encoding: 'ascii' }],
    ['characters beyond one code unit', 'é😀\n', { bytes: 7, lines: 1, characters: 3, words: 1, encoding: 'utf-8' }],
    [
      'utf-16',
      Buffer.from('\ufeffhi\n', 'utf16le'),
      { bytes: 8, lines: 1, characters: 3, words: 1, encoding: 'utf-16le' },
    ],
    ['binary', Buffer.from([1, 0, 2]), { bytes: 3, lines: 0, characters: 3, words: 0, encoding: 'binary' }],
    [
      'broken utf-8',
      Buffer.from([0x61, 0xff, 0x62]),
      { bytes: 3, lines: 0, characters: 3, words: 0, encoding: 'binary' },
    ],
    [
      'cut off within a character',
      Buffer.from([0x61, 0xc3]),
      { bytes: 2, lines: 0, characters: 2, words: 0, encoding: 'binary' },
    ],
  ])('analyze_file counts a file with this content: %s', async (name, content, expected) => {
    expect(await analyzeFile.execute({ path: write(name, content) }, context())).toEqual(expected);
  });

  test('analyze_file counts a character that is split over two chunks once', async () => {
    const text = `${'a'.repeat(64 * 1024 - 1)}é\n`;
    const result = await analyzeFile.execute({ path: write('split', text) }, context());
    expect(result).toMatchObject({ characters: 64 * 1024 + 1, encoding: 'utf-8' });
  });
});

describe('compress_file', () => {
  test('compress_file writes a file that gunzip restores to the original, and reports the real sizes', async () => {
    const text = 'the same words again and again '.repeat(1000);
    const result = await compressFile.execute({ path: write('text', text), level: 6 }, context());
    const compressed = readFileSync(result.outputPath);
    expect(gunzipSync(compressed).toString()).toBe(text);
    expect(result).toMatchObject({ originalBytes: text.length, compressedBytes: compressed.length });
    expect(result.ratio).toBeCloseTo(compressed.length / text.length, 4);
  });

  test('an aborted compress_file leaves no unfinished file', async () => {
    write('aborted', 'x'.repeat(100_000));
    const aborted = AbortSignal.abort(new Error('stop'));
    await expect(compressFile.execute({ path: 'aborted', level: 6 }, context(aborted))).rejects.toThrow();
    expect(readdirSync(join(outputDir, 'w-1', 'ref')).filter((name) => name.startsWith('aborted'))).toEqual([]);
  });
});

describe('a worker does not trust a path from the input', () => {
  symlinkSync(folder, join(filesRoot, 'link-out'));
  test.each([
    ['a missing file', 'missing', 'the file does not exist'],
    ['a path to a parent folder', '../out', 'outside'],
    ['an absolute path elsewhere', '/etc/hostname', 'outside'],
    ['a symbolic link that leads outside', 'link-out', 'outside'],
    ['a folder', '.', 'not a file'],
  ])('%s fails the task without a retry', async (_, path, message) => {
    mkdirSync(outputDir, { recursive: true });
    const refused = analyzeFile.execute({ path }, context());
    await expect(refused).rejects.toMatchObject({
      name: 'NonRetryableError',
      message: expect.stringContaining(message),
    });
  });
});
