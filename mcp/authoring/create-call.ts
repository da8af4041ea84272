import { SERVER_WRITTEN } from '../shared/fields.ts';
import { callOf } from '../shared/quote.ts';

/** The fields of a definition for which `create_workflow` has parameters. */
const PARAMETERS = ['name', 'description', 'tasks', 'version', 'outputParameters', 'timeoutSeconds'];

/** Fields of a stored definition that a call leaves out. */
const LEFT_OUT = [...SERVER_WRITTEN, 'schemaVersion'];

/** The `create_workflow` call that registers a definition; undefined if it is longer than `limit` characters. */
export function createCall(def: object, more: { overwrite: boolean }, limit: number): string | undefined {
  const fields = Object.entries(def).filter(
    ([key, value]) => !LEFT_OUT.includes(key) && value !== null && !isEmpty(value),
  );
  const own = fields.filter(([key]) => PARAMETERS.includes(key));
  const settings = fields.filter(([key]) => !PARAMETERS.includes(key));
  const call = callOf('create_workflow', {
    ...Object.fromEntries(own),
    ...(settings.length > 0 && { settings: Object.fromEntries(settings) }),
    ...(more.overwrite && { overwrite: true }),
  });
  return call.length <= limit ? call : undefined;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
