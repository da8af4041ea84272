import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf, recordedArguments, recordedSubject } from '../../core/audit/redact.ts';
import { examples } from '../support/tool-examples.ts';

/** Values that must never be in a record, wherever a client puts them. */
const SECRETS = [
  'Bearer abcdefgh12345678',
  'Basic dXNlcjpwYXNzd29yZA==',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln',
  `sk-${'abcdEFGH12345678'}`,
  'ghp_abcdefghij0123456789',
  'AKIAIOSFODNN7EXAMPLE',
  '4f2a9c81d7e64b0aa35c9e1f77d2b8c0',
  'https://user:hunter22@example.com/',
  '${workflow.secrets.stripe_key}',
  'password: hunter22',
  'token=hunter22',
  '{"password":"hunter22"}',
];
const KEYS = ['name', 'workflowName', 'executionId', 'uri', 'status', 'taskRef', 'input', 'password', 'x'] as const;

const nested = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(...SECRETS),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS, 'authorization', 'apiKey'), tie('value'), { maxKeys: 3 }),
  ),
})).value;

describe('redaction', () => {
  test('S6: no secret is recorded, wherever in the arguments it is', () => {
    const property = fc.property(fc.dictionary(fc.constantFrom(...KEYS), nested), (args) => {
      const recorded = JSON.stringify(recordedArguments(args));
      for (const secret of SECRETS) expect(recorded).not.toContain(JSON.stringify(secret).slice(1, -1));
      expect(recorded).not.toContain('hunter22');
    });
    fc.assert(property, { numRuns: 500 });
  });

  test('S6: a password is not recorded, even if it looks like a word', () => {
    const password = 'correcthorse';
    const args = {
      password,
      credentials: { user: password },
      input: { list: [password] },
      env: [password],
      [`${password}!`]: 1,
    };
    const { shown } = recordedArguments(args);
    expect(JSON.stringify(shown)).not.toContain(password);
    expect(shown).toEqual({
      password: '<text>',
      credentials: '<object of 1>',
      input: '<object of 1>',
      env: '<list of 1>',
      '<others>': 1,
    });
  });

  test('S6: a secret in place of the name of a tool, a resource or an argument is not recorded', () => {
    for (const secret of SECRETS) {
      expect(recordedSubject(secret)).toBe('<text>');
      expect(JSON.stringify(recordedArguments({ [secret]: 1 }).shown)).toBe('{"<others>":1}');
    }
    expect(recordedSubject('conductor://workflows/my%20flow/diagram?version=hunter22')).toBe(
      'conductor://workflows/my%20flow/diagram?<text>',
    );
    expect(recordedSubject('x'.repeat(400))).toBe('<text>');
  });

  test('S6: the names, ids and states that say what a request was about are recorded', () => {
    const id = '0f2c4a8e-4a0e-4c52-9a1c-5f4d0c1e7b11';
    const shown = { workflowName: 'OrderProcessingCompensationV2', executionIds: [id, id], version: 3, force: true };
    expect(recordedArguments(shown).shown).toEqual(shown);
    expect(recordedSubject(`conductor://executions/${id}/tasks/charge_card`)).toContain(id);
  });

  test('S6: every example call of a tool keeps the names of its arguments', () => {
    for (const { args } of Object.values(examples))
      expect(Object.keys(recordedArguments(args).shown)).toEqual(Object.keys(args));
  });

  test('S6: a record stays small, whatever a client sends', () => {
    const args = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`name${index}`, 'x'.repeat(1000)]));
    const large = { ...args, executionIds: Array(5000).fill('exec-1'), name: 'x'.repeat(5000) };
    expect(JSON.stringify(recordedArguments(large)).length).toBeLessThan(4000);
  });
});

describe('digests', () => {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

  test('S6: the digest is that of the JSON with sorted keys', () => {
    expect(digestOf({ b: [{ d: 1, c: 'é' }], a: null })).toBe(sha256('{"a":null,"b":[{"c":"é","d":1}]}'));
  });

  test('S6: the order of keys does not change the digest, and any other difference does', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (args, key) => {
        const reversed = Object.fromEntries(Object.entries(args).reverse());
        expect(digestOf(reversed)).toBe(digestOf(args));
        expect(digestOf({ ...args, [key]: { not: args[key] } })).not.toBe(digestOf(args));
      }),
    );
  });

  test('S6: arguments that are nested too deeply for a digest are recorded without one', () => {
    const text = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(recordedArguments({ input: JSON.parse(text) })).toEqual({ shown: { input: '<list of 1>' } });
  });
});
