import type { z } from 'zod';
import { memberAccess } from '../code/literals.ts';
import type { Imports } from '../imports.ts';
import { below, mayBeAbsent } from '../schema/walk-zod.ts';
import { parsePath, type Step } from './path.ts';
import type { Uses } from './uses.ts';

/** Something that the code at hand can refer to. */
export interface Source {
  /** The code that refers to all of it. */
  code: string;
  schema: z.ZodType;
  /** Called when a reference to it is written. */
  use(): void;
}

/** A reference as code, and the schema of what it refers to. */
export interface Reference {
  code: string;
  schema: z.ZodType;
}

/** What a sequence of tasks can refer to: what stands before it, there and around it. */
export class Visible {
  readonly #sources = new Map<string, Source>();
  readonly #paths = new Map<string, Source>();
  readonly #around: Visible | undefined;

  readonly #parameters = new Set<string>();

  constructor(around?: Visible) {
    this.#around = around;
  }

  /** A name for a parameter of this branch that no branch around it has for one of its own. */
  parameter(name: string): string {
    for (let number = 1; ; number++) {
      const candidate = number === 1 ? name : `${name}${number}`;
      if (this.#has(candidate)) continue;
      this.#parameters.add(candidate);
      return candidate;
    }
  }

  #has(parameter: string): boolean {
    const around = this.#around;
    return this.#parameters.has(parameter) || (around ? around.#has(parameter) : false);
  }

  /** `root` is `workflow.input`, `charge.output` and the like. */
  add(root: string, source: Source): void {
    this.#sources.set(root, source);
  }

  /** A path that has a name of its own here, such as the round of the loop around. */
  addPath(path: string, source: Source): void {
    this.#paths.set(path, source);
  }

  findPath(path: string): Source | undefined {
    return this.#paths.get(path) ?? this.#around?.findPath(path);
  }

  find(root: string): Source | undefined {
    return this.#sources.get(root) ?? this.#around?.find(root);
  }
}

/** Under which root a whole step can be found; no reference of a definition begins like this. */
export function stepRoot(ref: string): string {
  return `step ${ref}`;
}

/** Properties that every reference has itself. */
const OWN = ['toJSON', 'toString', '__proto__'];

/**
 * The code for Conductor's path, or undefined if no typed reference can say it here. What it is used for is noted in any case:
 * schemas that nobody has written down follow from it.
 * @param expected the schema of the place it is written to, if it stands there alone and there is one
 */
export function reference(
  path: string,
  {
    visible,
    uses,
    imports,
    expected,
  }: { visible: Visible; uses: Uses; imports: Imports; expected: z.ZodType | undefined },
): Reference | undefined {
  const parsed = parsePath(path);
  const [first, ...steps] = parsed?.steps ?? [];
  if (!parsed || first?.kind !== 'key') return undefined;
  const root = `${parsed.root}.${first.key}`;
  const use = uses.of(root).at(steps);
  if (expected) use.expect(expected);
  const named = visible.findPath(path);
  const source = named ?? visible.find(root);
  const found = named ?? (source && descend(source, steps, imports));
  if (found) source?.use();
  return found;
}

function descend(source: Source, steps: readonly Step[], imports: Imports): Reference | undefined {
  let { code, schema } = source;
  let isSure = true;
  for (const step of steps) {
    isSure &&= !mayBeAbsent(schema);
    if (step.kind === 'index' && !isSure) return undefined; // `at` takes a list that is there
    if (step.kind === 'key' && OWN.includes(step.key)) return undefined;
    const next = below(schema, step);
    if (!next) return undefined;
    code = step.kind === 'key' ? `${code}${memberAccess(step.key)}` : `${imports.at()}(${code}, ${step.index})`;
    schema = next;
  }
  return { code, schema };
}
