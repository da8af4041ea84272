/**
 * How a task is written, from the best to the surest:
 * - `built`   by the builder's method for its type
 * - `json`    as it is, with typed references in its parameters
 * - `literal` as it is, letter by letter
 */
export type Grade = 'built' | 'json' | 'literal';

/** What earlier attempts at a definition have shown not to work. */
export interface Doubts {
  /** By task reference; absent is `built`. */
  grades: Map<string, Grade>;
  /** The workflow's output cannot be typed. */
  literalOutput: boolean;
  /** Fields of the definition that do not follow from anything, as they are stored. */
  verbatim: Record<string, unknown>;
}

export function noDoubts(): Doubts {
  return { grades: new Map(), literalOutput: false, verbatim: {} };
}

/** Writes a task more surely. False if that cannot be. */
export function degrade({ grades }: Doubts, ref: string): boolean {
  const grade = grades.get(ref) ?? 'built';
  if (grade === 'literal') return false;
  grades.set(ref, grade === 'built' ? 'json' : 'literal');
  return true;
}
