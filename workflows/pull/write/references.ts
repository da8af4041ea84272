import { isObject } from '../../../core/json.ts';
import { memberAccess, stringLiteral, templatePart } from '../code/literals.ts';
import { array, type Code, literal, object } from '../code/print.ts';
import { parsePath, partAt, type Value } from '../schema/values.ts';

/** A value to which generated code can refer. */
export interface Source extends Value {
  /** Returns the code that refers to the whole value. The call also declares the names that this code needs. */
  code(): string;
}

/**
 * The values to which the tasks of a sequence can refer: the earlier steps of the sequence, and every value that is visible around the
 * sequence.
 */
export class Visible {
  readonly #roots = new Map<string, Source>();
  readonly #steps = new Map<string, Source>();
  readonly #around: Visible | undefined;

  constructor(around?: Visible) {
    this.#around = around;
  }

  /** @param root a path such as `workflow.input` */
  add(root: string, source: Source): void {
    this.#roots.set(root, source);
  }

  /** @param step the code that refers to the step, with the value of the step's output */
  addStep(ref: string, step: Source): void {
    this.#steps.set(ref, step);
    this.add(`${ref}.output`, { ...step, code: () => `${step.code()}.output` });
    this.add(`${ref}.status`, { schema: { type: 'string' }, code: () => `${step.code()}.status` });
  }

  find(root: string): Source | undefined {
    return this.#roots.get(root) ?? this.#around?.find(root);
  }

  /** The steps of this sequence, without the steps around it. */
  steps(): ReadonlyMap<string, Source> {
    return this.#steps;
  }
}

/** A typed reference as code, and what is known about its value. */
export interface Reference extends Value {
  code: string;
}

/** Finds the typed reference that writes a path with exactly the same characters. */
export type Refer = (path: string) => Reference | undefined;

/** @param at imports the function that refers to an element of a list */
export function referrer(visible: Visible, at: () => string): Refer {
  return (path) => {
    const named = visible.find(path); // such as the round of the surrounding loop
    if (named) return { ...named, code: named.code() };
    const { root, steps } = parsePath(path) ?? { root: '', steps: [] };
    const source = visible.find(root);
    let value: Value | undefined = source;
    for (const step of steps) value = value && partAt(value, step);
    if (!source || !value) return undefined;
    let code = source.code();
    for (const step of steps) {
      code = step.kind === 'key' ? `${code}${memberAccess(step.key)}` : `${at()}(${code}, ${step.index})`;
    }
    return { ...value, code };
  };
}

const EXPRESSION = /(?<!\$)\$\{([^{}]*)\}/g;

/** Writes a stored value as code. Each expression becomes a typed reference if there is one for its path. */
export function wired(value: unknown, refer: Refer): Code {
  if (typeof value === 'string') return wiredText(value, refer);
  if (Array.isArray(value)) return array(value.map((item) => wired(item, refer)));
  if (!isObject(value)) return literal(value);
  return object(Object.entries(value).map(([key, item]) => [key, wired(item, refer)] as const));
}

/**
 * Writes a text. If it is a single expression, it becomes a reference and keeps the type of the value. Any other text with expressions
 * becomes a template literal.
 */
function wiredText(value: string, refer: Refer): string {
  const parts: string[] = [];
  let end = 0;
  let refers = false;
  for (const { 0: found, 1: path = '', index } of value.matchAll(EXPRESSION)) {
    const code = refer(path)?.code;
    if (code !== undefined && found === value) return code;
    parts.push(templatePart(value.slice(end, index)), code === undefined ? templatePart(found) : `\${${code}}`);
    refers ||= code !== undefined;
    end = index + found.length;
  }
  return refers ? `\`${parts.join('')}${templatePart(value.slice(end))}\`` : stringLiteral(value);
}
