import { isObject } from '../../../core/json.ts';

/** The JSON Schema inside a stored schema, without the stamp that a registration leaves in it. */
export function dataOf(stored: unknown): Record<string, unknown> | undefined {
  if (!isObject(stored) || !isObject(stored.data)) return undefined;
  const { $comment: _, ...data } = stored.data;
  return data;
}
