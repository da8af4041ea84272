import { FleetError } from '../../../core/errors.ts';

/** Largest number of different error names from handlers. Every further name is counted as `other`. */
const MOST_NAMES = 50;

const WORD = /^[A-Za-z_$][\w$-]{0,49}$/;

/** Turns an error into a word for a metric's label: an HTTP status, a code or a name. It never uses the message, which can be any text. */
export function exceptionOf(thrown: unknown): string {
  if (thrown instanceof FleetError) {
    const { cause, code } = thrown;
    const status = fieldOf(cause, 'status');
    return typeof status === 'number' ? `HTTP_${status}` : (wordOf(fieldOf(cause, 'code')) ?? code);
  }
  return wordOf(fieldOf(thrown, 'code')) ?? wordOf(fieldOf(thrown, 'name')) ?? 'Error';
}

/** Limits the number of values of a label. */
export class BoundedNames {
  readonly #known = new Set<string>();

  of(name: string): string {
    if (this.#known.has(name)) return name;
    if (this.#known.size >= MOST_NAMES || wordOf(name) === undefined) return 'other';
    this.#known.add(name);
    return name;
  }
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' && WORD.test(value) ? value : undefined;
}
