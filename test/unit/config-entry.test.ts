import fc from 'fast-check';
import { expect, test } from 'vitest';
import { entryIn, withEntry, withoutEntry } from '../../cli/mcp-clients/config-entry.ts';

const path = ['servers', 'ours'] as const;
const ours = { command: 'node', args: ['x'] };

test('if the file does not exist, the new file holds only our entry', () => {
  const text = withEntry('', path, ours);
  expect(JSON.parse(text)).toEqual({ servers: { ours } });
  expect(text.endsWith('}\n')).toBe(true);
});

test('adding an entry keeps comments, trailing commas and indentation byte for byte', () => {
  const text = `// mine
{
\t/* inputs */ "inputs": [1, 2,], // two
\t"servers": {
\t\t"theirs": { "url": "http://a//b", "x": 1.0 }, // keep "this": {
\t},
}
`;
  const added = withEntry(text, path, ours);
  expect(added).toBe(
    text.replace(
      'keep "this": {\n',
      `keep "this": {\n\t\t"ours": ${JSON.stringify(ours, null, '\t').replaceAll('\n', '\n\t\t')}\n`,
    ),
  );
  expect(entryIn(added, path)).toEqual(ours);
  expect(withoutEntry(added, path)).toBe(text.replace('1.0 },', '1.0 }'));
});

test('adding an entry leaves a comment after the last entry in its place', () => {
  const text = '{\n  "servers": {\n    "theirs": 1 // one\n  }\n}\n';
  expect(withEntry(text, path, 2)).toBe('{\n  "servers": {\n    "theirs": 1, // one\n    "ours": 2\n  }\n}\n');
});

test.each([
  ['in the middle', '{"servers": {"a": 1, "ours": 2, "b": 3}}', '{"servers": {"a": 1, "b": 3}}'],
  ['at the end', '{"servers": {"a": 1, "ours": 2}}', '{"servers": {"a": 1 }}'],
  ['alone', '{"servers": {"ours": 2}}', '{"servers": {}}'],
  ['behind a comment', '{"servers": { // c\n"ours": 2, "b": 3}}', '{"servers": { // c\n "b": 3}}'],
  ['before a comment', '{"servers": {\n"ours": 2 /* two */, "b": 3}}', '{"servers": {\n /* two */ "b": 3}}'],
])('removing an entry %s also removes its comma', (_, text, rest) => {
  expect(withoutEntry(text, path).replaceAll(/ +/g, ' ')).toBe(rest);
  expect(entryIn(withoutEntry(text, path), path)).toBeUndefined();
});

test('if several entries have the same name, the last one counts, as in JSON.parse', () => {
  const text = '{"servers": {"ours": 1, "ours": 2}}';
  expect(entryIn(text, path)).toBe(2);
  expect(JSON.parse(withEntry(text, path, 3))).toEqual({ servers: { ours: 3 } });
});

test('adding an entry keeps Windows line ends', () => {
  const added = withEntry('{\r\n  "servers": {}\r\n}\r\n', path, { a: 1 });
  expect(added).toBe('{\r\n  "servers": {\r\n    "ours": {\r\n      "a": 1\r\n    }\r\n  }\r\n}\r\n');
});

test('adding and removing an entry keeps a byte order mark', () => {
  const text = '\uFEFF{"servers": {}}';
  expect(withEntry(text, path, 1)).toBe('\uFEFF{"servers": {\n    "ours": 1\n  }}');
  expect(withoutEntry(withEntry(text, path, 1), path)).toBe('\uFEFF{"servers": {\n  }}');
});

test.each([
  ['{"servers": {}', 'line 1 is not JSON'],
  ['{\n"servers": {"a" 1}\n}', 'line 2 is not JSON'],
  ['{"servers": {}} x', 'line 1 is not JSON'],
  ['{"servers": {"a": tru}}', 'line 1 is not JSON'],
  ['{"servers": {"a": 1.}}', 'line 1 is not JSON'],
  ['[1]', 'The file is not an object'],
  ['{"servers": []}', '"servers" is not an object'],
])('adding an entry to %j fails with an error', (text, sentence) => {
  expect(() => withEntry(text, path, ours)).toThrow(sentence);
  expect(() => withoutEntry(text, path)).toThrow(sentence);
});

// Node 24's JSON.parse confuses the keys '"' and '\' if it has read the second one earlier at the same place. So the test cannot
// compare with it for texts that contain a backslash.
const value = fc
  .jsonValue()
  .map((any): unknown => JSON.parse(JSON.stringify(any))) // turns -0 into 0, as JSON.stringify does
  .filter((any) => !JSON.stringify(any).includes('\\\\'));
const json = fc.dictionary(
  fc.string().filter((text) => !text.includes('\\')),
  value,
);
const spaces = fc.constantFrom(undefined, 2, 4, '\t');

test('adding, changing and removing our entry keeps everything else in the file', () => {
  fc.assert(
    fc.property(json, json, spaces, value, (rest, others, space, entry) => {
      const { ours: _, ...servers }: Record<string, unknown> = { zero: 0, ...others };
      const before = { ...rest, servers };
      const text = JSON.stringify(before, null, space);
      const added = withEntry(text, path, entry);
      expect(JSON.parse(added)).toEqual({ ...before, servers: { ...servers, ours: entry } });
      expect(JSON.parse(withEntry(added, path, ours))).toEqual({ ...before, servers: { ...servers, ours } });
      const removed = withoutEntry(added, path);
      expect(JSON.parse(removed)).toEqual(before);
      if (space !== undefined) expect(removed).toBe(text);
    }),
  );
});
