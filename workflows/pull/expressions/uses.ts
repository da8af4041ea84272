import type { z } from 'zod';
import { inputSchemaOf } from '../../../core/contract.ts';
import { isObject } from '../../../core/json.ts';
import type { SchemaReader } from '../schema/from-json.ts';
import { anything, type Field, objectOf, type SchemaCode, trusted } from '../schema/zod-code.ts';
import type { Step } from './path.ts';

/** What a definition does with a value that no schema describes: what it reads below it, and where it hands it. */
export class Use {
  readonly keys = new Map<string, Use>();
  element: Use | undefined;
  /** JSON Schemas of the places that take it whole, as JSON. */
  readonly expected = new Set<string>();

  /** The use of what is below it. */
  at(steps: readonly Step[]): Use {
    return steps.reduce<Use>((use, step) => use.#below(step), this);
  }

  #below(step: Step): Use {
    if (step.kind === 'index') {
      this.element ??= new Use();
      return this.element;
    }
    const known = this.keys.get(step.key) ?? new Use();
    this.keys.set(step.key, known);
    return known;
  }

  /** Notes that a place which takes a `schema` gets it. */
  expect(schema: z.ZodType): void {
    const { $schema: _, default: __, ...json } = inputSchemaOf(schema);
    if (Object.keys(json).length > 0) this.expected.add(JSON.stringify(simplified(json)));
  }

  get isLeaf(): boolean {
    return this.keys.size === 0 && this.element === undefined;
  }
}

/** All uses of one definition, by what they are below: `workflow.input`, `charge.output`. */
export class Uses {
  readonly #roots = new Map<string, Use>();

  of(root: string): Use {
    const known = this.#roots.get(root) ?? new Use();
    this.#roots.set(root, known);
    return known;
  }
}

/** The schema that all uses of a value have in common. Nothing is claimed that no use shows. */
export function inferred(uses: readonly Use[], reader: SchemaReader): SchemaCode {
  if (uses.every(({ isLeaf }) => isLeaf)) return leaf(uses, reader);
  const elements = uses.flatMap(({ element }) => element ?? []);
  const keys = [...new Set(uses.flatMap((use) => [...use.keys.keys()]))];
  if (elements.length > 0) {
    if (keys.length > 0) return trusted();
    const { code, schema } = inferred(elements, reader);
    return reader.list(code, schema);
  }
  return objectOf('object', inferredFields(uses, keys, reader));
}

/** The fields of an object of which only the uses are known. */
export function inferredFields(uses: readonly Use[], keys: readonly string[], reader: SchemaReader): Field[] {
  return keys
    .filter((key) => key !== '__proto__') // no object schema can have a key of that name
    .map((key): Field => {
      const below = uses.flatMap((use) => use.keys.get(key) ?? []);
      return [key, inferred(below, reader)];
    });
}

function leaf(uses: readonly Use[], reader: SchemaReader): SchemaCode {
  const expected = new Set(uses.flatMap((use) => [...use.expected]));
  if (expected.size === 0) return anything();
  const [only = ''] = expected;
  return expected.size === 1 ? reader.read(JSON.parse(only), 'input') : trusted();
}

/** A reader's limits on a text or a number say nothing about the one who writes it. */
function simplified(json: Record<string, unknown>): Record<string, unknown> {
  const { type } = json;
  if (isObject(json) && (json.enum !== undefined || json.const !== undefined)) return json;
  if (type === 'string' || type === 'boolean') return { type };
  if (type === 'number' || type === 'integer') return { type: 'number' };
  return json;
}
