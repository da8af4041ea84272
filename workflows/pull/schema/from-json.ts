import { z } from 'zod';
import { fromSetting, type WorkflowSettings } from '../../../core/contract.ts';
import { isObject } from '../../../core/json.ts';
import { type Code, call, method } from '../code/code.ts';
import { literal } from '../code/literals.ts';
import type { Imports } from '../imports.ts';
import { base } from './bases.ts';
import { type Field, foreign, objectOf, optional, plainType, type SchemaCode, type Side, same } from './zod-code.ts';

const SETTINGS: readonly (keyof WorkflowSettings)[] = ['shopUrl', 'llmProvider', 'llmModel'];

/** Turns stored JSON Schemas into zod: each part into the code whose JSON Schema is exactly that part. */
export class SchemaReader {
  readonly #imports: Imports;
  readonly #isLoose: boolean;

  /** A loose one keeps of what zod has no words for the plain type only: for schemas that are written down beside their code. */
  constructor(imports: Imports, isLoose = false) {
    this.#imports = imports;
    this.#isLoose = isLoose;
  }

  /** Zod code for any schema; `jsonSchema(…)` where zod has no words for it. */
  read(json: unknown, side: Side): SchemaCode {
    if (!isObject(json)) return this.#verbatim({});
    return this.#setting(json, side) ?? this.#exact(json, side) ?? this.#verbatim(json);
  }

  /**
   * Zod code for the object at the top of a contract. It is an object schema in any case, for its keys are what references walk;
   * the JSON Schema of the result may therefore differ from what is stored.
   */
  readTop(json: unknown, side: Side): SchemaCode & { schema: z.ZodObject } {
    if (isObject(json)) {
      const exact = this.#exact(withoutDialect(json), side);
      if (exact?.schema instanceof z.ZodObject) return { code: exact.code, schema: exact.schema };
    }
    const { properties, required } = isObject(json) ? json : {};
    const loose = new SchemaReader(this.#imports, true);
    const fields = isObject(properties) ? loose.#fields(properties, required, side) : [];
    return objectOf('looseObject', fields);
  }

  /** A list of what is known. */
  list(item: Code, schema: z.ZodType): SchemaCode {
    return { code: call('z.array', [item]), schema: z.array(schema) };
  }

  #setting(json: Record<string, unknown>, side: Side): SchemaCode | undefined {
    const { setting, default: fallback, ...rest } = json;
    const known = SETTINGS.find((name) => name === setting);
    if (known === undefined || typeof fallback !== 'string') return undefined;
    const inner = this.#exact(rest, side);
    if (!(inner && isText(inner.schema))) return undefined;
    const schema = fromSetting(known, inner.schema, fallback);
    if (!same(schema, json, side)) return undefined;
    const code = call(this.#imports.contract('fromSetting'), [literal(known), inner.code, literal(fallback)]);
    return { code, schema };
  }

  #exact(json: Record<string, unknown>, side: Side): SchemaCode | undefined {
    const { default: fallback, description, ...plain } = json;
    const found = base(plain, side, {
      read: (inner) => this.read(inner, side),
      fields: (properties, required) => this.#fields(properties, required, side),
    });
    if (!found) return undefined;
    let { code, schema } = found;
    if (typeof description === 'string') {
      code = method(code, 'describe', [literal(description)]);
      schema = schema.describe(description);
    }
    if ('default' in json) {
      if (!schema.safeParse(fallback).success) return undefined; // the compiler would not take it either
      code = method(code, 'default', [literal(fallback)]);
      schema = schema.default(fallback as never);
    }
    return same(schema, json, side) ? { code, schema } : undefined;
  }

  #fields(properties: Record<string, unknown>, required: unknown, side: Side): Field[] {
    const needed = new Set(Array.isArray(required) ? required : []);
    return Object.entries(properties).map(([key, property]): Field => {
      const field = this.read(property, side);
      const hasDefault = side === 'input' && isObject(property) && 'default' in property;
      if (needed.has(key) || hasDefault) return [key, field];
      return [key, optional(field)];
    });
  }

  #verbatim(json: Record<string, unknown>): SchemaCode {
    if (this.#isLoose) return plainType(json);
    return foreign(json, this.#imports.contract('jsonSchema'));
  }
}

function withoutDialect({ $schema: _, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return rest;
}

function isText(schema: z.ZodType): schema is z.ZodType<string> {
  return schema instanceof z.ZodString || schema instanceof z.ZodURL;
}
