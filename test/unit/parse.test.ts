import { expect, test } from 'vitest';
import { z } from 'zod';
import { executionSchema } from '../../core/conductor/types.ts';
import { safeParseOften } from '../../core/parse.ts';
import { fakeExecution } from '../support/fake-conductor.ts';

const often = Array.from({ length: 60 });

test('safeParseOften gives the same result before and after it compiles the schema', () => {
  const value = fakeExecution({ unknownField: { of: ['a newer server'] } });
  const first = executionSchema.parse(value);
  for (const _ of often) expect(safeParseOften(executionSchema, value)).toEqual({ success: true, data: first });
});

test('safeParseOften reports a mistake in the same words every time', () => {
  const schema = z.object({ tasks: z.array(z.object({ name: z.string(), count: z.int().default(0) })) });
  const wrong = { tasks: [{ name: 'a' }, { name: 1, count: 0.5 }] };
  const issues = schema.safeParse(wrong).error?.issues;
  expect(issues).toHaveLength(2);
  for (const _ of often) expect(safeParseOften(schema, wrong).error?.issues).toEqual(issues);
});
