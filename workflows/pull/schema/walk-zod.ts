import { z } from 'zod';
import type { Step } from '../expressions/path.ts';
import { isOpaque } from './zod-code.ts';

/** What is below a schema at a key or an index, as typed references walk it: undefined where no reference can be written. */
export function below(schema: z.ZodType, step: Step): z.ZodType | undefined {
  const here = present(schema);
  if (isOpaque(here)) return undefined;
  if (step.kind === 'index') return here instanceof z.ZodArray ? typed(here.element) : undefined;
  if (!(here instanceof z.ZodObject) || !Object.hasOwn(here.shape, step.key)) return undefined;
  return typed(here.shape[step.key]);
}

/** The schema of what is there when it is there. */
export function present(schema: z.ZodType): z.ZodType {
  const { def } = schema;
  if (def.type === 'optional' || def.type === 'nullable' || def.type === 'default' || def.type === 'nonoptional') {
    return present(typed((def as unknown as { innerType: unknown }).innerType) ?? schema);
  }
  return schema;
}

/** Whether a value of the schema may be missing where it is read. */
export function mayBeAbsent({ def }: z.ZodType): boolean {
  return def.type === 'optional' || def.type === 'nullable';
}

/** Zod gives the parts of a schema their innermost type only, which any schema has. */
function typed(schema: unknown): z.ZodType | undefined {
  return schema instanceof z.ZodType ? schema : undefined;
}
