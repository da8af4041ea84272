import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { isObject } from '../../../core/json.ts';
import { fields, parsePath, type Schema, type Step } from './values.ts';

/** How a definition uses one value: what it reads below it, and which typed places take it whole. */
class Use {
  readonly keys = new Map<string, Use>();
  element: Use | undefined;
  /** Schemas of those places, as JSON. */
  readonly taken = new Set<string>();

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
}

/** How a definition uses the values that its `${…}` refer to. Schemas that are not stored follow from that. */
export class Uses {
  readonly #roots = new Map<string, Use>();

  /** Notes every `${…}` in a value. @param expected the schema of the place where the value is, if it is known */
  note(value: unknown, expected?: unknown): void {
    if (typeof value === 'string') this.#noteText(value, expected);
    const { items, properties } = isObject(expected) ? expected : {};
    if (Array.isArray(value)) for (const item of value) this.note(item, items);
    if (!isObject(value)) return;
    for (const [key, item] of Object.entries(value))
      this.note(item, isObject(properties) ? properties[key] : undefined);
  }

  /** The keys that are read directly below a root such as `workflow.input`. */
  keysOf(root: string): string[] {
    return [...(this.#roots.get(root)?.keys.keys() ?? [])];
  }

  /** The schema that follows from all uses of the values at `keys` below each of the roots. */
  schemaOf(roots: readonly string[], keys: readonly string[] = []): Schema {
    const steps = keys.map((key): Step => ({ kind: 'key', key }));
    return inferred(roots.flatMap((root) => this.#roots.get(root)?.at(steps) ?? []));
  }

  #noteText(text: string, expected: unknown): void {
    for (const [found, path = ''] of text.matchAll(/(?<!\$)\$\{([^{}]*)\}/g)) {
      const parsed = parsePath(path);
      if (!parsed) continue;
      const root = this.#roots.get(parsed.root) ?? new Use();
      this.#roots.set(parsed.root, root);
      const use = root.at(parsed.steps);
      const taken = found === text && isObject(expected) ? plainType(expected) : undefined;
      if (taken) use.taken.add(JSON.stringify(taken));
    }
  }
}

/** Without limits: they are a demand of the place, and say nothing about where a value comes from. */
function plainType({ type, enum: values }: Readonly<Record<string, unknown>>): Schema | undefined {
  if (type === 'number' || type === 'integer') return { type: 'number' };
  if (type === 'boolean') return { type };
  return type === 'string' ? { type, ...(values !== undefined && { enum: values }) } : undefined;
}

function inferred(uses: readonly Use[]): Schema {
  const elements = uses.flatMap(({ element }) => element ?? []);
  const keys = [...new Set(uses.flatMap((use) => [...use.keys.keys()]))].filter((key) => key !== '__proto__');
  if (elements.length > 0) return keys.length > 0 ? true : { type: 'array', items: inferred(elements) };
  if (keys.length > 0) {
    const below = keys.map((key) => [key, inferred(uses.flatMap((use) => use.keys.get(key) ?? []))] as const);
    return fields(Object.fromEntries(below));
  }
  const taken = [...new Set(uses.flatMap((use) => [...use.taken]))];
  const [only = 'true'] = taken;
  return taken.length === 1 ? JSON.parse(only) : true;
}

/** The input of a SWITCH, whose cases tell the type of what it switches on. */
export function switchInput({ expression, decisionCases }: WorkflowTask): Schema | undefined {
  if (typeof expression !== 'string' || !isObject(decisionCases)) return undefined;
  const keys = Object.keys(decisionCases);
  const isBoolean = keys.every((key) => key === 'true' || key === 'false');
  const isNumber = keys.every((key) => String(Number(key)) === key);
  return fields({ [expression]: { type: isBoolean ? 'boolean' : isNumber ? 'number' : 'string' } });
}
