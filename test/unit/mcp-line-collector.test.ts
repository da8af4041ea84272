import { expect, test } from 'vitest';
import { idAtEnd, LineCollector } from '../../mcp/transports/stdio/line-collector.ts';

function linesOf(chunks: readonly string[], maxBytes = 10) {
  const collector = new LineCollector(maxBytes);
  return chunks.flatMap((chunk) => [...collector.linesOf(Buffer.from(chunk))]);
}

test('lines are cut at newlines, wherever the chunks are cut', () => {
  expect(linesOf(['a\nb', 'c\n', '\nd'])).toEqual(['a', 'bc', '']);
});

test('a character that two chunks share is not broken', () => {
  const collector = new LineCollector(10);
  const bytes = Buffer.from('ä\n');
  expect([bytes.subarray(0, 1), bytes.subarray(1)].flatMap((chunk) => [...collector.linesOf(chunk)])).toEqual(['ä']);
});

test('a line above the limit is reported with its size and its end, and the next line is read', () => {
  expect(linesOf(['x'.repeat(10), '\n', `${'y'.repeat(300)}end`, '!\nz\n'])).toEqual([
    'x'.repeat(10),
    { bytes: 304, end: `${'y'.repeat(196)}end!` },
    'z',
  ]);
});

test.each([
  ['{"method":"tools/call","params":{"x":"…"},"jsonrpc":"2.0","id":7}', 7],
  ['…"}, "id" : "a\\"b" } \r', 'a"b'],
  ['…,"params":{"id":3}}', null],
  ['…"id":1.5}', null],
  ['no JSON', null],
])('the id at the end of %s', (end, id) => {
  expect(idAtEnd(end)).toBe(id);
});
