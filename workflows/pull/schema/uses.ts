import { isObject } from '../../../core/json.ts';
import { expressionsIn } from '../../model/expressions.ts';
import { fields, parsePath, type Schema, type Step } from './values.ts';

/** The parts of one value that a definition reads. */
class Use {
  readonly keys = new Map<string, Use>();
  element: Use | undefined;

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

/** The paths that a definition reads with `${…}` expressions. They show the shape of values that have no stored schema. */
export class Uses {
  readonly #roots = new Map<string, Use>();

  constructor(definition: unknown) {
    for (const { path } of expressionsIn(definition)) {
      const parsed = parsePath(path);
      if (!parsed) continue;
      const root = this.#roots.get(parsed.root) ?? new Use();
      this.#roots.set(parsed.root, root);
      root.at(parsed.steps);
    }
  }

  /** The keys that the definition reads directly below a root such as `workflow.input`. */
  keysOf(root: string): string[] {
    return [...(this.#roots.get(root)?.keys.keys() ?? [])];
  }

  /** The combined shape of the values at `keys` below each root. */
  shapeOf(roots: readonly string[], keys: readonly string[] = []): Schema {
    const steps = keys.map((key): Step => ({ kind: 'key', key }));
    return shape(roots.flatMap((root) => this.#roots.get(root)?.at(steps) ?? []));
  }
}

function shape(uses: readonly Use[]): Schema {
  const elements = uses.flatMap(({ element }) => element ?? []);
  const keys = [...new Set(uses.flatMap((use) => [...use.keys.keys()]))];
  if (elements.length > 0) return keys.length > 0 ? true : { type: 'array', items: shape(elements) };
  const parts = keys.map((key) => [key, shape(uses.flatMap((use) => use.keys.get(key) ?? []))] as const);
  return keys.length > 0 ? fields(Object.fromEntries(parts)) : true;
}

/** True if the schema shows that the definition reads a part of the value. */
export function hasParts(schema: Schema): boolean {
  return isObject(schema) && ('properties' in schema || 'items' in schema);
}
