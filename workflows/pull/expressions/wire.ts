import { z } from 'zod';
import { isObject } from '../../../core/json.ts';
import { array, type Code, object, text } from '../code/code.ts';
import { literal, stringLiteral, templatePart } from '../code/literals.ts';
import { below, present } from '../schema/walk-zod.ts';
import type { Reference } from './scope.ts';

/** Finds the code for a path, knowing the schema of the place if the reference stands there alone. */
export type Refer = (path: string, expected?: z.ZodType) => Reference | undefined;

const EXPRESSION = /(?<!\$)\$\{([^{}]*)\}/g;

/** A stored value as code: its expressions as typed references, as far as there are any for them. */
export function wired(value: unknown, refer: Refer, expected?: z.ZodType): Code {
  if (typeof value === 'string') return wiredText(value, refer, expected);
  if (Array.isArray(value)) {
    const element = expected && below(expected, { kind: 'index', index: 0 });
    return array(value.map((item) => wired(item, refer, element)));
  }
  if (!isObject(value)) return literal(value);
  return object(
    Object.entries(value).map(([key, item]) => {
      const field = expected && below(expected, { kind: 'key', key });
      return [key, wired(item, refer, field)] as const;
    }),
  );
}

/** A text that is one expression keeps the type of what it refers to; others become template literals. */
function wiredText(value: string, refer: Refer, expected?: z.ZodType): Code {
  const parts: string[] = [];
  let end = 0;
  let refers = false;
  for (const found of value.matchAll(EXPRESSION)) {
    const isWhole = found[0] === value;
    const reference = refer(found[1] ?? '', isWhole ? demanding(expected) : undefined);
    if (isWhole) return reference ? text(reference.code) : stringLiteral(value);
    parts.push(templatePart(value.slice(end, found.index)));
    parts.push(reference ? `\${${reference.code}}` : templatePart(found[0]));
    refers ||= reference !== undefined;
    end = found.index + found[0].length;
  }
  return refers ? text(`\`${parts.join('')}${templatePart(value.slice(end))}\``) : stringLiteral(value);
}

/** A place that takes anything demands nothing. */
function demanding(schema: z.ZodType | undefined): z.ZodType | undefined {
  const here = schema && present(schema);
  return here instanceof z.ZodUnknown || here instanceof z.ZodAny ? undefined : here;
}
