import { z } from 'zod';

/** A schema that is used less often does not pay for being compiled, which takes as long as parsing a few dozen values. */
const COMPILE_AFTER = 20;

const uses = new WeakMap<z.ZodType, number>();
const compiled = new WeakMap<z.ZodType, z.ZodType>();

/**
 * `schema.safeParse(value)` for what comes again and again. From the twentieth value on zod has made a function of the schema, which takes
 * half the time and leaves nothing behind; without it half of a large answer outlives the next collection of garbage. What does not fit is
 * parsed a second time, by the schema itself, for its messages.
 */
export function safeParseOften<S extends z.ZodType>(schema: S, value: unknown): z.ZodSafeParseResult<z.output<S>> {
  return (fastest(schema) as S).safeParse(value);
}

function fastest(schema: z.ZodType): z.ZodType {
  const known = compiled.get(schema);
  if (known) return known;
  const times = (uses.get(schema) ?? 0) + 1;
  uses.set(schema, times);
  if (times < COMPILE_AFTER) return schema;
  const fast = z.compile(schema);
  compiled.set(schema, fast);
  return fast;
}
